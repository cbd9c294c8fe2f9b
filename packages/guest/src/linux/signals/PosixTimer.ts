/** A timer of timer_create: one signal at a time, and a count of the expiries that it stands for. */
import { SigCode } from "./constants.ts"
import type { TimerSetting } from "../files/open/TimerFd.ts"
import type { SignalInfo, SignalSource } from "./SignalInfo.ts"
import { Timer, type TimerParts } from "./Timer.ts"

/** Largest overrun count that is told (DELAYTIMER_MAX). */
const maxOverrun = 0x7fff_ffff

/** What a timer does when it expires. */
export interface TimerEvent {
  readonly id: number
  /** 0 for none. */
  readonly signal: number
  readonly value: bigint
  readonly send: (info: SignalInfo) => void
}

export class PosixTimer implements SignalSource {
  readonly timer: Timer
  readonly #event: TimerEvent
  isQueued = false
  /** Expiries since the one that the pending signal is for. */
  #missed = 0
  /** Expiries that the last signal delivered stood for, beside its own (timer_getoverrun). */
  overrun = 0

  constructor(parts: TimerParts, event: TimerEvent) {
    this.#event = event
    this.timer = new Timer(parts, (missed) => this.#expire(missed))
  }

  /** Arms or disarms it (see `Timer.set`), and forgets expiries. */
  set(setting: TimerSetting, isAbsolute: boolean): void {
    this.timer.set(setting, isAbsolute)
    this.#missed = 0
    this.overrun = 0
  }

  deliver(info: SignalInfo): SignalInfo {
    this.overrun = Math.min(this.#missed + this.timer.catchUp(), maxOverrun)
    this.#missed = 0
    return { ...info, timer: { id: this.#event.id, overrun: this.overrun } }
  }

  #expire(missed: number): void {
    const { id, send, signal, value } = this.#event
    if (signal === 0) return
    if (this.isQueued) {
      this.#missed += missed + 1
      return
    }
    this.#missed = missed
    send({ signal, code: SigCode.timer, value, timer: { id, overrun: 0 }, source: this })
  }
}
