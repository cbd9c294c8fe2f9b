/** Fibers that wait for a file to change. */
import * as Effect from "effect/Effect"

/** A set of waiters, woken all at once in the order in which they came. */
export class WaitQueue {
  readonly #waiters = new Set<() => void>()

  /** How often the file changed. */
  changes = 0

  /** Wakes everyone who waits now. */
  wake(): void {
    this.changes++
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
