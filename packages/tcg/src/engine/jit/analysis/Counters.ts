/**
 * Counters of plugins that a region keeps in locals: additions to scoreboard entries in its loops. What a local has collected is
 * added to memory before anybody can look: at calls to plugins and to other regions, and where the region is left.
 */
import { type DynCallback, InlineOp } from "@emu/core/Instrumentation"
import type { ScoreboardU64 } from "@emu/core/Scoreboard"
import type { IrBlock, Op } from "../../../ir/Block.ts"
import { Opcode } from "../../../ir/Opcode.ts"
import { type Cfg, type Node, successors } from "./Cfg.ts"
import { type Ahead, aheadOfFuel, type FuelCounterOptions } from "./fuelCounter.ts"

/** Where a scoreboard's slots are: vCPU 0's, and the bytes to the next vCPU's. */
export interface ScoreboardPlace {
  readonly address: number
  readonly stride: number
  /** What the slot of the running vCPU holds while code is compiled, where that is known. */
  readonly value?: bigint
}

/** A set of counters, as a bit mask over their numbers. */
export type CounterSet = number

/** A counter that needs no additions. */
export interface FuelCounter extends Ahead {
  readonly number: number
}

/** Each costs a register in loops, and code at every exit. */
const maxCounters = 6

export interface Counters {
  /** Scoreboard entries by number. */
  readonly entries: ReadonlyArray<ScoreboardU64>
  /** The counter that follows fuel, if there is one: its number, and by how much it is ahead of fuel. */
  readonly fuel: FuelCounter | undefined
  /** The number of the counter that an entry is kept in. */
  readonly numberOf: (entry: ScoreboardU64) => number | undefined
  /** Counters whose locals may not be zero where a node begins. */
  readonly pendingIn: ReadonlyArray<CounterSet>
  /** The same behind an operation of a block, given those in front of it. */
  readonly behind: (ir: IrBlock, op: Op, pending: CounterSet) => CounterSet
}

/**
 * Chooses the counters of a region and finds where they are pending.
 *
 * @param weightOf how much more often than others a node runs; 1 outside of loops
 * @param addressOf where an entry is in memory: entries of different plugins never share an address
 * @param opsAndLooks the nodes' operations, and in front of which the region may be left
 */
export const findCounters = (
  cfg: Cfg,
  order: ReadonlyArray<number>,
  weightOf: (node: number) => number,
  addressOf: (entry: ScoreboardU64) => number,
  opsAndLooks: Pick<FuelCounterOptions, "ops" | "isSeenAt">
): Counters => {
  if (!cfg.blocks.some(({ head, ir }) => head !== undefined || ir.callbacks.length > 0)) return noCounters(cfg)
  const weights = new Map<number, number>()
  const entryAt = new Map<number, ScoreboardU64>()
  const stored = new Set<number>()
  for (const n of order) {
    for (const op of opsOf(cfg.nodes[n]!)) {
      const callback = inlineOf(cfg.nodes[n]!.ir, op)
      if (callback === undefined) continue
      const address = addressOf(callback.entry)
      if (callback.op !== InlineOp.addU64) stored.add(address)
      else if (weightOf(n) > 1) {
        weights.set(address, (weights.get(address) ?? 0) + weightOf(n))
        entryAt.set(address, callback.entry)
      }
    }
  }
  const chosen = [...weights]
    .filter(([address]) => !stored.has(address))
    .toSorted((a, b) => b[1] - a[1])
    .slice(0, maxCounters)
    .map(([address]) => address)
  const numbers = new Map(chosen.map((address, number) => [address, number]))
  const numberOf = (entry: ScoreboardU64) => (numbers.size === 0 ? undefined : numbers.get(addressOf(entry)))
  const behind = (ir: IrBlock, op: Op, pending: CounterSet): CounterSet => {
    const callback = inlineOf(ir, op)
    if (callback === undefined) return flushes(op) ? 0 : pending
    const number = callback.op === InlineOp.addU64 ? numberOf(callback.entry) : undefined
    return number === undefined ? pending : pending | (1 << number)
  }
  const follow = (number: number): FuelCounter | undefined => {
    const added = (n: number, op: Op) => {
      const callback = inlineOf(cfg.nodes[n]!.ir, op)
      return callback?.op === InlineOp.addU64 && numberOf(callback.entry) === number ? callback.imm : undefined
    }
    const ahead = aheadOfFuel(cfg, order, { ...opsAndLooks, added })
    return ahead && { number, ...ahead }
  }
  return {
    entries: chosen.map((address) => entryAt.get(address)!),
    fuel: chosen
      .keys()
      .map(follow)
      .find((counter) => counter !== undefined),
    numberOf,
    pendingIn: solve(cfg, order, chosen.length > 0 ? behind : undefined),
    behind
  }
}

const noCounters = ({ nodes }: Cfg): Counters => ({
  entries: [],
  fuel: undefined,
  numberOf: () => undefined,
  pendingIn: nodes.map(() => 0),
  behind: () => 0
})

const solve = (
  cfg: Cfg,
  order: ReadonlyArray<number>,
  behind: ((ir: IrBlock, op: Op, pending: CounterSet) => CounterSet) | undefined
): ReadonlyArray<CounterSet> => {
  const pendingIn: Array<CounterSet> = cfg.nodes.map(() => 0)
  for (let changed = behind !== undefined; changed;) {
    changed = false
    for (const n of order) {
      const node = cfg.nodes[n]!
      let pending = pendingIn[n]!
      for (const op of opsOf(node)) pending = behind!(node.ir, op, pending)
      if (node.terminator.kind === "call") pending = 0
      for (const to of successors(node.terminator)) {
        if ((pending & ~pendingIn[to]!) === 0) continue
        pendingIn[to]! |= pending
        changed = true
      }
    }
  }
  return pendingIn
}

const opsOf = ({ end, ir, start }: Node): ReadonlyArray<Op> => (ir.callbacks.length === 0 ? [] : ir.ops.slice(start, end))

/** Whether all counters are in memory behind an operation: it calls JS unconditionally. */
const flushes = ({ opcode }: Op): boolean =>
  opcode === Opcode.plugin_exec || opcode === Opcode.plugin_mem || opcode === Opcode.call

/** What an operation does to a scoreboard by itself. */
const inlineOf = (ir: IrBlock, { args, opcode }: Op): Extract<DynCallback, { kind: "inline" | "memInline" }> | undefined => {
  if (opcode !== Opcode.plugin_inline && opcode !== Opcode.plugin_mem) return undefined
  const { callback } = ir.callbacks[args.at(-1)!]!
  return callback.kind === "inline" || callback.kind === "memInline" ? callback : undefined
}
