/** Names and connections of sockets: bind(2), listen(2), accept(2), connect(2), shutdown(2) and the addresses of both ends. */
import * as Effect from "effect/Effect"
import { whenReady } from "../files/blocking.ts"
import { O, POLL } from "../files/constants.ts"
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import type { SyscallResult } from "../kernel/Syscall.ts"
import { putAddress, readAddress } from "./message/addresses.ts"
import { callerOf } from "./caller.ts"
import { SHUT } from "./constants.ts"
import { socketOf } from "./socketOf.ts"
import { StreamSocket } from "./stream/StreamSocket.ts"

export const bind = (kernel: Kernel, fd: number, at: number, length: number): SyscallResult => {
  const socket = socketOf(kernel, fd)
  if (typeof socket === "number") return socket
  const address = readAddress(kernel, socket, at, length)
  return typeof address === "number" ? address : socket.bind(address, callerOf(kernel))
}

export const listen = (kernel: Kernel, fd: number, backlog: number): SyscallResult => {
  const socket = socketOf(kernel, fd)
  return typeof socket === "number" ? socket : socket.listen(backlog, callerOf(kernel))
}

export const accept = (kernel: Kernel, fd: number, at: number, lengthAt: number, flags: number): SyscallResult => {
  const socket = socketOf(kernel, fd)
  if (typeof socket === "number") return socket
  if ((flags & ~(O.NONBLOCK | O.CLOEXEC)) !== 0) return -Errno.EINVAL
  const attempt = (): number => {
    const connection = socket.accept(flags & O.NONBLOCK)
    if (typeof connection === "number") return connection
    const { peer } = connection
    const stored = at === 0 || typeof peer === "number" ? 0 : putAddress(kernel, connection, peer, at, lengthAt)
    if (stored < 0) {
      connection.hold().release()
      return stored
    }
    return kernel.files.install(connection, (flags & O.CLOEXEC) !== 0)
  }
  return whenReady(socket, POLL.IN, 0, attempt, !socket.nonBlocking, kernel)
}

export const connect = (kernel: Kernel, fd: number, at: number, length: number): SyscallResult => {
  const socket = socketOf(kernel, fd)
  if (typeof socket === "number") return socket
  const address = readAddress(kernel, socket, at, length)
  if (typeof address === "number") return address
  const answer = socket.connect(address, callerOf(kernel))
  const settled = (result: number): SyscallResult => {
    if (result !== -Errno.EINPROGRESS || socket.nonBlocking || !(socket instanceof StreamSocket)) return result
    const attempt = (isLast = false): number => {
      const now = socket.settle()
      return now === -Errno.EAGAIN && isLast ? -Errno.EINPROGRESS : now
    }
    return whenReady(socket, POLL.OUT, 0, attempt, true, kernel)
  }
  if (typeof answer === "number") return settled(answer)
  return Effect.flatMap(answer, (result) => {
    const next = settled(result)
    return Effect.isEffect(next) ? next : Effect.succeed(next)
  })
}

export const getsockname = (kernel: Kernel, fd: number, at: number, lengthAt: number): number => {
  const socket = socketOf(kernel, fd)
  return typeof socket === "number" ? socket : putAddress(kernel, socket, socket.local, at, lengthAt)
}

export const getpeername = (kernel: Kernel, fd: number, at: number, lengthAt: number): number => {
  const socket = socketOf(kernel, fd)
  if (typeof socket === "number") return socket
  const { peer } = socket
  return typeof peer === "number" ? peer : putAddress(kernel, socket, peer, at, lengthAt)
}

export const shutdown = (kernel: Kernel, fd: number, how: number): number => {
  const socket = socketOf(kernel, fd)
  if (typeof socket === "number") return socket
  return how < SHUT.RD || how > SHUT.RDWR ? -Errno.EINVAL : socket.shutdown(how)
}
