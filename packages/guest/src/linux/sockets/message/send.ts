/** Sending: sendto(2), sendmsg(2), sendmmsg(2). */
import * as Effect from "effect/Effect"
import * as Layout from "@emu/tcg/Layout"
import { whenReady } from "../../files/blocking.ts"
import { POLL } from "../../files/constants.ts"
import { afterWrite } from "../../files/rows/readWrite.ts"
import { Errno } from "../../kernel/errno.ts"
import type { Kernel } from "../../kernel/Kernel.ts"
import type { SyscallResult } from "../../kernel/Syscall.ts"
import { gather, type UserBuffer } from "../../user/userBuffers.ts"
import { allowed } from "../../user/UserMemory.ts"
import type { SocketAddress } from "../address/SocketAddress.ts"
import { callerOf } from "../caller.ts"
import { MSG, SOCK } from "../constants.ts"
import { socketOf } from "../socketOf.ts"
import type { Socket } from "../Socket.ts"
import { readAddress } from "./addresses.ts"
import { type Ancillary, discard } from "./Ancillary.ts"
import { readControl } from "./control.ts"
import { type Header, headerStride, readHeader, writeLength } from "./header.ts"

/** What is to be sent, and how. */
interface Outgoing {
  readonly buffers: ReadonlyArray<UserBuffer>
  readonly to: SocketAddress | undefined
  readonly ancillary: Ancillary | undefined
  readonly flags: number
}

/** Sends a message: bytes sent or a negative errno. */
const sendMessage = (kernel: Kernel, socket: Socket, { ancillary, buffers, flags, to }: Outgoing): SyscallResult => {
  let going = ancillary
  const isKept = (): boolean => going !== undefined
  const giveUp = <A>(result: A): A => {
    if (isKept()) discard(going)
    going = undefined
    return result
  }
  if ((flags & MSG.OOB) !== 0) return giveUp(-Errno.EOPNOTSUPP)
  const bytes = gather(kernel.state, buffers)
  if (typeof bytes === "number") return giveUp(bytes)
  const by = callerOf(kernel)
  const { thread } = kernel
  const wait = !socket.nonBlocking && (flags & MSG.DONTWAIT) === 0
  let done = 0
  const attempt = (isLast = !wait): number => {
    const moved = socket.send({ bytes: done === 0 ? bytes : bytes.subarray(done), to, ancillary: going, by })
    if (moved < 0) return done > 0 && (moved !== -Errno.EAGAIN || isLast) ? done : moved
    going = undefined
    done += moved
    if (moved === 0 || done === bytes.length || !socket.stream || isLast) return done
    // a signal that comes now ends the call with what it has done
    thread.progress = done
    return -Errno.EAGAIN
  }
  const result = whenReady(socket, POLL.OUT, bytes.length, attempt, wait, kernel)
  const kept = Effect.isEffect(result)
    ? Effect.ensuring(
        result,
        Effect.sync(() => giveUp(0))
      )
    : giveUp(result)
  const signals = socket.kind.type === SOCK.STREAM && (flags & MSG.NOSIGNAL) === 0
  return afterWrite(kernel, socket, kept, signals)
}

/** sendto. */
export const sendto = (
  kernel: Kernel,
  fd: number,
  at: number,
  length: number,
  flags: number,
  name: number,
  nameLength: number
): SyscallResult => {
  const socket = socketOf(kernel, fd)
  if (typeof socket === "number") return socket
  const to = name === 0 ? undefined : readAddress(kernel, socket, name, nameLength)
  if (typeof to === "number") return to
  return sendMessage(kernel, socket, { buffers: [{ address: at, length }], to, ancillary: undefined, flags })
}

const sendHeader = (kernel: Kernel, socket: Socket, header: Header, flags: number): SyscallResult => {
  const to =
    header.name === 0 || header.nameLength === 0
      ? undefined
      : readAddress(kernel, socket, header.name, Math.min(header.nameLength, 128))
  if (typeof to === "number") return to
  const length = header.control === 0 ? 0 : header.controlLength
  const ancillary = readControl(kernel, socket, header.control, length, callerOf(kernel).credentials)
  if (typeof ancillary === "number") return ancillary
  return sendMessage(kernel, socket, { buffers: header.buffers, to, ancillary, flags })
}

export const sendmsg = (kernel: Kernel, fd: number, address: number, flags: number): SyscallResult => {
  const socket = socketOf(kernel, fd)
  if (typeof socket === "number") return socket
  const header = readHeader(kernel.state, address)
  return typeof header === "number" ? header : sendHeader(kernel, socket, header, flags)
}

/** Most messages of one call. */
const maxMessages = 1024

/** sendmmsg: how many messages were sent, or the error of the first one. */
export const sendmmsg = (kernel: Kernel, fd: number, address: number, wanted: number, flags: number): SyscallResult => {
  const socket = socketOf(kernel, fd)
  if (typeof socket === "number") return socket
  const count = Math.min(wanted, maxMessages)
  const next = (done: number): SyscallResult => {
    if (done === count) return done
    const at = address + done * headerStride
    if (!allowed(kernel.state, at, headerStride, Layout.PageFlag.read | Layout.PageFlag.write)) return done || -Errno.EFAULT
    const header = readHeader(kernel.state, at)
    if (typeof header === "number") return done || header
    const finish = (result: number | bigint): SyscallResult => {
      if (result < 0) return done || result
      writeLength(kernel.state, at, Number(result))
      return next(done + 1)
    }
    const result = sendHeader(kernel, socket, header, flags)
    return Effect.isEffect(result) ? Effect.flatMap(result, (value) => asEffect(finish(value))) : finish(result)
  }
  return next(0)
}

const asEffect = (result: SyscallResult): Effect.Effect<number | bigint> =>
  Effect.isEffect(result) ? result : Effect.succeed(result)
