/** POSIX timers: timer_create(2) and the calls on its timers. */
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import type { Thread } from "../threads/Thread.ts"
import { putTimerSetting, timerSetting } from "../user/timespec.ts"
import { readable, writable } from "../user/UserMemory.ts"
import type { SignalInfo } from "./SignalInfo.ts"
import { maxSignal, Sig } from "./constants.ts"
import { PosixTimer } from "./PosixTimer.ts"

const Notify = { signal: 0, none: 1, threadId: 4 }
const sigeventSize = 64
const TIMER_ABSTIME = 1

/** timer_create: 0 with the id stored, or a negative errno. */
export const timerCreate = (kernel: Kernel, clock: number, event: number, idAt: number): number => {
  const { state, signals, time } = kernel
  if (time.now(clock) === undefined) return -Errno.EINVAL
  if (writable(state, idAt, 4) === undefined) return -Errno.EFAULT
  const id = signals.nextTimerId
  let value = BigInt(id)
  let signal: number = Sig.ALRM
  let target: Thread | undefined
  if (event !== 0) {
    if (readable(state, event, sigeventSize) === undefined) return -Errno.EFAULT
    value = state.view.getBigInt64(event, true)
    signal = state.view.getInt32(event + 8, true)
    const notify = state.view.getInt32(event + 12, true)
    if (notify === Notify.none) signal = 0
    else if (notify === Notify.threadId) target = kernel.threads.find(state.view.getInt32(event + 16, true))
    else if (notify !== Notify.signal) return -Errno.EINVAL
    if (notify === Notify.threadId && target === undefined) return -Errno.EINVAL
    if (signal < 0 || signal > maxSignal || (signal === 0 && notify !== Notify.none)) return -Errno.EINVAL
  }
  const send = (info: SignalInfo): void => {
    if (target === undefined) signals.sendToProcess(info)
    else signals.sendToThread(target, info)
  }
  const parts = { time, clock: time.fixed(clock), fork: kernel.fork }
  signals.nextTimerId++
  signals.posixTimers.set(id, new PosixTimer(parts, { id, signal, value, send }))
  state.view.setInt32(idAt, id, true)
  return 0
}

/** timer_settime: 0 or a negative errno. */
export const timerSetTime = (kernel: Kernel, id: number, flags: number, next: number, old: number): number => {
  const entry = kernel.signals.posixTimers.get(id)
  if (entry === undefined || next === 0) return -Errno.EINVAL
  const setting = timerSetting(kernel.state, next)
  if (typeof setting === "number") return setting
  if (old !== 0) {
    const result = timerGetTime(kernel, id, old)
    if (result !== 0) return result
  }
  entry.set(setting, (flags & TIMER_ABSTIME) !== 0)
  return 0
}

/** timer_gettime: 0 or a negative errno. */
export const timerGetTime = (kernel: Kernel, id: number, at: number): number => {
  const setting = kernel.signals.posixTimers.get(id)?.timer.get()
  return setting === undefined ? -Errno.EINVAL : putTimerSetting(kernel.state, at, setting)
}

/** timer_getoverrun: a count or a negative errno. */
export const timerGetOverrun = (kernel: Kernel, id: number): number =>
  kernel.signals.posixTimers.get(id)?.overrun ?? -Errno.EINVAL

/** timer_delete: 0 or a negative errno. */
export const timerDelete = (kernel: Kernel, id: number): number => {
  const entry = kernel.signals.posixTimers.get(id)
  if (entry === undefined) return -Errno.EINVAL
  entry.timer.set({ value: 0n, interval: 0n })
  kernel.signals.posixTimers.delete(id)
  return 0
}
