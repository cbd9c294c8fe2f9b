/**
 * Pointers that walk: registers to which a loop does nothing but add constants, always in the same direction. How far such a
 * pointer gets in a number of rounds is known in front of the loop, so its accesses can be checked there for as many rounds
 * as the memory around it allows.
 */
import type { IrBlock, Op } from "../../../ir/Block.ts"
import { Opcode, opTable } from "../../../ir/Opcode.ts"
import { type Cfg, type Node, successors } from "./Cfg.ts"
import type { Analysis } from "./Graph.ts"
import { resumeOf } from "./resume.ts"
import { firstWeb, type Webs } from "./Webs.ts"

/** Offsets `low .. high`. */
export interface Span {
  readonly low: number
  readonly high: number
}

/** A register that walks through memory in a loop. */
export interface Stride {
  readonly web: number
  /** What a round adds at the most, below zero where the register walks down. */
  readonly step: number
  /** What was added since the header, where each node of the loop begins. */
  readonly at: ReadonlyMap<number, Span>
}

/** A loop without loops in it, and what walks in it. */
export interface WalkingLoop {
  readonly body: ReadonlySet<number>
  /** Instructions of the shortest round. */
  readonly shortest: number
  readonly strides: ReadonlyArray<Stride>
}

/** No register that takes larger steps is followed. */
const maxStep = 1 << 16

/**
 * Finds what walks in the innermost loops, by their headers.
 *
 * @param loops bodies by header
 * @param mayHoist whether a check of a web may stand in front of a loop
 */
export const findStrides = (
  cfg: Cfg,
  graph: Analysis,
  webs: Webs,
  loops: ReadonlyMap<number, ReadonlySet<number>>,
  mayHoist: (header: number, web: number) => boolean
): ReadonlyMap<number, WalkingLoop> => {
  const found = new Map<number, WalkingLoop>()
  for (const [header, body] of loops) {
    const loop: Loop = { header, order: graph.order.filter((n) => body.has(n)), predecessors: graph.predecessors }
    if (!isPlain(cfg, loop, loops)) continue
    const strides = [...sumsIn(cfg, loop, webs)].flatMap(([web, sums]) =>
      mayHoist(header, web) ? strideOf(loop, web, sums) : []
    )
    if (strides.length === 0) continue
    const { round } = follow(loop, (n) => fuelOf(cfg.nodes[n]!))
    if (round.low > 0) found.set(header, { body, shortest: round.low, strides })
  }
  return found
}

interface Loop {
  readonly header: number
  /** Its nodes in reverse postorder. */
  readonly order: ReadonlyArray<number>
  readonly predecessors: Analysis["predecessors"]
}

/** Whether a loop has no other in it, is entered at its header only, and can be left wherever it goes back. */
const isPlain = (cfg: Cfg, { header, order }: Loop, loops: ReadonlyMap<number, unknown>): boolean =>
  order.every((n) => {
    const { terminator } = cfg.nodes[n]!
    if ((n !== header && loops.has(n)) || terminator.kind === "dispatch" || terminator.kind === "call") return false
    return !successors(terminator).includes(header) || resumeOf(cfg, n, header) !== undefined
  })

/** Instructions that are counted where a node begins. */
const fuelOf = ({ body, ir }: Node): number => (body ? ir.insns.length : 0)

/** Webs that a loop changes only by adding constants, with what each node adds. */
const sumsIn = (cfg: Cfg, { order }: Loop, webs: Webs): ReadonlyMap<number, ReadonlyMap<number, number>> => {
  const sums = new Map<number, Map<number, number>>()
  const others = new Set<number>()
  for (const n of order) {
    for (const op of webs.ops[n]!) {
      for (const [, web] of webs.behindOp.get(op) ?? []) others.add(web)
      const web = op.args[0]!
      if (opTable[op.opcode]!.outputs === 0 || web < firstWeb) continue
      const added = addedBy(cfg.nodes[n]!.ir, op)
      if (added === undefined) others.add(web)
      else {
        const byNode = sums.get(web) ?? new Map<number, number>()
        sums.set(web, byNode.set(n, (byNode.get(n) ?? 0) + added))
      }
    }
  }
  for (const web of others) sums.delete(web)
  return sums
}

/** What an operation adds to a value, if that is a small constant and all that it does. */
const addedBy = (ir: IrBlock, { args, opcode }: Op): number | undefined => {
  const [d, a, b] = args as [number, number, number]
  if (opcode !== Opcode.add || a !== d || b >= 0) return undefined
  const added = BigInt.asIntN(64, ir.constants[~b]!)
  return added >= -maxStep && added <= maxStep ? Number(added) : undefined
}

const strideOf = (loop: Loop, web: number, sums: ReadonlyMap<number, number>): Array<Stride> => {
  const { at, round } = follow(loop, (n) => sums.get(n) ?? 0)
  const isUp = round.low >= 0 && round.high > 0
  const isDown = round.high <= 0 && round.low < 0
  return isUp || isDown ? [{ web, step: isUp ? round.high : round.low, at }] : []
}

/** Adds up what the nodes of a loop add on all ways from its header: to where each node begins, and back to the header. */
const follow = (
  { header, order, predecessors }: Loop,
  added: (n: number) => number
): { readonly at: ReadonlyMap<number, Span>; readonly round: Span } => {
  const at = new Map<number, Span>([[header, { low: 0, high: 0 }]])
  const into = (n: number): Span => {
    const ways = predecessors[n]!.filter((from) => at.has(from))
    const sums = ways.map((from) => ({ ...at.get(from)!, added: added(from) }))
    return {
      low: Math.min(...sums.map((sum) => sum.low + sum.added)),
      high: Math.max(...sums.map((sum) => sum.high + sum.added))
    }
  }
  for (const n of order) if (n !== header) at.set(n, into(n))
  return { at, round: into(header) }
}
