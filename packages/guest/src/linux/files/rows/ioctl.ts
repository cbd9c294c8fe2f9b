/** ioctl: terminals, and the few requests that every file knows. */
import { Errno } from "../../kernel/errno.ts"
import type { Kernel } from "../../kernel/Kernel.ts"
import { row } from "../../kernel/row.ts"
import { socketIoctl } from "../../sockets/interfaceIoctl.ts"
import { Socket } from "../../sockets/Socket.ts"
import { O, S } from "../constants.ts"
import type { OpenFile } from "../open/OpenFile.ts"
import { getInt, putInt } from "../../user/userBuffers.ts"
import { terminalRequest } from "./terminal.ts"

/** Requests that every file knows (asm-generic/ioctls.h). */
const Request = {
  FIONREAD: 0x541b,
  FIONBIO: 0x5421,
  FIONCLEX: 0x5450,
  FIOCLEX: 0x5451,
  FIOASYNC: 0x5452
} as const

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
      return (
        (file instanceof Socket ? socketIoctl(kernel, file, request, argument) : undefined) ??
        terminalRequest(kernel, file, request, argument)
      )
  }
}

export const ioctlSyscalls = [
  row(
    29,
    "ioctl",
    ["fd", "uint", "pointer"],
    ioctl,
    "terminals, interfaces, FIONREAD, FIONBIO and FIOCLEX; ENOTTY for others"
  )
]
