/** The futex system call. Priority inheritance is not provided: glibc falls back or reports that. */
import * as Effect from "effect/Effect"
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import type { Waiters } from "../memory/GuestMemory.ts"
import type { SyscallResult } from "../kernel/Syscall.ts"
import { readTimespec } from "../user/timespec.ts"
import { readable, writable } from "../user/UserMemory.ts"
import { anyBits, timedOut, wakeOp } from "./Futex.ts"

const Op = { wait: 0, wake: 1, requeue: 3, compareRequeue: 4, wakeOp: 5, waitBitset: 9, wakeBitset: 10 }
const opMask = 0x7f
const privateFlag = 128
const clockRealtimeFlag = 256
const Clock = { realtime: 0, monotonic: 1 }

/**
 * futex. `value2` is the register that holds a timeout or a second count.
 *
 * @returns 0 or a count, or a negative errno
 */
export const futex = (
  kernel: Kernel,
  address: number,
  op: number,
  value: number,
  value2: number,
  address2: number,
  value3: number
): SyscallResult => {
  const { state } = kernel
  const command = op & opMask
  const isPrivate = (op & privateFlag) !== 0
  const waiters = kernel.guestMemory.waitersAt(address, isPrivate)
  if (address % 4 !== 0) return -Errno.EINVAL
  switch (command) {
    case Op.wait:
      return wait(kernel, waiters, { address, value, timeout: value2 }, anyBits, Clock.monotonic, false)
    case Op.waitBitset:
      if (value3 === 0) return -Errno.EINVAL
      return wait(
        kernel,
        waiters,
        { address, value, timeout: value2 },
        value3,
        (op & clockRealtimeFlag) !== 0 ? Clock.realtime : Clock.monotonic,
        true
      )
    case Op.wake:
      return wakeAt(kernel, waiters, address, value, anyBits)
    case Op.wakeBitset:
      return value3 === 0 ? -Errno.EINVAL : wakeAt(kernel, waiters, address, value, value3)
    case Op.requeue:
    case Op.compareRequeue: {
      if (address2 % 4 !== 0 || (value | 0) < 0 || (value2 | 0) < 0) return -Errno.EINVAL
      if (readable(state, address, 4) === undefined || readable(state, address2, 4) === undefined) return -Errno.EFAULT
      if (command === Op.compareRequeue && state.view.getUint32(address, true) !== value3 >>> 0) return -Errno.EAGAIN
      const woken = waiters.queue.wake(waiters.key, value | 0)
      const others = kernel.guestMemory.waitersAt(address2, isPrivate)
      // between two pieces of memory nobody can be moved: they are woken, and see that there was no need
      return waiters.queue === others.queue
        ? woken + waiters.queue.requeue(waiters.key, others.key, value2 | 0)
        : woken + waiters.queue.wake(waiters.key, value2 | 0)
    }
    case Op.wakeOp: {
      if (address2 % 4 !== 0) return -Errno.EINVAL
      if (writable(state, address2, 4) === undefined) return -Errno.EFAULT
      const result = wakeOp(value3 | 0, state.view.getInt32(address2, true))
      if (result === undefined) return -Errno.ENOSYS
      state.view.setInt32(address2, result.value, true)
      const woken = waiters.queue.wake(waiters.key, value | 0)
      const others = kernel.guestMemory.waitersAt(address2, isPrivate)
      return result.holds ? woken + others.queue.wake(others.key, value2 | 0) : woken
    }
    default:
      return -Errno.ENOSYS
  }
}

const wakeAt = (kernel: Kernel, { key, queue }: Waiters, address: number, count: number, bits: number): number =>
  address === 0 || readable(kernel.state, address, 4) === undefined
    ? -Errno.EFAULT
    : // Linux wakes one even where none are asked for
      queue.wake(key, Math.max(1, count | 0), bits)

const wait = (
  kernel: Kernel,
  waiters: Waiters,
  { address, timeout, value }: { readonly address: number; readonly value: number; readonly timeout: number },
  bits: number,
  clock: number,
  isAbsolute: boolean
): SyscallResult => {
  const { state, time, thread } = kernel
  if (readable(state, address, 4) === undefined) return -Errno.EFAULT
  const limit = timeout === 0 ? undefined : readTimespec(state, timeout)
  if (typeof limit === "number") return limit
  if (state.view.getUint32(address, true) !== value >>> 0) return -Errno.EAGAIN
  const woken = waiters.queue.wait(waiters.key, bits)
  if (limit === undefined) return woken
  thread.isTimedWait = true
  const end = thread.deadline(() => (isAbsolute ? limit : (time.now(clock) ?? 0n) + limit))
  return thread.keeping(end, Effect.raceFirst(woken, Effect.as(time.sleepUntil(clock, end), timedOut)))
}
