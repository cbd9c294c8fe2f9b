/** CPU clocks of processes and threads, by the ids that clock_getcpuclockid(3) and pthread_getcpuclockid(3) give. */
import type * as Effect from "effect/Effect"
import type { CpuTime } from "./CpuMeter.ts"

/** What a CPU clock's id says: the complement of a process's or thread's id, shifted, over two bits of kind and one for threads. */
interface CpuClockId {
  /** 0 for the caller. */
  readonly id: number
  readonly isThread: boolean
  /** Only time in user mode counts. */
  readonly isUserOnly: boolean
}

const Kind = { prof: 0, virtual: 1, sched: 2 } as const
const kindMask = 3
const threadBit = 4

/** Reads the id of a CPU clock; undefined for what is none. */
export const decodeCpuClock = (clock: number): CpuClockId | undefined => {
  const kind = clock & kindMask
  if (clock >= 0 || kind > Kind.sched) return undefined
  return { id: ~(clock >> 3), isThread: (clock & threadBit) !== 0, isUserOnly: kind === Kind.virtual }
}

const encode = (id: number, bits: number): number => (~id << 3) | bits

/** The clock that ITIMER_PROF runs on, that of ITIMER_VIRTUAL, and a thread's. */
export const processClock = (pid: number): number => encode(pid, Kind.prof)
export const userClock = (pid: number): number => encode(pid, Kind.virtual)
export const threadClock = (tid: number): number => encode(tid, Kind.sched | threadBit)

/** Where a process's clocks get CPU time from. */
export interface CpuClocks {
  /** Of the process itself. */
  readonly own: () => CpuTime
  /** Id of the thread that has the turn. */
  readonly tid: () => number
  /** Of another process of the run, or a thread of the own process; undefined if there is none. */
  readonly of: (id: number, isThread: boolean) => CpuTime | undefined
  /** Waits until a clock shows at least a time. */
  readonly until: (now: () => bigint, time: bigint) => Effect.Effect<void>
}
