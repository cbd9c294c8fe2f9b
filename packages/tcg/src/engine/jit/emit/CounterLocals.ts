/** The locals in which a region collects what it adds to scoreboard entries (see `Counters.ts`). */
import type { ScoreboardU64 } from "@emu/core/Scoreboard"
import { ValType } from "../../../wasm/Wasm.ts"
import type { Counters, CounterSet } from "../analysis/Counters.ts"
import { addToScoreboard, type ScoreboardContext } from "./lower/plugin.ts"

export class CounterLocals {
  private readonly context: ScoreboardContext
  private readonly counters: Counters
  /** By the number of the counter. */
  private readonly locals: ReadonlyArray<number>

  constructor(context: ScoreboardContext, counters: Counters) {
    this.context = context
    this.counters = counters
    this.locals = counters.entries.map(() => context.code.local(ValType.i64))
  }

  /** The local for a scoreboard entry, if it is one of the counters. */
  of(entry: ScoreboardU64): number | undefined {
    const number = this.counters.numberOf(entry)
    return number === undefined ? undefined : this.locals[number]
  }

  /** Writes code that adds what counters have collected to memory. */
  flush(pending: CounterSet): void {
    const { code } = this.context
    this.counters.entries.forEach((entry, number) => {
      if ((pending & (1 << number)) === 0) return
      const local = this.locals[number]!
      addToScoreboard(this.context, entry, () => code.get(local))
      code.i64(0n)
      code.set(local)
    })
  }
}
