/** Timers as files (timerfd_create). */
import * as Effect from "effect/Effect"
import type { HostStat } from "../../../HostFs.ts"
import { Errno } from "../../kernel/errno.ts"
import type { Clock } from "../../time/Clock.ts"
import { O, POLL } from "../constants.ts"
import { OpenFile, syntheticStat } from "./OpenFile.ts"

/** When a timer goes off next, and how often from then on: nanoseconds, 0 for never and once. */
export interface TimerSetting {
  readonly value: bigint
  readonly interval: bigint
}

/** A timer whose expirations a read counts. */
export class TimerFd extends OpenFile {
  readonly #clock: Clock
  readonly clockId: number
  /** Absolute time of the next expiration not yet read; 0 while disarmed. */
  #next = 0n
  #interval = 0n

  constructor(clock: Clock, clockId: number, flags: number) {
    super(O.RDWR | flags)
    this.#clock = clock
    this.clockId = clockId
  }

  override name(): string {
    return "anon_inode:[timerfd]"
  }

  override stat(): HostStat {
    return syntheticStat(0o600, 1n)
  }

  /** Arms (`value` not 0) or disarms the timer; the setting before. `absolute`: `value` is a time of the clock. */
  set(setting: TimerSetting, absolute: boolean): TimerSetting {
    const before = this.get()
    this.#interval = setting.interval
    this.#next = setting.value === 0n ? 0n : absolute ? setting.value : this.#now() + setting.value
    this.waiters.wake()
    return before
  }

  /** Time left until the next expiration, and the interval. */
  get(): TimerSetting {
    if (this.#next === 0n) return { value: 0n, interval: this.#interval }
    const left = this.#next - this.#now()
    if (left > 0n) return { value: left, interval: this.#interval }
    if (this.#interval === 0n) return { value: 0n, interval: 0n }
    return { value: this.#interval - (-left % this.#interval), interval: this.#interval }
  }

  override read(into: Uint8Array): number {
    if (into.length < 8) return -Errno.EINVAL
    const late = this.#now() - this.#next
    if (this.#next === 0n || late < 0n) return -Errno.EAGAIN
    const expirations = this.#interval === 0n ? 1n : late / this.#interval + 1n
    this.#next = this.#interval === 0n ? 0n : this.#next + expirations * this.#interval
    new DataView(into.buffer, into.byteOffset).setBigUint64(0, expirations, true)
    return 8
  }

  override poll(): number {
    return this.#next !== 0n && this.#now() >= this.#next ? POLL.IN | POLL.RDNORM : 0
  }

  override wait(events: number, length: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      if ((events & (POLL.IN | POLL.RDNORM)) !== 0 && this.poll() !== 0) return Effect.void
      const changed = this.waiters.wait(() => this.wait(events, length))
      return this.#next === 0n ? changed : Effect.raceFirst(this.#clock.sleepUntil(this.clockId, this.#next), changed)
    })
  }

  #now(): bigint {
    return this.#clock.now(this.clockId) ?? 0n
  }
}
