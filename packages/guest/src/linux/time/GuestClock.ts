/**
 * The clocks that a guest sees: the host's, until a plugin takes control of time. Then time stands still but for what the plugin
 * says, and for what passes while all threads sleep. It never goes back, neither when control begins nor when it ends.
 */
import type { GuestTime, WhenIdle } from "@emu/core/Ports"
import * as Effect from "effect/Effect"
import type { HostClockShape } from "../../HostClock.ts"

/** What a plugin has made of time since it took control; nanoseconds. */
interface Control {
  readonly whenIdle: WhenIdle
  /** As the plugin says. */
  ns: bigint
  /** Passed while all threads slept. */
  idle: bigint
  /** The host's time when the last thread went to sleep; undefined while one runs, and where sleeping takes no time. */
  idleSince: bigint | undefined
}

/** Somebody who waits for a time to come. */
interface Sleeper {
  readonly deadline: bigint
  /** Ends the wait, perhaps early; does nothing where the sleeper is not waiting to be told. */
  wake: () => void
}

/** Lets everything go on that can: the host's input, and whoever waits for what has just happened. */
export const settle = Effect.repeat(Effect.yieldNow, { times: 3 })

/** Sleeps that are shorter than this end before a change of control matters. */
const shortSleep = 1_000_000n

const nothing = (): void => {}

export class GuestClock implements HostClockShape, GuestTime {
  readonly #host: HostClockShape
  readonly #sleepers = new Set<Sleeper>()
  #control: Control | undefined
  #isIdle = false
  /** Time of the guest less that of the host; while a plugin has control, the host's as it was then is part of it. */
  #realtime = 0n
  #monotonic = 0n
  #user = 0n
  #system = 0n
  #isDue = false

  constructor(host: HostClockShape) {
    this.#host = host
  }

  realtime(): bigint {
    return this.#realtime + this.#passed(this.#host.realtime)
  }

  monotonic(): bigint {
    return this.#monotonic + this.#passed(this.#host.monotonic)
  }

  /** Under control all time but sleep is the program's own. */
  cpu(): { readonly user: bigint; readonly system: bigint } {
    if (this.#control !== undefined) return { user: this.#user + this.#control.ns, system: this.#system }
    const { system, user } = this.#host.cpu()
    return { user: this.#user + user, system: this.#system + system }
  }

  sleep(nanoseconds: bigint): Effect.Effect<void> {
    if (this.#control === undefined && nanoseconds < shortSleep) return this.#host.sleep(nanoseconds)
    return Effect.suspend(() => {
      const sleeper: Sleeper = { deadline: this.monotonic() + nanoseconds, wake: nothing }
      this.#sleepers.add(sleeper)
      return Effect.ensuring(
        this.#pass(sleeper, nanoseconds),
        Effect.sync(() => {
          this.#sleepers.delete(sleeper)
          // somebody else may be the one to whom time jumps now
          this.#jumpOn()
        })
      )
    })
  }

  take(whenIdle: WhenIdle): void {
    if (this.#control !== undefined) return
    const { system, user } = this.cpu()
    const realtime = this.realtime()
    const monotonic = this.monotonic()
    this.#control = { whenIdle, ns: 0n, idle: 0n, idleSince: undefined }
    this.#realtime = realtime
    this.#monotonic = monotonic
    this.#user = user
    this.#system = system
    this.#wakeAll()
  }

  set(ns: bigint): boolean {
    const control = this.#control
    if (control === undefined || ns <= control.ns) return false
    control.ns = ns
    const now = this.monotonic()
    for (const { deadline } of this.#sleepers) this.#isDue ||= deadline <= now
    return this.#isDue
  }

  release(): void {
    if (this.#control === undefined) return
    const { system, user } = this.cpu()
    const realtime = this.realtime()
    const monotonic = this.monotonic()
    this.#control = undefined
    const host = this.#host.cpu()
    this.#realtime = realtime - this.#host.realtime()
    this.#monotonic = monotonic - this.#host.monotonic()
    this.#user = user - host.user
    this.#system = system - host.system
    this.#wakeAll()
  }

  /** The plugin has moved time to where somebody waits for it: the thread that runs should make room, and call `wakeDue`. */
  get isDue(): boolean {
    return this.#isDue
  }

  /** Wakes those whose time has come. */
  wakeDue(): void {
    this.#isDue = false
    const now = this.monotonic()
    for (const sleeper of this.#sleepers) if (sleeper.deadline <= now) sleeper.wake()
  }

  /** The scheduler tells whether all threads sleep. */
  setIdle(isIdle: boolean): void {
    this.#isIdle = isIdle
    const control = this.#control
    if (control === undefined) return
    if (!isIdle) {
      control.idle = this.#idleTime(control)
      control.idleSince = undefined
    } else if (control.whenIdle === "host") {
      control.idleSince = this.#host.monotonic()
      this.#wakeAll()
    } else {
      this.#jumpOn()
    }
  }

  /** Waits as time passes now; ends early where that changes. */
  #pass(sleeper: Sleeper, nanoseconds: bigint): Effect.Effect<void> {
    const control = this.#control
    const told = Effect.callback<void>((resume) => {
      sleeper.wake = () => resume(Effect.void)
      return Effect.sync(() => (sleeper.wake = nothing))
    })
    if (control === undefined || (this.#isIdle && control.whenIdle === "host")) {
      return Effect.raceFirst(this.#host.sleep(nanoseconds), told)
    }
    if (!this.#isIdle || this.#earliest() !== sleeper) return told
    return Effect.andThen(
      settle,
      Effect.sync(() => {
        if (this.#isIdle && this.#control === control && this.#earliest() === sleeper) {
          const now = this.monotonic()
          if (sleeper.deadline > now) control.idle += sleeper.deadline - now
        }
      })
    )
  }

  /** Lets the earliest sleeper see that it is the one to whom time jumps. */
  #jumpOn(): void {
    if (this.#isIdle && this.#control?.whenIdle === "jump") this.#earliest()?.wake()
  }

  #earliest(): Sleeper | undefined {
    let first: Sleeper | undefined
    for (const sleeper of this.#sleepers) if (first === undefined || sleeper.deadline < first.deadline) first = sleeper
    return first
  }

  #wakeAll(): void {
    for (const sleeper of Array.from(this.#sleepers)) sleeper.wake()
  }

  /** What the offsets have to be added to. */
  #passed(host: () => bigint): bigint {
    return this.#control === undefined ? host() : this.#control.ns + this.#idleTime(this.#control)
  }

  #idleTime({ idle, idleSince }: Control): bigint {
    return idleSince === undefined ? idle : idle + (this.#host.monotonic() - idleSince)
  }
}
