/** Signals that were sent and not yet delivered. */
import { firstRealtime, maxSignal, signalBit } from "./constants.ts"
import type { SignalInfo } from "./SignalInfo.ts"

/** As many real-time signals as one queue holds (RLIMIT_SIGPENDING has this order of magnitude). */
const queueLimit = 8192

export class PendingSignals {
  /** Bit n-1: signal n is pending. */
  set = 0n
  readonly #queues = new Map<number, Array<SignalInfo>>()

  /**
   * Adds a signal. A standard signal that is pending already is dropped, unless it comes from a timer, as on Linux.
   *
   * @returns false if the queue is full
   */
  add(info: SignalInfo): boolean {
    const queue = this.#queues.get(info.signal)
    if (queue === undefined || queue.length === 0) {
      this.#queues.set(info.signal, [info])
      this.set |= signalBit(info.signal)
    } else {
      if (info.signal < firstRealtime && info.source === undefined) return true
      if (queue.length >= queueLimit) return false
      queue.push(info)
    }
    if (info.source !== undefined) info.source.isQueued = true
    return true
  }

  /** Takes the oldest signal of the lowest number among those in `allowed`. */
  take(allowed: bigint): SignalInfo | undefined {
    const candidates = this.set & allowed
    if (candidates === 0n) return undefined
    for (let signal = 1; signal <= maxSignal; signal++) {
      if ((candidates & signalBit(signal)) === 0n) continue
      const queue = this.#queues.get(signal)!
      const info = queue.shift()!
      if (queue.length === 0) this.set &= ~signalBit(signal)
      if (info.source === undefined) return info
      info.source.isQueued = false
      return info.source.deliver(info)
    }
    return undefined
  }

  /** Forgets a signal: it is ignored from now on. */
  drop(signal: number): void {
    for (const { source } of this.#queues.get(signal) ?? []) if (source !== undefined) source.isQueued = false
    this.#queues.delete(signal)
    this.set &= ~signalBit(signal)
  }
}
