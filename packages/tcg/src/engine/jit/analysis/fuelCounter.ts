/**
 * A counter of executed instructions needs no code of its own: the region counts its fuel down by the same numbers. What was added to
 * such a counter since it was last brought to memory is the fuel that was spent since then, but for what additions stand in front of
 * or behind the instructions that they are for: so far the counter is ahead of fuel.
 */
import type { Op } from "../../../ir/Block.ts"
import { type Cfg, successors } from "./Cfg.ts"

/** What a counter is compared by with fuel. */
export interface FuelCounterOptions {
  /** A node's operations. */
  readonly ops: (node: number) => ReadonlyArray<Op>
  /** What an operation of a node adds to the counter, if that is all it does. */
  readonly added: (node: number, op: Op) => bigint | undefined
  /** Whether somebody may look at the counter in front of an operation. */
  readonly isSeenAt: (op: Op) => boolean
}

/** By how much a counter is ahead of fuel, by node: where it starts, at its operations in front of which somebody may look, and at its end. */
export interface Ahead {
  readonly start: ReadonlyArray<number>
  readonly within: ReadonlyArray<number>
  readonly end: ReadonlyArray<number>
}

/** More than any block has instructions. */
const far = 1 << 20

/**
 * By how much a counter is ahead of fuel, where that is the same on all ways to a node, and at all operations of a node in front of which
 * somebody may look: those that can leave the region or call plugins. Undefined where it is not.
 */
export const aheadOfFuel = (cfg: Cfg, order: ReadonlyArray<number>, options: FuelCounterOptions): Ahead | undefined => {
  const start: Array<number | undefined> = cfg.nodes.map(() => undefined)
  const within: Array<number | undefined> = cfg.nodes.map(() => undefined)
  const end = cfg.nodes.map(() => 0)
  start[order[0]!] = 0
  for (const n of order) {
    const node = cfg.nodes[n]!
    let ahead = start[n]! - (node.body ? node.ir.insns.length : 0)
    for (const op of options.ops(n)) {
      const added = options.added(n, op)
      if (added !== undefined) ahead += Number(BigInt.asIntN(64, added))
      else if (options.isSeenAt(op) && (within[n] ??= ahead) !== ahead) return undefined
    }
    if (Math.abs(ahead) > far) return undefined
    end[n] = ahead
    for (const to of successors(node.terminator)) if ((start[to] ??= ahead) !== ahead) return undefined
  }
  return { start: start.map((ahead) => ahead ?? 0), within: within.map((ahead) => ahead ?? 0), end }
}
