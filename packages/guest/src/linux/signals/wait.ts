/** Waiting for signals: rt_sigsuspend(2), rt_sigtimedwait(2). */
import * as Effect from "effect/Effect"
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import type { SyscallResult } from "../kernel/Syscall.ts"
import { readTimespec } from "../user/timespec.ts"
import { readable, writable } from "../user/UserMemory.ts"
import { sigsetSize } from "./mask.ts"
import { type SignalInfo, siginfoSize, writeSiginfo } from "./SignalInfo.ts"

/** rt_sigsuspend: waits with another mask until a handler ran; -EINTR then. */
export const sigsuspend = (kernel: Kernel, set: number, setSize: number): SyscallResult => {
  if (setSize !== sigsetSize) return -Errno.EINVAL
  if (readable(kernel.state, set, sigsetSize) === undefined) return -Errno.EFAULT
  return kernel.signals.withMask(kernel.thread, kernel.state.view.getBigUint64(set, true), Effect.never)
}

/** rt_sigtimedwait: takes one signal of a set, waiting for it; its number or a negative errno (-EAGAIN when time is up). */
export const sigtimedwait = (kernel: Kernel, set: number, info: number, timeout: number, setSize: number): SyscallResult => {
  const { thread, signals, state, time } = kernel
  if (setSize !== sigsetSize) return -Errno.EINVAL
  if (readable(state, set, sigsetSize) === undefined) return -Errno.EFAULT
  if (info !== 0 && writable(state, info, siginfoSize) === undefined) return -Errno.EFAULT
  const wanted = state.view.getBigUint64(set, true)
  const limit = timeout === 0 ? undefined : readTimespec(state, timeout)
  if (typeof limit === "number") return limit
  const finish = (taken: SignalInfo): number => {
    if (info !== 0) {
      writable(state, info, siginfoSize)?.fill(0)
      writeSiginfo(state, info, taken)
    }
    return taken.signal
  }
  const pending = signals.take(thread, wanted)
  if (pending !== undefined) return finish(pending)
  if (limit === 0n) return -Errno.EAGAIN

  const arrival = Effect.callback<number>((resume) => {
    const wake = (): void => {
      const taken = signals.take(thread, wanted)
      if (taken !== undefined) resume(Effect.succeed(finish(taken)))
    }
    thread.awaited = { set: wanted, wake }
    wake()
  }).pipe(Effect.ensuring(Effect.sync(() => (thread.awaited = undefined))))
  if (limit === undefined) return arrival
  const end = thread.deadline(() => (time.now(1) ?? 0n) + limit)
  return thread.keeping(end, Effect.raceFirst(arrival, Effect.as(time.sleepUntil(1, end), -Errno.EAGAIN)))
}
