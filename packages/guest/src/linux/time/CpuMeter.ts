/** CPU time: of threads, while they have the turn, and sums of it. */

/** CPU time used, in nanoseconds. */
export interface CpuTime {
  readonly user: bigint
  readonly system: bigint
}

export const noTime: CpuTime = { user: 0n, system: 0n }

export const addTimes = (a: CpuTime, b: CpuTime): CpuTime => ({ user: a.user + b.user, system: a.system + b.system })

/** What a thread has used. The scheduler says when it runs; times are those of one clock, which shows CPU time of the host. */
export class CpuMeter {
  #used = noTime
  /** What the clock showed when the thread got its turn; undefined while it has none. */
  #since: CpuTime | undefined

  start(now: CpuTime): void {
    this.#since = now
  }

  stop(now: CpuTime): void {
    this.#used = this.read(now)
    this.#since = undefined
  }

  read(now: CpuTime): CpuTime {
    if (this.#since === undefined) return this.#used
    const { system, user } = this.#since
    return { user: this.#used.user + now.user - user, system: this.#used.system + now.system - system }
  }
}
