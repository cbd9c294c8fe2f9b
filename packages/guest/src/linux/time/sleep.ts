/** Sleeping: nanosleep(2), clock_nanosleep(2). */
import * as Effect from "effect/Effect"
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import type { SyscallResult } from "../kernel/Syscall.ts"
import { ClockId } from "./Clock.ts"
import { readTimespec, writeTimespec } from "../user/timespec.ts"

/** nanosleep: a signal that ends it early leaves the time not slept at `remaining`. */
export const nanosleep = (kernel: Kernel, request: number, remaining: number): SyscallResult =>
  sleep(kernel, ClockId.MONOTONIC, false, request, remaining)

const TIMER_ABSTIME = 1

/** clock_nanosleep: like nanosleep on any clock but CPU clocks of threads; `flags` TIMER_ABSTIME sleeps until a time. */
export const clockNanosleep = (
  kernel: Kernel,
  clock: number,
  flags: number,
  request: number,
  remaining: number
): SyscallResult => {
  if (clock === ClockId.THREAD_CPUTIME || kernel.time.now(clock) === undefined) return -Errno.EINVAL
  if (clock === ClockId.MONOTONIC_RAW || clock === ClockId.REALTIME_COARSE || clock === ClockId.MONOTONIC_COARSE) {
    return -Errno.EOPNOTSUPP
  }
  return sleep(kernel, clock, (flags & TIMER_ABSTIME) !== 0, request, remaining)
}

const sleep = (kernel: Kernel, clock: number, absolute: boolean, request: number, remaining: number): SyscallResult => {
  const { state, time } = kernel
  const wanted = readTimespec(state, request)
  if (typeof wanted === "number") return wanted
  const { thread } = kernel
  const now = time.now(clock) ?? 0n
  const end = thread.deadline(() => (absolute ? wanted : now + wanted))
  if (end <= now) return 0
  const slept = thread.keeping(end, Effect.as(time.sleepUntil(clock, end), 0))
  if (absolute || remaining === 0) return slept
  const writeRemaining = Effect.sync(() => {
    const left = end - (time.now(clock) ?? end)
    writeTimespec(state, remaining, left > 0n ? left : 0n)
  })
  return Effect.onInterrupt(slept, () => writeRemaining)
}
