/** The locals in which a region collects what it adds to scoreboard entries (see `Counters.ts`). */
import type { ScoreboardU64 } from "@emu/core/Scoreboard"
import { Insn, ValType } from "../../../wasm/Wasm.ts"
import type { Counters, CounterSet } from "../analysis/Counters.ts"
import { addToScoreboard, type ScoreboardContext } from "./lower/plugin.ts"
import { Parameter } from "../Runtime.ts"

export class CounterLocals {
  private readonly context: ScoreboardContext
  private readonly counters: Counters
  /**
   * By the number of the counter. The one of the counter that follows fuel holds the fuel that there was when nothing was pending, less by
   * how much the counter was ahead.
   */
  private readonly locals: ReadonlyArray<number>

  constructor(context: ScoreboardContext, counters: Counters) {
    this.context = context
    this.counters = counters
    this.locals = counters.entries.map(() => context.code.local(ValType.i64))
  }

  /**
   * Where fuel is what it is for another reason than instructions, and nothing is pending: the function's start, behind calls.
   *
   * @param ahead by how much the counter that follows fuel is ahead there
   */
  followFuel(ahead: number): void {
    const { code } = this.context
    const { fuel } = this.counters
    if (fuel === undefined) return
    this.pushFuel(ahead)
    code.set(this.locals[fuel.number]!)
  }

  /** Writes code that adds to a scoreboard entry's counter; false where it has none. */
  add(entry: ScoreboardU64, value: bigint): boolean {
    const { code } = this.context
    const number = this.counters.numberOf(entry)
    if (number === undefined) return false
    if (number === this.counters.fuel?.number) return true
    code.get(this.locals[number]!)
    code.i64(value)
    code.op(Insn.i64_add)
    code.set(this.locals[number]!)
    return true
  }

  /** Writes code that pushes what a scoreboard entry's counter has collected; false where it has none. */
  push(entry: ScoreboardU64, ahead: number): boolean {
    const number = this.counters.numberOf(entry)
    if (number === undefined) return false
    this.pushCounter(number, ahead)
    return true
  }

  /** Writes code that adds what counters have collected to memory. */
  flush(pending: CounterSet, ahead: number): void {
    const { code } = this.context
    this.counters.entries.forEach((entry, number) => {
      if ((pending & (1 << number)) === 0) return
      addToScoreboard(this.context, entry, () => this.pushCounter(number, ahead))
      if (number === this.counters.fuel?.number) return this.followFuel(ahead)
      code.i64(0n)
      code.set(this.locals[number]!)
    })
  }

  private pushCounter(number: number, ahead: number): void {
    const { code } = this.context
    code.get(this.locals[number]!)
    if (number !== this.counters.fuel?.number) return
    this.pushFuel(ahead)
    code.op(Insn.i64_sub)
  }

  /** Pushes fuel less by how much the counter that follows it is ahead: what was collected may be negative, or more than 31 bits. */
  private pushFuel(ahead: number): void {
    const { code } = this.context
    code.get(Parameter.fuel)
    code.op(Insn.i64_extend_i32_s)
    if (ahead === 0) return
    code.i64(BigInt(ahead))
    code.op(Insn.i64_sub)
  }
}
