/** A timer that fires once or again and again: what setitimer and timer_settime arm. */
import * as Effect from "effect/Effect"
import type { TimerSetting } from "../files/open/TimerFd.ts"
import type { Clock } from "../time/Clock.ts"

/** What a timer runs on. */
export interface TimerParts {
  readonly time: Clock
  /** The id of a clock, the same whoever has the turn. */
  readonly clock: number
  /** Starts an Effect in the background; the function returned stops it. */
  readonly fork: (effect: Effect.Effect<void>) => () => void
}

export class Timer {
  readonly #time: Clock
  readonly #clock: number
  readonly #fork: TimerParts["fork"]
  /** Called at expiries, with how many were missed since the last one. */
  readonly #fire: (missed: number) => void
  #next: bigint | undefined
  #interval = 0n
  #stop: (() => void) | undefined

  constructor({ clock, fork, time }: TimerParts, fire: (missed: number) => void) {
    this.#time = time
    this.#clock = clock
    this.#fork = fork
    this.#fire = fire
  }

  /** The time left until the next expiry, and the interval. */
  get(): TimerSetting {
    if (this.#next === undefined) return { value: 0n, interval: this.#interval }
    const left = this.#next - this.#now()
    // an armed timer never shows 0: that would mean disarmed
    return { value: left > 0n ? left : 1n, interval: this.#interval }
  }

  /** Arms or disarms it. `isAbsolute`: the value is a time of its clock. */
  set(setting: TimerSetting, isAbsolute = false): void {
    this.#stop?.()
    this.#stop = undefined
    this.#interval = setting.interval
    this.#next = setting.value === 0n ? undefined : isAbsolute ? setting.value : this.#now() + setting.value
    if (this.#next !== undefined) this.#stop = this.#fork(this.#run())
  }

  /** How often it has expired since it was last told, and was not yet told of. */
  catchUp(): number {
    const next = this.#next
    if (next === undefined || this.#interval === 0n) return 0
    const late = this.#now() - next
    if (late < 0n) return 0
    const missed = late / this.#interval + 1n
    this.#next = next + missed * this.#interval
    return Number(missed)
  }

  #run(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const next = this.#next
      if (next === undefined) return Effect.void
      return Effect.flatMap(this.#time.sleepUntil(this.#clock, next), () => {
        // somebody has caught up meanwhile
        if (next !== this.#next) return this.#run()
        const late = this.#now() - next
        const missed = this.#interval === 0n ? 0n : late / this.#interval
        this.#next = this.#interval === 0n ? undefined : next + (missed + 1n) * this.#interval
        this.#fire(Number(missed))
        return this.#run()
      })
    })
  }

  #now(): bigint {
    return this.#time.now(this.#clock) ?? 0n
  }
}
