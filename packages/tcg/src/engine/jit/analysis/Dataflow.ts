/**
 * Which globals a region keeps in locals, and at each node which of them differ from memory (dirty) and which of them will
 * be needed (live). Sets are bigint bit masks over value numbers.
 *
 * What must hold: where a global is dirty on some way to an exit, its local is right on every way to it. So exits count as
 * uses of what is dirty there, and a call (after which locals are stale) reloads what is live behind it.
 */
import { CallbackFlags } from "@emu/core/Instrumentation"
import { type IrBlock, outputsOf, type Op } from "../../../ir/Block.ts"
import { Opcode, OpFlag, opTable } from "../../../ir/Opcode.ts"
import { type Cfg, flowSuccessors, type Node, successors } from "./Cfg.ts"
import type { Analysis } from "./Graph.ts"

export type Globals = bigint

/** The value numbers in a set. */
export const members = (set: Globals): Array<number> => {
  const list: Array<number> = []
  if (set === 0n) return list
  for (let low = Number(set & 0xffffffffn), i = 0; low !== 0; low >>>= 1, i++) if (low & 1) list.push(i)
  if (set <= 0xffffffffn) return list
  for (let high = Number(set >> 32n), i = 32; high !== 0; high >>>= 1, i++) if (high & 1) list.push(i)
  return list
}

/** Globals from here on always stay in memory: they are shared with the runtime or rarely used, and sets have no room for them. */
export const firstMemoryGlobal = 64

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
const definesOf = (op: Op): Globals => {
  let set = 0n
  for (let i = 0; i < outputsOf(op); i++) if (isLocalGlobal(op.args[i]!)) set |= singleton[op.args[i]!]!
  return set
}

/** Globals that an operation reads. */
const usesOf = (op: Op): Globals => {
  const info = opTable[op.opcode]!
  let set = 0n
  for (let i = info.outputs; i < info.outputs + info.inputs; i++) {
    if (isLocalGlobal(op.args[i]!)) set |= singleton[op.args[i]!]!
  }
  return set
}

/** A set of globals that grows: in numbers, since bigints are made anew with every change. */
class GrowingSet {
  private low = 0
  private high = 0

  add(global: number): void {
    if (global < 32) this.low |= 1 << global
    else this.high |= 1 << (global - 32)
  }

  has(global: number): boolean {
    return ((global < 32 ? this.low >>> global : this.high >>> (global - 32)) & 1) !== 0
  }

  clear(): void {
    this.low = 0
    this.high = 0
  }

  /** The members so far. */
  now(): Globals {
    const low = BigInt(this.low >>> 0)
    return this.high === 0 ? low : (BigInt(this.high >>> 0) << 32n) | low
  }
}

/** What a node does to sets that flow through it. */
interface Summary {
  /** What is dirty in front of it need not be so behind it, and what is live behind it is not in front: a barrier, a call. */
  readonly isBarrier: boolean
  /** What it defines, and what of that is dirty behind it. */
  readonly defines: Globals
  readonly leavesDirty: Globals
  /** What it reads as it is in front of it. */
  readonly reads: Globals
  /** What it defines before anything of it may leave the region. What else is dirty in front of it must be storable there. */
  readonly unseen: Globals
}

const summarize = ({ end, ir, start, terminator }: Node): Summary => {
  const defines = new GrowingSet()
  const dirty = new GrowingSet()
  const reads = new GrowingSet()
  let unseen: Globals | undefined
  let hasBarrier = false
  for (let i = start; i < end; i++) {
    const op = ir.ops[i]!
    const { args } = op
    const { inputs, outputs } = opTable[op.opcode]!
    // Behind a barrier all is read back from memory.
    if (!hasBarrier) {
      for (let a = outputs; a < outputs + inputs; a++) {
        if (isLocalGlobal(args[a]!) && !defines.has(args[a]!)) reads.add(args[a]!)
      }
      if (unseen === undefined && mayObserve(op)) unseen = defines.now()
    }
    if (isBarrier(ir, op)) {
      hasBarrier = true
      dirty.clear()
    }
    for (let a = 0; a < outputs; a++) {
      if (!isLocalGlobal(args[a]!)) continue
      defines.add(args[a]!)
      dirty.add(args[a]!)
    }
  }
  const isCall = terminator.kind === "call"
  return {
    isBarrier: hasBarrier || isCall,
    defines: defines.now(),
    leavesDirty: isCall ? 0n : dirty.now(),
    reads: reads.now(),
    // The end of any node may leave the region (a loop's budget, a jump out).
    unseen: unseen ?? defines.now()
  }
}

/** Live globals behind each operation of a node, given what is dirty in front of the node and live behind it. */
export const liveBehind = ({ end, ir, start, terminator }: Node, dirtyIn: Globals, liveOut: Globals): Array<Globals> => {
  const ops = ir.ops.slice(start, end)
  // Dirty sets in front of each operation, forwards.
  const dirtyAt: Array<Globals> = []
  let dirty = dirtyIn
  for (const op of ops) {
    dirtyAt.push(dirty)
    if (isBarrier(ir, op)) dirty = 0n
    dirty |= definesOf(op)
  }
  const behind: Array<Globals> = []
  let live = terminator.kind === "call" ? 0n : liveOut
  live |= dirty
  for (let i = ops.length - 1; i >= 0; i--) {
    const op = ops[i]!
    behind[i] = live
    live &= ~definesOf(op)
    if (isBarrier(ir, op)) live = 0n
    live |= usesOf(op)
    if (mayObserve(op)) live |= dirtyAt[i]!
  }
  return behind
}

/**
 * Solves both problems to their fixed points.
 *
 * What a loop does not define is stored in front of it, not where the loop is left in its middle: so it need not be in a local all
 * through the loop, where the host has too few registers already.
 *
 * @param loops headers of loops, with their bodies: the region may leave in front of them
 */
export const solve = (cfg: Cfg, graph: Analysis, loops: ReadonlyMap<number, ReadonlySet<number>>): Dataflow => {
  const { goesBack, order } = graph
  const summaries: Array<Summary> = []
  for (const n of order) summaries[n] = summarize(cfg.nodes[n]!)
  const { dirtyIn, storedBefore } = solveDirty(cfg, graph, loops, summaries)
  const liveIn: Array<Globals> = cfg.nodes.map(() => 0n)
  // What each node needs whatever is live behind it.
  const needs: Array<Globals> = []
  for (const n of order) {
    const { reads, unseen } = summaries[n]!
    needs[n] = reads | (dirtyIn[n]! & ~unseen)
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
        changed = goesBack
      }
    }
  }
  return { dirtyIn, liveIn, storedBefore }
}

const solveDirty = (
  cfg: Cfg,
  { goesBack, order }: Analysis,
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
          changed = goesBack
        }
      }
    }
  }
  return { dirtyIn, storedBefore }
}
