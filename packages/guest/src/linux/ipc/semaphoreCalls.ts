/** System V semaphores: semget(2), semop(2), semctl(2). */
import * as Effect from "effect/Effect"
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import type { SyscallResult } from "../kernel/Syscall.ts"
import { ClockId } from "../time/Clock.ts"
import { readTimespec } from "../user/timespec.ts"
import { putBytes } from "../user/userBuffers.ts"
import { readable } from "../user/UserMemory.ts"
import { Access, IPC, mayAccess, mayControl } from "./IpcTable.ts"
import { putRecord, takePermissions } from "./records.ts"
import { maxValue, type Operation, SemaphoreSet } from "./SemaphoreSet.ts"
import { seconds } from "./seconds.ts"

/** Most semaphores of a set (SEMMSL), and operations of a call (SEMOPM). */
const maxCount = 32000
const maxOperations = 500

const SEM_UNDO = 0x1000

const Command = { GETPID: 11, GETVAL: 12, GETALL: 13, GETNCNT: 14, GETZCNT: 15, SETVAL: 16, SETALL: 17 } as const

export const semget = (kernel: Kernel, key: number, count: number, flags: number): number => {
  if (count < 0 || count > maxCount) return -Errno.EINVAL
  return kernel.ipc.semaphores.get(
    kernel,
    key,
    flags,
    (found) => (count > found.values.length ? -Errno.EINVAL : 0),
    (permissions) => (count === 0 ? -Errno.EINVAL : new SemaphoreSet(permissions, count, seconds(kernel)))
  )
}

/** Reads an array of `struct sembuf`: number, change and flags, 16 bits each. */
const readOperations = ({ state }: Kernel, at: number, count: number): ReadonlyArray<Operation> | undefined => {
  if (readable(state, at, 6 * count) === undefined) return undefined
  return Array.from({ length: count }, (_, i) => {
    const flags = state.view.getUint16(at + 6 * i + 4, true)
    return {
      number: state.view.getUint16(at + 6 * i, true),
      change: state.view.getInt16(at + 6 * i + 2, true),
      noWait: (flags & IPC.NOWAIT) !== 0,
      undo: (flags & SEM_UNDO) !== 0
    }
  })
}

/** semtimedop; `timeout` 0 waits for ever. */
export const semtimedop = (kernel: Kernel, id: number, at: number, count: number, timeout: number): SyscallResult => {
  if (count < 1 || id < 0) return -Errno.EINVAL
  if (count > maxOperations) return -Errno.E2BIG
  const operations = readOperations(kernel, at, count)
  if (operations === undefined) return -Errno.EFAULT
  const limit = timeout === 0 ? undefined : readTimespec(kernel.state, timeout)
  if (typeof limit === "number") return limit
  const set = kernel.ipc.semaphores.find(id)
  if (set === undefined) return -Errno.EINVAL
  if (operations.some(({ number }) => number >= set.values.length)) return -Errno.EFBIG
  const changes = operations.some(({ change }) => change !== 0)
  if (!mayAccess(kernel, set.permissions, changes ? Access.write : Access.read)) return -Errno.EACCES
  const { pid } = kernel.process
  const attempt = (): SyscallResult => {
    if (set.isRemoved) return -Errno.EIDRM
    const result = set.perform(operations, pid)
    if (typeof result === "number") {
      if (result === 0) set.operationTime = seconds(kernel)
      return result
    }
    if (result.noWait) return -Errno.EAGAIN
    const waiting = Effect.suspend(() => {
      set.waiting.add(result)
      return Effect.ensuring(
        set.waiters.wait(() => Effect.void),
        Effect.sync(() => set.waiting.delete(result))
      )
    })
    return Effect.flatMap(waiting, () => {
      const next = attempt()
      return Effect.isEffect(next) ? next : Effect.succeed(next)
    })
  }
  const result = attempt()
  if (!Effect.isEffect(result) || limit === undefined) return result
  const end = (kernel.time.now(ClockId.MONOTONIC) ?? 0n) + limit
  return Effect.raceFirst(result, Effect.as(kernel.time.sleepUntil(ClockId.MONOTONIC, end), -Errno.EAGAIN))
}

/** semctl; `argument` is a value or an address, as the command has it. */
export const semctl = (kernel: Kernel, id: number, number: number, command: number, argument: bigint): number => {
  const set = kernel.ipc.semaphores.find(id)
  if (set === undefined) return -Errno.EINVAL
  const address = Number(BigInt.asUintN(64, argument))
  switch (command) {
    case IPC.RMID:
      if (!mayControl(kernel, set.permissions)) return -Errno.EPERM
      kernel.ipc.semaphores.remove(set)
      set.remove()
      return 0
    case IPC.SET:
      if (!mayControl(kernel, set.permissions)) return -Errno.EPERM
      set.changeTime = seconds(kernel)
      return takePermissions(kernel.state, address, set.permissions)
    case IPC.STAT:
      if (!mayAccess(kernel, set.permissions, Access.read)) return -Errno.EACCES
      return putRecord(kernel.state, address, set.permissions, 88, [
        [48, set.operationTime],
        [56, set.changeTime],
        [64, set.values.length]
      ])
    case Command.GETALL:
    case Command.SETALL:
      return moveAll(kernel, set, command, address)
    case Command.SETVAL: {
      const value = Number(BigInt.asIntN(32, argument))
      if (number < 0 || number >= set.values.length) return -Errno.EINVAL
      if (value < 0 || value > maxValue) return -Errno.ERANGE
      if (!mayAccess(kernel, set.permissions, Access.write)) return -Errno.EACCES
      set.set(new Map([[number, value]]), kernel.process.pid)
      set.changeTime = seconds(kernel)
      return 0
    }
    default:
      return ask(kernel, set, number, command)
  }
}

const moveAll = (kernel: Kernel, set: SemaphoreSet, command: number, address: number): number => {
  const wanted = command === Command.GETALL ? Access.read : Access.write
  if (!mayAccess(kernel, set.permissions, wanted)) return -Errno.EACCES
  const { state } = kernel
  const size = 2 * set.values.length
  if (command === Command.GETALL) return putBytes(state, address, new Uint8Array(Uint16Array.from(set.values).buffer))
  if (readable(state, address, size) === undefined) return -Errno.EFAULT
  const values = set.values.map((_, i) => state.view.getUint16(address + 2 * i, true))
  if (values.some((value) => value > maxValue)) return -Errno.ERANGE
  set.set(new Map(values.entries()), kernel.process.pid)
  set.changeTime = seconds(kernel)
  return 0
}

const ask = (kernel: Kernel, set: SemaphoreSet, number: number, command: number): number => {
  if (number < 0 || number >= set.values.length) return -Errno.EINVAL
  if (!mayAccess(kernel, set.permissions, Access.read)) return -Errno.EACCES
  const waiting = (forZero: boolean): number =>
    [...set.waiting].filter((blocked) => blocked.number === number && blocked.forZero === forZero).length
  switch (command) {
    case Command.GETVAL:
      return set.values[number]!
    case Command.GETPID:
      return set.pids[number]!
    case Command.GETNCNT:
      return waiting(false)
    case Command.GETZCNT:
      return waiting(true)
    default:
      return -Errno.EINVAL
  }
}
