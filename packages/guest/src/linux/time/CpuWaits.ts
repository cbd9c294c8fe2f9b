/** Waiting for CPU time to be used: by CPU clocks no time passes that a host timer could tell. */
import * as Effect from "effect/Effect"

interface Wait {
  readonly now: () => bigint
  readonly deadline: bigint
  readonly wake: () => void
}

/** Those who wait, of all processes of a run. */
export class CpuWaits {
  readonly #waits = new Set<Wait>()

  /** Waits until a clock shows at least `deadline`. It is looked at each time a thread leaves its turn, or the host gets one. */
  until(now: () => bigint, deadline: bigint): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      if (now() >= deadline) return resume(Effect.void)
      const wait = { now, deadline, wake: () => resume(Effect.void) }
      this.#waits.add(wait)
      return Effect.sync(() => void this.#waits.delete(wait))
    })
  }

  /** Wakes those whose time has come. */
  check(): void {
    if (this.#waits.size === 0) return
    for (const wait of Array.from(this.#waits)) {
      if (wait.now() < wait.deadline) continue
      this.#waits.delete(wait)
      wait.wake()
    }
  }
}
