/** The clocks of a guest process, by Linux's clock ids. */
import * as Effect from "effect/Effect"
import type { HostClockShape } from "../../HostClock.ts"

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

/** CPU time of the process, in nanoseconds. */
export interface CpuTime {
  readonly user: bigint
  readonly system: bigint
}

/** Clocks; times are nanoseconds. */
export interface Clock {
  /** The time of a clock, or undefined if there is none of that id. Negative ids name CPU clocks of processes and threads. */
  readonly now: (clock: number) => bigint | undefined
  /** The resolution of a clock, or undefined. */
  readonly resolution: (clock: number) => bigint | undefined
  /** Waits until the clock shows at least `time`. */
  readonly sleepUntil: (clock: number, time: bigint) => Effect.Effect<void>
  readonly cpu: () => CpuTime
}

/** Makes a process's clocks from the host's. CPU clocks start at 0 here. */
export const makeClock = (host: HostClockShape): Clock => {
  const start = host.cpu()
  const cpu = (): CpuTime => {
    const now = host.cpu()
    return { user: now.user - start.user, system: now.system - start.system }
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
      case ClockId.PROCESS_CPUTIME:
      case ClockId.THREAD_CPUTIME: {
        const used = cpu()
        return used.user + used.system
      }
      default:
        return isCpuClock(clock) ? now(ClockId.PROCESS_CPUTIME) : undefined
    }
  }
  const sleepUntil = (clock: number, time: bigint): Effect.Effect<void> =>
    Effect.suspend(() => {
      const left = time - (now(clock) ?? time)
      return left <= 0n ? Effect.void : Effect.flatMap(host.sleep(left), () => sleepUntil(clock, time))
    })
  return {
    now,
    cpu,
    sleepUntil,
    resolution: (clock) => {
      if (now(clock) === undefined) return undefined
      return clock === ClockId.REALTIME_COARSE || clock === ClockId.MONOTONIC_COARSE ? 4_000_000n : 1n
    }
  }
}

/** Clock ids of a process's or thread's CPU time: the complement of the pid, shifted, over the kind (man 3 clock_getcpuclockid). */
const isCpuClock = (clock: number): boolean => clock < 0 && (clock & 3) !== 3
