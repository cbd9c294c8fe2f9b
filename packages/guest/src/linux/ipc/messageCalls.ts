/** System V message queues: msgget(2), msgsnd(2), msgrcv(2), msgctl(2). */
import * as Effect from "effect/Effect"
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import type { SyscallResult } from "../kernel/Syscall.ts"
import { putBytes, putWords } from "../user/userBuffers.ts"
import { readable, writable } from "../user/UserMemory.ts"
import { Access, IPC, mayAccess, mayControl } from "./IpcTable.ts"
import { putRecord, takePermissions } from "./records.ts"
import { Messages, queueBytes } from "./Messages.ts"
import { seconds } from "./seconds.ts"

/** Longest message (MSGMAX). */
const maxMessage = 8192

const MSG = { NOERROR: 0o10000, EXCEPT: 0o20000, COPY: 0o40000 } as const

export const msgget = (kernel: Kernel, key: number, flags: number): number =>
  kernel.ipc.messages.get(
    kernel,
    key,
    flags,
    () => 0,
    (permissions) => new Messages(permissions, seconds(kernel))
  )

/** Tries until it gives something else than undefined, with `noWait` once: then that is `otherwise`. */
const when = (queue: Messages, noWait: boolean, otherwise: number, attempt: () => number | undefined): SyscallResult => {
  const result = attempt()
  if (result !== undefined) return result
  if (noWait) return otherwise
  const again: Effect.Effect<number> = Effect.flatMap(
    queue.waiters.wait(() => Effect.void),
    () => {
      const next = queue.isRemoved ? -Errno.EIDRM : attempt()
      return next === undefined ? again : Effect.succeed(next)
    }
  )
  return again
}

/** msgsnd; `struct msgbuf` is a type of 64 bits and the bytes behind it. */
export const msgsnd = (kernel: Kernel, id: number, at: number, length: number, flags: number): SyscallResult => {
  const { state } = kernel
  if (length > maxMessage || id < 0) return -Errno.EINVAL
  const bytes = readable(state, at, 8 + length)?.slice(8)
  if (bytes === undefined) return -Errno.EFAULT
  const type = state.view.getBigInt64(at, true)
  if (type < 1n) return -Errno.EINVAL
  const queue = kernel.ipc.messages.find(id)
  if (queue === undefined) return -Errno.EINVAL
  if (!mayAccess(kernel, queue.permissions, Access.write)) return -Errno.EACCES
  const { pid } = kernel.process
  return when(queue, (flags & IPC.NOWAIT) !== 0, -Errno.EAGAIN, () => {
    // as many empty ones as it may have bytes
    if (queue.size + length > queue.limit || queue.messages.length >= queue.limit) return undefined
    queue.messages.push({ type, bytes })
    queue.lastSender = pid
    queue.sendTime = seconds(kernel)
    queue.waiters.wake()
    return 0
  })
}

/** Which message of a queue msgrcv takes: -1 for none. */
const choose = ({ messages }: Messages, type: bigint, flags: number): number => {
  if ((flags & MSG.COPY) !== 0) return type < BigInt(messages.length) ? Number(type) : -1
  if (type === 0n) return messages.length > 0 ? 0 : -1
  if (type > 0n) return messages.findIndex((message) => (message.type === type) !== ((flags & MSG.EXCEPT) !== 0))
  const least = messages.reduce<bigint>((lowest, message) => (message.type < lowest ? message.type : lowest), 1n - type)
  return messages.findIndex((message) => message.type === least)
}

export const msgrcv = (
  kernel: Kernel,
  id: number,
  at: number,
  length: number,
  type: bigint,
  flags: number
): SyscallResult => {
  if (id < 0 || length > 2 ** 62) return -Errno.EINVAL
  if ((flags & MSG.COPY) !== 0 && ((flags & MSG.EXCEPT) !== 0 || (flags & IPC.NOWAIT) === 0)) return -Errno.EINVAL
  const queue = kernel.ipc.messages.find(id)
  if (queue === undefined) return -Errno.EINVAL
  if (!mayAccess(kernel, queue.permissions, Access.read)) return -Errno.EACCES
  const { pid } = kernel.process
  return when(queue, (flags & IPC.NOWAIT) !== 0, -Errno.ENOMSG, () => {
    const index = choose(queue, type, flags)
    const message = queue.messages[index]
    if (message === undefined) return undefined
    if (message.bytes.length > length && (flags & MSG.NOERROR) === 0) return -Errno.E2BIG
    const part = message.bytes.subarray(0, length)
    if (writable(kernel.state, at, 8 + part.length) === undefined) return -Errno.EFAULT
    putWords(kernel.state, at, [message.type])
    putBytes(kernel.state, at + 8, part)
    if ((flags & MSG.COPY) !== 0) return part.length
    queue.messages.splice(index, 1)
    queue.lastReceiver = pid
    queue.receiveTime = seconds(kernel)
    queue.waiters.wake()
    return part.length
  })
}

export const msgctl = (kernel: Kernel, id: number, command: number, buffer: number): number => {
  const queue = kernel.ipc.messages.find(id)
  if (queue === undefined) return -Errno.EINVAL
  const { permissions } = queue
  switch (command) {
    case IPC.RMID:
      if (!mayControl(kernel, permissions)) return -Errno.EPERM
      kernel.ipc.messages.remove(queue)
      queue.isRemoved = true
      queue.waiters.wake()
      return 0
    case IPC.SET:
      return mayControl(kernel, permissions) ? set(kernel, queue, buffer) : -Errno.EPERM
    case IPC.STAT:
      return mayAccess(kernel, permissions, Access.read) ? putStatus(kernel, queue, buffer) : -Errno.EACCES
    default:
      return -Errno.EINVAL
  }
}

const set = (kernel: Kernel, queue: Messages, buffer: number): number => {
  const { process, state } = kernel
  if (readable(state, buffer, 96) === undefined) return -Errno.EFAULT
  const limit = Number(state.view.getBigUint64(buffer + 88, true))
  if (limit > queueBytes && process.euid !== 0) return -Errno.EPERM
  // root may ask for more, but not for all that the host has
  if (limit === 0 || limit > 2 ** 24) return -Errno.EINVAL
  queue.limit = limit
  queue.changeTime = seconds(kernel)
  queue.waiters.wake()
  return takePermissions(state, buffer, queue.permissions)
}

const putStatus = (kernel: Kernel, queue: Messages, buffer: number): number =>
  putRecord(
    kernel.state,
    buffer,
    queue.permissions,
    120,
    [
      [48, queue.sendTime],
      [56, queue.receiveTime],
      [64, queue.changeTime],
      [72, queue.size],
      [80, queue.messages.length],
      [88, queue.limit]
    ],
    [
      [96, queue.lastSender],
      [100, queue.lastReceiver]
    ]
  )
