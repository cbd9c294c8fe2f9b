/** ioctl: terminals, and the few requests that every file knows. */
import type { Termios } from "../../../HostFs.ts"
import { Errno } from "../../kernel/errno.ts"
import type { Kernel } from "../../kernel/Kernel.ts"
import { row } from "../../kernel/row.ts"
import { readable, writable } from "../../user/UserMemory.ts"
import { O, S } from "../constants.ts"
import type { OpenFile } from "../open/OpenFile.ts"
import { getInt, putBytes, putInt } from "../../user/userBuffers.ts"

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
  FIONREAD: 0x541b,
  FIONBIO: 0x5421,
  TIOCGSID: 0x5429,
  FIONCLEX: 0x5450,
  FIOCLEX: 0x5451,
  FIOASYNC: 0x5452
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
const terminal = (kernel: Kernel, file: OpenFile, request: number, argument: number): number => {
  const { host } = kernel.files
  if (file.hostFd < 0 || !host.isatty(file.hostFd)) return -Errno.ENOTTY
  switch (request) {
    case Request.TCGETS: {
      const termios = host.getTermios(file.hostFd)
      return typeof termios === "number" ? termios : putBytes(kernel.state, argument, encodeTermios(termios))
    }
    case Request.TCSETS:
    case Request.TCSETSW:
    case Request.TCSETSF: {
      const bytes = readable(kernel.state, argument, termiosSize)
      return bytes === undefined ? -Errno.EFAULT : host.setTermios(file.hostFd, decodeTermios(bytes))
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
      return putInt(kernel.state, argument, kernel.attributes.processGroup)
    case Request.TIOCGSID:
      return putInt(kernel.state, argument, kernel.attributes.session)
    case Request.TIOCOUTQ:
      return putInt(kernel.state, argument, 0)
    case Request.TIOCSPGRP:
    case Request.TIOCSCTTY:
    case Request.TIOCSWINSZ:
    case Request.TCSBRK:
    case Request.TCXONC:
    case Request.TCFLSH:
      return 0
    default:
      return -Errno.ENOTTY
  }
}

/** FIONREAD: for a regular file what is left of it. */
const available = (file: OpenFile): number => {
  const stat = file.stat()
  if (typeof stat === "number" || (stat.mode & S.IFMT) !== S.IFREG) return file.available()
  return Math.max(0, stat.size - file.seek(0, 1))
}

const ioctl = (kernel: Kernel, fd: number, request: number, argument: number): number => {
  const { files, state } = kernel
  const file = files.get(fd)
  if (file === undefined || (file.flags & O.PATH) === O.PATH) return -Errno.EBADF
  switch (request) {
    case Request.FIOCLEX:
    case Request.FIONCLEX:
      files.setCloseOnExec(fd, request === Request.FIOCLEX)
      return 0
    case Request.FIONBIO: {
      const on = getInt(state, argument)
      if (on === undefined) return -Errno.EFAULT
      file.flags = on === 0 ? file.flags & ~O.NONBLOCK : file.flags | O.NONBLOCK
      return 0
    }
    case Request.FIOASYNC:
      return getInt(state, argument) === undefined ? -Errno.EFAULT : 0
    case Request.FIONREAD: {
      const count = available(file)
      return count < 0 ? count : putInt(state, argument, count)
    }
    default:
      return terminal(kernel, file, request, argument)
  }
}

export const ioctlSyscalls = [
  row(29, "ioctl", ["fd", "uint", "pointer"], ioctl, "terminals, FIONREAD, FIONBIO and FIOCLEX; ENOTTY for others")
]
