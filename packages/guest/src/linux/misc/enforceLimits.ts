/** Limits that end or shorten what a process does (setrlimit(2)): size of files, CPU time, number of processes. */
import * as Effect from "effect/Effect"
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { Sig, SigCode } from "../signals/constants.ts"
import { processClock } from "../time/CpuClocks.ts"
import { Resource, unlimited } from "./Attributes.ts"

const second = 1_000_000_000n

/**
 * How many of `length` bytes may be written at a position of a regular file (RLIMIT_FSIZE).
 *
 * @returns less than `length` where the limit is in between, or -EFBIG, with SIGXFSZ sent, where none may
 */
export const bytesWithinLimit = (kernel: Kernel, position: bigint, length: number): number => {
  const { attributes, signals, thread } = kernel
  const { soft } = attributes.limit(Resource.FSIZE)!
  if (soft === unlimited || length === 0 || position + BigInt(length) <= soft) return length
  if (position < soft) return Number(soft - position)
  signals.sendToThread(thread, signals.fromSelf(Sig.XFSZ, SigCode.kernel))
  return -Errno.EFBIG
}

/** Lets RLIMIT_CPU take effect: SIGXCPU at the soft limit and each second from then on, SIGKILL at the hard one. */
export const watchCpuTime = (kernel: Kernel): void => {
  const { attributes, process, signals, time } = kernel
  signals.stopCpuWatch?.()
  signals.stopCpuWatch = undefined
  const { hard, soft } = attributes.limit(Resource.CPU)!
  if (soft === unlimited) return
  const clock = processClock(process.pid)
  const watch = (seconds: bigint): Effect.Effect<void> =>
    Effect.flatMap(time.sleepUntil(clock, seconds * second), () => {
      const isOver = seconds >= hard
      signals.sendToProcess({ signal: isOver ? Sig.KILL : Sig.XCPU, code: SigCode.kernel })
      return isOver ? Effect.void : watch(seconds + 1n)
    })
  // a limit of no time at all is one of a second, as on Linux
  signals.stopCpuWatch = kernel.fork(watch(soft > 0n ? soft : 1n))
}

/** Whether the user may have no more processes (RLIMIT_NPROC); root may. */
export const isFull = ({ attributes, process, processes }: Kernel): boolean => {
  const { soft } = attributes.limit(Resource.NPROC)!
  return process.euid !== 0 && soft !== unlimited && BigInt(processes.all().length) >= soft
}
