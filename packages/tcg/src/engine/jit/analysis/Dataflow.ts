/**
 * Which globals a region keeps in locals, and at each node which of them differ from memory (dirty) and which of them will
 * be needed (live). Sets are bigint bit masks over value numbers.
 *
 * What must hold: where a global is dirty on some way to an exit, its local is right on every way to it. So exits count as
 * uses of what is dirty there, and a call (after which locals are stale) reloads what is live behind it.
 */
import { CallbackFlags } from "@emu/core/Instrumentation"
import { type IrBlock, outputsOf, type Op } from "../../../ir/Block.ts"
import { CpuSlot } from "../../../Layout.ts"
import { Opcode, OpFlag, opTable } from "../../../ir/Opcode.ts"
import { type Cfg, flowSuccessors, type Node, successors } from "./Cfg.ts"

export type Globals = bigint

/** The value numbers in a set. */
export const members = (set: Globals): Array<number> => {
  const list: Array<number> = []
  for (let low = Number(set & 0xffffffffn), i = 0; low !== 0; low >>>= 1, i++) if (low & 1) list.push(i)
  for (let high = Number(set >> 32n), i = 32; high !== 0; high >>>= 1, i++) if (high & 1) list.push(i)
  return list
}

/** Globals from here on always stay in memory: they are shared with the runtime or rarely used. */
export const firstMemoryGlobal = CpuSlot.pc

/** Whether a value number is a global that lives in a local. */
export const isLocalGlobal = (value: number): boolean => value >= 0 && value < firstMemoryGlobal

/** Whether an operation may leave the region or show its registers, so that dirty globals must be storable there. */
export const mayObserve = (op: Op): boolean => (opTable[op.opcode]!.flags & (OpFlag.memory | OpFlag.globals)) !== 0

/** Registers that the callback of a plugin operation may touch. */
export const callbackFlags = (ir: IrBlock, op: Op): CallbackFlags => {
  if (op.opcode !== Opcode.plugin_exec && op.opcode !== Opcode.plugin_cond && op.opcode !== Opcode.plugin_mem) return 0
  const { callback } = ir.callbacks[op.args.at(-1)!]!
  return "flags" in callback ? callback.flags : 0
}

/** Whether an operation stores all dirty globals and reloads the live ones behind it (a helper or a callback that writes). */
export const isBarrier = (ir: IrBlock, op: Op): boolean =>
  op.opcode === Opcode.call || callbackFlags(ir, op) >= CallbackFlags.readWriteRegs

/** The set of each global by itself. */
export const singleton: ReadonlyArray<Globals> = Array.from(
  { length: firstMemoryGlobal },
  (_, global) => 1n << BigInt(global)
)

export interface Dataflow {
  /** Globals that may differ from memory when the node begins. */
  readonly dirtyIn: ReadonlyArray<Globals>
  /** Globals whose local is needed when the node begins. */
  readonly liveIn: ReadonlyArray<Globals>
  /** Globals to store in front of each loop, by its header. */
  readonly storedBefore: ReadonlyMap<number, Globals>
}

/** Globals that an operation defines. */
export const definesOf = (op: Op): Globals => {
  let set = 0n
  for (let i = 0; i < outputsOf(op); i++) if (isLocalGlobal(op.args[i]!)) set |= singleton[op.args[i]!]!
  return set
}

/** Globals that an operation reads. */
export const usesOf = (op: Op): Globals => {
  const info = opTable[op.opcode]!
  let set = 0n
  for (let i = info.outputs; i < info.outputs + info.inputs; i++) {
    if (isLocalGlobal(op.args[i]!)) set |= singleton[op.args[i]!]!
  }
  return set
}

const opsOf = (node: Node): ReadonlyArray<Op> => node.ir.ops.slice(node.start, node.end)

/** What a node does to sets that flow through it. */
interface Summary {
  /** What is dirty in front of it need not be so behind it, and what is live behind it is not in front: a barrier, a call. */
  readonly isBarrier: boolean
  /** What it defines, and what of that is dirty behind it. */
  readonly defines: Globals
  readonly leavesDirty: Globals
}

const summarize = (node: Node): Summary => {
  let defines = 0n
  let leavesDirty = 0n
  let hasBarrier = false
  for (const op of opsOf(node)) {
    if (isBarrier(node.ir, op)) {
      hasBarrier = true
      leavesDirty = 0n
    }
    const defined = definesOf(op)
    defines |= defined
    leavesDirty |= defined
  }
  const isCall = node.terminator.kind === "call"
  return { isBarrier: hasBarrier || isCall, defines, leavesDirty: isCall ? 0n : leavesDirty }
}

/** Live globals in front of a node, given those behind it. `behind` receives those behind each operation. */
export const liveInOf = (node: Node, dirtyIn: Globals, liveOut: Globals, behind?: Array<Globals>): Globals => {
  const ops = opsOf(node)
  // Dirty sets in front of each operation, forwards.
  const dirtyAt: Array<Globals> = []
  let dirty = dirtyIn
  for (const op of ops) {
    dirtyAt.push(dirty)
    if (isBarrier(node.ir, op)) dirty = 0n
    dirty |= definesOf(op)
  }
  let live = node.terminator.kind === "call" ? 0n : liveOut
  // The end of any node may leave the region (a loop's budget, a jump out): what is dirty there must be storable.
  live |= dirty
  for (let i = ops.length - 1; i >= 0; i--) {
    const op = ops[i]!
    if (behind !== undefined) behind[i] = live
    live &= ~definesOf(op)
    if (isBarrier(node.ir, op)) live = 0n
    live |= usesOf(op)
    if (mayObserve(op)) live |= dirtyAt[i]!
  }
  return live
}

/**
 * Solves both problems to their fixed points.
 *
 * What a loop does not define is stored in front of it, not where the loop is left in its middle: so it need not be in a local all
 * through the loop, where the host has too few registers already.
 *
 * @param order reverse postorder of the reachable nodes
 * @param loops headers of loops, with their bodies: the region may leave in front of them
 */
export const solve = (cfg: Cfg, order: ReadonlyArray<number>, loops: ReadonlyMap<number, ReadonlySet<number>>): Dataflow => {
  const summaries: Array<Summary> = []
  for (const n of order) summaries[n] = summarize(cfg.nodes[n]!)
  const { dirtyIn, storedBefore } = solveDirty(cfg, order, loops, summaries)
  const liveIn: Array<Globals> = cfg.nodes.map(() => 0n)
  // What each node needs whatever is live behind it.
  const needs: Array<Globals> = []
  for (const n of order) {
    needs[n] = liveInOf(cfg.nodes[n]!, dirtyIn[n]!, 0n)
    if (loops.has(n)) needs[n] |= dirtyIn[n]! | storedBefore.get(n)!
  }
  for (let changed = true; changed;) {
    changed = false
    for (let i = order.length - 1; i >= 0; i--) {
      const n = order[i]!
      let live = needs[n]!
      const { defines, isBarrier: isEnd } = summaries[n]!
      if (!isEnd) for (const s of flowSuccessors(cfg.nodes[n]!.terminator)) live |= liveIn[s]! & ~defines
      if (live !== liveIn[n]) {
        liveIn[n] = live
        changed = true
      }
    }
  }
  return { dirtyIn, liveIn, storedBefore }
}

const solveDirty = (
  cfg: Cfg,
  order: ReadonlyArray<number>,
  loops: ReadonlyMap<number, ReadonlySet<number>>,
  summaries: ReadonlyArray<Summary>
): Omit<Dataflow, "liveIn"> => {
  const dirtyIn: Array<Globals> = cfg.nodes.map(() => 0n)
  const storedBefore = new Map<number, Globals>()
  const definedIn = new Map<number, Globals>()
  for (const [header, body] of loops) {
    let defined = 0n
    for (const n of body) defined |= summaries[n]!.defines
    definedIn.set(header, defined)
    storedBefore.set(header, 0n)
  }
  for (let changed = true; changed;) {
    changed = false
    for (const n of order) {
      const { isBarrier: isEnd, leavesDirty } = summaries[n]!
      const out = isEnd ? leavesDirty : dirtyIn[n]! | leavesDirty
      for (const s of successors(cfg.nodes[n]!.terminator)) {
        let dirty = out
        const defined = definedIn.get(s)
        if (defined !== undefined && !loops.get(s)!.has(n)) {
          dirty &= defined
          storedBefore.set(s, storedBefore.get(s)! | (out & ~defined))
        }
        const merged = dirtyIn[s]! | dirty
        if (merged !== dirtyIn[s]) {
          dirtyIn[s] = merged
          changed = true
        }
      }
    }
  }
  return { dirtyIn, storedBefore }
}
