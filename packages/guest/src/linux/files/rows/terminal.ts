/** ioctl on terminals: settings, size, and which processes they belong to (tty_ioctl(4)). */
import type { Termios } from "../../../HostFs.ts"
import { beforeChange, terminalOf } from "../../jobs/background.ts"
import type { Terminal } from "../../jobs/Terminals.ts"
import { Errno } from "../../kernel/errno.ts"
import type { Kernel } from "../../kernel/Kernel.ts"
import { Sig, SigCode } from "../../signals/constants.ts"
import { getInt, putBytes, putInt } from "../../user/userBuffers.ts"
import { readable, writable } from "../../user/UserMemory.ts"
import type { OpenFile } from "../open/OpenFile.ts"

/** Requests (asm-generic/ioctls.h). */
const Request = {
  TCGETS: 0x5401,
  TCSETS: 0x5402,
  TCSETSW: 0x5403,
  TCSETSF: 0x5404,
  TCSBRK: 0x5409,
  TCXONC: 0x540a,
  TCFLSH: 0x540b,
  TIOCSCTTY: 0x540e,
  TIOCGPGRP: 0x540f,
  TIOCSPGRP: 0x5410,
  TIOCOUTQ: 0x5411,
  TIOCGWINSZ: 0x5413,
  TIOCSWINSZ: 0x5414,
  TIOCNOTTY: 0x5422,
  TIOCGSID: 0x5429
} as const

/** `struct termios`: four words of flags, the line discipline, 19 control characters. */
const termiosSize = 36

const encodeTermios = (termios: Termios): Uint8Array => {
  const bytes = new Uint8Array(termiosSize)
  const view = new DataView(bytes.buffer)
  ;[termios.iflag, termios.oflag, termios.cflag, termios.lflag].forEach((word, i) => view.setUint32(4 * i, word, true))
  bytes.set(termios.cc.slice(0, 19), 17)
  return bytes
}

const decodeTermios = (bytes: Uint8Array): Termios => {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const word = (index: number): number => view.getUint32(4 * index, true)
  return { iflag: word(0), oflag: word(1), cflag: word(2), lflag: word(3), cc: [...bytes.subarray(17, termiosSize)] }
}

/** Requests that only a terminal knows: ENOTTY from others. */
export const terminalRequest = (kernel: Kernel, file: OpenFile, request: number, argument: number): number => {
  const terminal = terminalOf(kernel, file)
  if (terminal === undefined) return -Errno.ENOTTY
  const { host } = kernel.files
  const isMine = terminal.session === kernel.attributes.session
  switch (request) {
    case Request.TCGETS: {
      const termios = host.getTermios(file.hostFd)
      return typeof termios === "number" ? termios : putBytes(kernel.state, argument, encodeTermios(termios))
    }
    case Request.TCSETS:
    case Request.TCSETSW:
    case Request.TCSETSF: {
      const bytes = readable(kernel.state, argument, termiosSize)
      if (bytes === undefined) return -Errno.EFAULT
      return beforeChange(kernel, terminal) ?? host.setTermios(file.hostFd, decodeTermios(bytes))
    }
    case Request.TIOCGWINSZ: {
      const size = host.windowSize(file.hostFd)
      if (typeof size === "number") return size
      if (writable(kernel.state, argument, 8) === undefined) return -Errno.EFAULT
      const fields = [size.rows, size.columns, 0, 0]
      fields.forEach((field, i) => kernel.state.view.setUint16(argument + 2 * i, field, true))
      return 0
    }
    case Request.TIOCGPGRP:
      return isMine ? putInt(kernel.state, argument, terminal.foreground) : -Errno.ENOTTY
    case Request.TIOCGSID:
      return isMine ? putInt(kernel.state, argument, terminal.session) : -Errno.ENOTTY
    case Request.TIOCSPGRP:
      return isMine ? setForeground(kernel, terminal, argument) : -Errno.ENOTTY
    case Request.TIOCSCTTY:
      return takeTerminal(kernel, terminal)
    case Request.TIOCNOTTY:
      return isMine ? leaveTerminal(kernel, terminal) : -Errno.ENOTTY
    case Request.TIOCOUTQ:
      return putInt(kernel.state, argument, 0)
    case Request.TIOCSWINSZ:
    case Request.TCSBRK:
    case Request.TCXONC:
    case Request.TCFLSH:
      return beforeChange(kernel, terminal) ?? 0
    default:
      return -Errno.ENOTTY
  }
}

/** TIOCSPGRP: another group of the session comes to the foreground. */
const setForeground = (kernel: Kernel, terminal: Terminal, argument: number): number => {
  const group = getInt(kernel.state, argument)
  if (group === undefined) return -Errno.EFAULT
  const held = beforeChange(kernel, terminal)
  if (held !== undefined) return held
  if (group < 0) return -Errno.EINVAL
  const members = kernel.processes.group(group)
  if (members.length === 0) return -Errno.ESRCH
  if (!members.some((member) => member.kernel.attributes.session === terminal.session)) return -Errno.EPERM
  terminal.foreground = group
  return 0
}

/** TIOCSCTTY: the leader of a session that has no terminal takes one that has no session. */
const takeTerminal = ({ attributes, process, terminals }: Kernel, terminal: Terminal): number => {
  if (terminal.session === attributes.session) return 0
  if (attributes.session !== process.pid || terminals.controlling(attributes.session) !== undefined) return -Errno.EPERM
  if (terminal.session !== 0) return -Errno.EPERM
  terminal.session = attributes.session
  terminal.foreground = attributes.processGroup
  return 0
}

/** TIOCNOTTY: the leader of a session gives its terminal up, of which the foreground is told; what others do is of no effect. */
const leaveTerminal = (kernel: Kernel, terminal: Terminal): number => {
  if (kernel.attributes.session === kernel.process.pid) disconnect(kernel, terminal)
  return 0
}

/** A session loses its terminal. */
export const disconnect = ({ processes }: Pick<Kernel, "processes">, terminal: Terminal): void => {
  const members = processes.group(terminal.foreground).filter(({ end }) => end === undefined)
  terminal.session = 0
  terminal.foreground = 0
  for (const signal of [Sig.HUP, Sig.CONT]) {
    for (const { kernel } of members) kernel.signals.sendToProcess({ signal, code: SigCode.kernel })
  }
}
