/** Interval timers: setitimer(2), getitimer(2). */
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import type { CpuState } from "@emu/tcg/CpuState"
import { readable, writable } from "../user/UserMemory.ts"
import { Sig, SigCode } from "./constants.ts"
import type { TimerSetting } from "../files/open/TimerFd.ts"
import { ClockId } from "../time/Clock.ts"
import { processClock, userClock } from "../time/CpuClocks.ts"
import { Timer } from "./Timer.ts"

/** Signal and clock of ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF. */
const signals = [Sig.ALRM, Sig.VTALRM, Sig.PROF]
const clocks = [ClockId.MONOTONIC, userClock(0), processClock(0)]

/** setitimer: 0 or a negative errno. */
export const setitimer = (kernel: Kernel, which: number, next: number, old: number): number => {
  if (signals[which] === undefined) return -Errno.EINVAL
  const setting = next === 0 ? { interval: 0n, value: 0n } : readSetting(kernel.state, next)
  if (typeof setting === "number") return setting
  if (old !== 0) {
    const result = getitimer(kernel, which, old)
    if (result !== 0) return result
  }
  timerOf(kernel, which).set(setting)
  return 0
}

/** getitimer: 0 or a negative errno. */
export const getitimer = (kernel: Kernel, which: number, at: number): number => {
  if (signals[which] === undefined) return -Errno.EINVAL
  if (writable(kernel.state, at, settingSize) === undefined) return -Errno.EFAULT
  const { interval, value } = timerOf(kernel, which).get()
  writeTimeval(kernel.state, at, interval)
  writeTimeval(kernel.state, at + 16, value)
  return 0
}

/** `struct itimerval`: interval, then value, as seconds and microseconds. */
const settingSize = 32
const second = 1_000_000_000n

const readSetting = (state: CpuState, at: number): TimerSetting | number => {
  if (readable(state, at, settingSize) === undefined) return -Errno.EFAULT
  const interval = readTimeval(state, at)
  const value = readTimeval(state, at + 16)
  return interval === undefined || value === undefined ? -Errno.EINVAL : { interval, value }
}

const readTimeval = (state: CpuState, at: number): bigint | undefined => {
  const seconds = state.view.getBigInt64(at, true)
  const micros = state.view.getBigInt64(at + 8, true)
  return seconds < 0n || micros < 0n || micros >= 1_000_000n ? undefined : seconds * second + micros * 1000n
}

const writeTimeval = (state: CpuState, at: number, nanoseconds: bigint): void => {
  state.view.setBigInt64(at, nanoseconds / second, true)
  state.view.setBigInt64(at + 8, (nanoseconds % second) / 1000n, true)
}

const timerOf = (kernel: Kernel, which: number): Timer => {
  const known = kernel.signals.intervalTimers.get(which)
  if (known !== undefined) return known
  const info = { signal: signals[which]!, code: SigCode.kernel }
  const timer = new Timer({ time: kernel.time, clock: clocks[which]!, fork: kernel.fork }, () =>
    kernel.signals.sendToProcess(info)
  )
  kernel.signals.intervalTimers.set(which, timer)
  return timer
}
