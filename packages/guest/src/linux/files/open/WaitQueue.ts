/** Fibers that wait for a file to change, and interest lists that are to hear of each change. */
import * as Effect from "effect/Effect"

/** Any of the POLL bits may hold now that did not before. */
const anything = 0xffff

/** A set of waiters, woken all at once in the order in which they came. */
export class WaitQueue {
  readonly #waiters = new Set<() => void>()
  readonly #listeners = new Set<(events: number) => void>()

  /**
   * Wakes everyone who waits now, and tells those who listen.
   *
   * @param events POLL bits of what has happened: room alone is no news for who waits for data on edges
   */
  wake(events = anything): void {
    if (this.#listeners.size > 0) for (const listener of this.#listeners) listener(events)
    if (this.#waiters.size === 0) return
    const waiters = [...this.#waiters]
    this.#waiters.clear()
    for (const wake of waiters) wake()
  }

  /** Calls `wake` once at the next change; the function returned takes that back. */
  add(wake: () => void): () => void {
    this.#waiters.add(wake)
    return () => {
      this.#waiters.delete(wake)
    }
  }

  /** Calls `listener` at every change, before those who wait go on; the function returned ends that. */
  listen(listener: (events: number) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** Waits for the next change, then goes on with `next`. */
  wait(next: () => Effect.Effect<void>): Effect.Effect<void> {
    return Effect.flatMap(
      Effect.callback<void>((resume) => {
        const remove = this.add(() => resume(Effect.void))
        return Effect.sync(remove)
      }),
      next
    )
  }
}
