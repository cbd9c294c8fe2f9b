/** The futex system call. Priority inheritance is not provided: glibc falls back or reports that. */
import * as Effect from "effect/Effect"
import { Errno } from "../errno.ts"
import type { Kernel } from "../Kernel.ts"
import type { SyscallResult } from "../Syscall.ts"
import { readTimespec } from "../time/timespec.ts"
import { readable, writable } from "../UserMemory.ts"
import { anyBits, timedOut, wakeOp } from "./Futex.ts"

const Op = { wait: 0, wake: 1, requeue: 3, compareRequeue: 4, wakeOp: 5, waitBitset: 9, wakeBitset: 10 }
const opMask = 0x7f
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
  const queues = kernel.threads.futex
  const command = op & opMask
  if (address % 4 !== 0) return -Errno.EINVAL
  switch (command) {
    case Op.wait:
      return wait(kernel, address, value, value2, anyBits, Clock.monotonic, false)
    case Op.waitBitset:
      if (value3 === 0) return -Errno.EINVAL
      return wait(
        kernel,
        address,
        value,
        value2,
        value3,
        (op & clockRealtimeFlag) !== 0 ? Clock.realtime : Clock.monotonic,
        true
      )
    case Op.wake:
      return wakeAt(kernel, address, value, anyBits)
    case Op.wakeBitset:
      return value3 === 0 ? -Errno.EINVAL : wakeAt(kernel, address, value, value3)
    case Op.requeue:
    case Op.compareRequeue: {
      if (address2 % 4 !== 0 || (value | 0) < 0 || (value2 | 0) < 0) return -Errno.EINVAL
      if (readable(state, address, 4) === undefined || readable(state, address2, 4) === undefined) return -Errno.EFAULT
      if (command === Op.compareRequeue && state.u32[address / 4] !== value3 >>> 0) return -Errno.EAGAIN
      const woken = queues.wake(address, value | 0)
      return woken + queues.requeue(address, address2, value2 | 0)
    }
    case Op.wakeOp: {
      if (address2 % 4 !== 0) return -Errno.EINVAL
      if (writable(state, address2, 4) === undefined) return -Errno.EFAULT
      const result = wakeOp(value3 | 0, state.i32[address2 / 4]!)
      if (result === undefined) return -Errno.ENOSYS
      state.i32[address2 / 4] = result.value
      const woken = queues.wake(address, value | 0)
      return result.holds ? woken + queues.wake(address2, value2 | 0) : woken
    }
    default:
      return -Errno.ENOSYS
  }
}

const wakeAt = (kernel: Kernel, address: number, count: number, bits: number): number =>
  address === 0 || readable(kernel.state, address, 4) === undefined
    ? -Errno.EFAULT
    : // Linux wakes one even where none are asked for
      kernel.threads.futex.wake(address, Math.max(1, count | 0), bits)

const wait = (
  kernel: Kernel,
  address: number,
  value: number,
  timeout: number,
  bits: number,
  clock: number,
  isAbsolute: boolean
): SyscallResult => {
  const { state, time, thread } = kernel
  if (readable(state, address, 4) === undefined) return -Errno.EFAULT
  const limit = timeout === 0 ? undefined : readTimespec(state, timeout)
  if (typeof limit === "number") return limit
  if (state.u32[address / 4] !== value >>> 0) return -Errno.EAGAIN
  const woken = kernel.threads.futex.wait(address, bits)
  if (limit === undefined) return woken
  thread.isTimedWait = true
  const end = isAbsolute ? limit : (time.now(clock) ?? 0n) + limit
  return Effect.raceFirst(woken, Effect.as(time.sleepUntil(clock, end), timedOut))
}
