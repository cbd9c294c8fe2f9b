/** Times in guest memory. */
import type { CpuState } from "@emu/tcg/CpuState"
import { Errno } from "../kernel/errno.ts"
import type { TimerSetting } from "../files/open/TimerFd.ts"
import { getWords, putWords } from "./userBuffers.ts"

/** Reads a `struct timespec` as nanoseconds: -EFAULT, or -EINVAL if the nanoseconds aren't between 0 and 999999999. */
export const readTimespec = (state: CpuState, address: number): bigint | number => {
  const words = getWords(state, address, 2)
  if (words === undefined) return -Errno.EFAULT
  const [seconds, nanoseconds] = words as [bigint, bigint]
  if (seconds < 0n || nanoseconds < 0n || nanoseconds > 999_999_999n) return -Errno.EINVAL
  return seconds * 1_000_000_000n + nanoseconds
}

/** Writes nanoseconds as a `struct timespec`: 0 or -EFAULT. */
export const writeTimespec = (state: CpuState, address: number, time: bigint): number => {
  const nanoseconds = ((time % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
  return putWords(state, address, [(time - nanoseconds) / 1_000_000_000n, nanoseconds])
}

/** Reads a `struct itimerspec` (interval, then value): -EFAULT or -EINVAL. */
export const timerSetting = (state: CpuState, address: number): TimerSetting | number => {
  const interval = readTimespec(state, address)
  if (typeof interval === "number") return interval
  const value = readTimespec(state, address + 16)
  return typeof value === "number" ? value : { interval, value }
}

/** Writes a `struct itimerspec`: 0 or -EFAULT. */
export const putTimerSetting = (state: CpuState, address: number, setting: TimerSetting): number =>
  writeTimespec(state, address, setting.interval) || writeTimespec(state, address + 16, setting.value)
