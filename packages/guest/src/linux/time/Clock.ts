/** The clocks of a guest process, by Linux's clock ids. */
import * as Effect from "effect/Effect"
import type { HostClockShape } from "../../HostClock.ts"
import { type CpuClocks, decodeCpuClock, processClock, threadClock } from "./CpuClocks.ts"
import type { CpuTime } from "./CpuMeter.ts"

/** Clock ids. */
export const ClockId = {
  REALTIME: 0,
  MONOTONIC: 1,
  PROCESS_CPUTIME: 2,
  THREAD_CPUTIME: 3,
  MONOTONIC_RAW: 4,
  REALTIME_COARSE: 5,
  MONOTONIC_COARSE: 6,
  BOOTTIME: 7,
  REALTIME_ALARM: 8,
  BOOTTIME_ALARM: 9,
  TAI: 11
} as const

/** Clocks; times are nanoseconds. */
export interface Clock {
  /** The time of a clock, or undefined if there is none of that id. Negative ids name CPU clocks of processes and threads. */
  readonly now: (clock: number) => bigint | undefined
  /** The resolution of a clock, or undefined. */
  readonly resolution: (clock: number) => bigint | undefined
  /** Waits until the clock shows at least `time`. */
  readonly sleepUntil: (clock: number, time: bigint) => Effect.Effect<void>
  /** An id that means the same clock whoever has the turn; another one for that of the calling thread only. */
  readonly fixed: (clock: number) => number
  /** CPU time of the process. */
  readonly cpu: () => CpuTime
}

/** Makes a process's clocks from the host's and from the meters of its threads. */
export const makeClock = (host: HostClockShape, cpu: CpuClocks): Clock => {
  const used = (clock: number): bigint | undefined => {
    const decoded = decodeCpuClock(clock)
    if (decoded === undefined) return undefined
    const { id, isThread, isUserOnly } = decoded
    const time = id === 0 && !isThread ? cpu.own() : cpu.of(id === 0 ? cpu.tid() : id, isThread)
    return time === undefined || isUserOnly ? time?.user : time.user + time.system
  }
  const fixed = (clock: number): number => {
    if (clock === ClockId.PROCESS_CPUTIME) return processClock(0)
    return clock === ClockId.THREAD_CPUTIME ? threadClock(cpu.tid()) : clock
  }
  const now = (clock: number): bigint | undefined => {
    switch (clock) {
      case ClockId.REALTIME:
      case ClockId.REALTIME_COARSE:
      case ClockId.REALTIME_ALARM:
      case ClockId.TAI:
        return host.realtime()
      case ClockId.MONOTONIC:
      case ClockId.MONOTONIC_RAW:
      case ClockId.MONOTONIC_COARSE:
      case ClockId.BOOTTIME:
      case ClockId.BOOTTIME_ALARM:
        return host.monotonic()
      default:
        return used(fixed(clock))
    }
  }
  const sleepUntil = (clock: number, time: bigint): Effect.Effect<void> =>
    Effect.suspend(() => {
      const meant = fixed(clock)
      // one that has gone counts no more, and nobody is woken by it
      if (decodeCpuClock(meant) !== undefined) return cpu.until(() => now(meant) ?? 0n, time)
      const left = time - (now(clock) ?? time)
      return left <= 0n ? Effect.void : Effect.flatMap(host.sleep(left), () => sleepUntil(clock, time))
    })
  return {
    now,
    fixed,
    cpu: cpu.own,
    sleepUntil,
    resolution: (clock) => {
      if (now(clock) === undefined) return undefined
      return clock === ClockId.REALTIME_COARSE || clock === ClockId.MONOTONIC_COARSE ? 4_000_000n : 1n
    }
  }
}
