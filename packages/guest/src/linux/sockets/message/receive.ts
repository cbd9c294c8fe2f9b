/** Receiving: recvfrom(2), recvmsg(2), recvmmsg(2). */
import * as Effect from "effect/Effect"
import * as Layout from "@emu/tcg/Layout"
import { whenReady } from "../../files/blocking.ts"
import { POLL } from "../../files/constants.ts"
import { Errno } from "../../kernel/errno.ts"
import type { Kernel } from "../../kernel/Kernel.ts"
import type { SyscallResult } from "../../kernel/Syscall.ts"
import { ClockId } from "../../time/Clock.ts"
import { readTimespec } from "../../user/timespec.ts"
import { scatter, type UserBuffer, usableLength, totalLength } from "../../user/userBuffers.ts"
import { allowed } from "../../user/UserMemory.ts"
import { AF, MSG } from "../constants.ts"
import { socketOf } from "../socketOf.ts"
import type { Socket } from "../Socket.ts"
import { putAddress, storeAddress } from "./addresses.ts"
import { discard } from "./Ancillary.ts"
import { writeControl } from "./control.ts"
import { type Header, headerStride, readHeader, writeHeader, writeLength } from "./header.ts"
import type { Received } from "./MessageQueue.ts"

/** What follows a message that has been received: what the call gives. */
type Finish = (received: Received, flags: number) => number

/**
 * Receives a message into buffers.
 *
 * @param finish stores what came with it. Its files are let go of behind that.
 */
const receiveMessage = (
  kernel: Kernel,
  socket: Socket,
  buffers: ReadonlyArray<UserBuffer>,
  flags: number,
  finish: Finish
): SyscallResult => {
  if ((flags & MSG.ERRQUEUE) !== 0) return -Errno.EAGAIN
  if ((flags & MSG.OOB) !== 0) return -Errno.EINVAL
  const { state, thread } = kernel
  const total = totalLength(buffers)
  const drops = (flags & MSG.TRUNC) !== 0 && socket.stream && socket.kind.family !== AF.UNIX
  const peek = (flags & MSG.PEEK) !== 0
  const wait = !socket.nonBlocking && (flags & MSG.DONTWAIT) === 0
  const all = (flags & MSG.WAITALL) !== 0 && socket.stream && !peek
  const usable = drops ? Math.min(total, 1 << 20) : usableLength(state, buffers)
  if (usable === 0 && total > 0) return -Errno.EFAULT
  let done = 0
  let first: Received | undefined
  const attempt = (isLast = !wait): number => {
    const into = new Uint8Array(Math.min(usable - done, Math.max(1, socket.available())))
    const received = socket.receive({ into, peek })
    if (typeof received === "number") {
      if (first === undefined || (received === -Errno.EAGAIN && !isLast)) return received
      return end(first)
    }
    first ??= received
    if (!drops) scatter(state, buffers, into.subarray(0, received.count), done)
    done += received.count
    const goesOn = all && received.count > 0 && done < usable && (received.ancillary?.files.length ?? 0) === 0
    return goesOn ? (isLast ? end(first) : more()) : end(first)
  }
  // what is there already is taken before anything is waited for
  const more = (): number => {
    if (socket.available() > 0) return attempt()
    // a signal that comes now ends the call with what it has
    const stored = finish({ ...first!, count: done }, 0)
    thread.progress = stored < 0 ? stored : done
    return -Errno.EAGAIN
  }
  const end = (received: Received): number => {
    const isCut = !socket.stream && received.length > received.count
    const result = finish({ ...received, count: done }, isCut ? MSG.TRUNC : 0)
    // after a peek they are still the message's own
    if (!peek) discard(received.ancillary)
    if (result < 0) return result
    return isCut && (flags & MSG.TRUNC) !== 0 ? received.length : done
  }
  return whenReady(socket, POLL.IN, total, attempt, wait, kernel)
}

/** recvfrom. */
export const recvfrom = (
  kernel: Kernel,
  fd: number,
  at: number,
  length: number,
  flags: number,
  name: number,
  nameLengthAt: number
): SyscallResult => {
  const socket = socketOf(kernel, fd)
  if (typeof socket === "number") return socket
  return receiveMessage(kernel, socket, [{ address: at, length }], flags, ({ from }) =>
    name === 0 ? 0 : putAddress(kernel, socket, from, name, nameLengthAt)
  )
}

const receiveHeader = (kernel: Kernel, socket: Socket, header: Header, flags: number): SyscallResult =>
  receiveMessage(kernel, socket, header.buffers, flags, ({ ancillary, from }, cut) => {
    const nameLength =
      header.name === 0 ? header.nameLength : storeAddress(kernel, socket, from, header.name, header.nameLength)
    if (nameLength < 0) return nameLength
    const room = { address: header.control, length: header.control === 0 ? 0 : header.controlLength }
    const stored = writeControl(kernel, socket, ancillary, room, (flags & MSG.CMSG_CLOEXEC) !== 0)
    const outFlags = cut | stored.flags | (flags & MSG.CMSG_CLOEXEC)
    return writeHeader(kernel.state, header.address, { name: nameLength, control: stored.length, flags: outFlags })
  })

export const recvmsg = (kernel: Kernel, fd: number, address: number, flags: number): SyscallResult => {
  const socket = socketOf(kernel, fd)
  if (typeof socket === "number") return socket
  const header = readHeader(kernel.state, address)
  return typeof header === "number" ? header : receiveHeader(kernel, socket, header, flags)
}

/** recvmmsg: how many messages were received, or the error of the first one. The time limit is looked at behind each, as on Linux. */
export const recvmmsg = (
  kernel: Kernel,
  fd: number,
  address: number,
  count: number,
  flags: number,
  timeout: number
): SyscallResult => {
  const socket = socketOf(kernel, fd)
  if (typeof socket === "number") return socket
  const { state, time } = kernel
  const limit = timeout === 0 ? undefined : readTimespec(state, timeout)
  if (typeof limit === "number") return limit
  const now = (): bigint => time.now(ClockId.MONOTONIC) ?? 0n
  const until = limit === undefined ? undefined : now() + limit
  const next = (done: number): SyscallResult => {
    if (done === count || (done > 0 && until !== undefined && now() >= until)) return done
    const at = address + done * headerStride
    if (!allowed(state, at, headerStride, Layout.PageFlag.read | Layout.PageFlag.write)) return done || -Errno.EFAULT
    const header = readHeader(state, at)
    if (typeof header === "number") return done || header
    const finish = (result: number | bigint): SyscallResult => {
      if (result < 0) return done || result
      writeLength(state, at, Number(result))
      return next(done + 1)
    }
    const own = (flags & ~MSG.WAITFORONE) | ((flags & MSG.WAITFORONE) !== 0 && done > 0 ? MSG.DONTWAIT : 0)
    const result = receiveHeader(kernel, socket, header, own)
    return Effect.isEffect(result) ? Effect.flatMap(result, (value) => asEffect(finish(value))) : finish(result)
  }
  return next(0)
}

const asEffect = (result: SyscallResult): Effect.Effect<number | bigint> =>
  Effect.isEffect(result) ? result : Effect.succeed(result)
