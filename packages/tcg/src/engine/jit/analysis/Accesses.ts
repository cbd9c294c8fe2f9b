/**
 * Which accesses to guest memory need a check, and where. Accesses off the same value share one check of all that they touch;
 * where that value does not change in a loop, or walks through memory, the check stands in front of the loop; where the
 * address is constant, it is done now.
 *
 * Addresses are followed within extended basic blocks (a node inherits from its only predecessor) as a root value plus a range
 * of offsets: sums with constants and with values of which the range is known, such as a byte that indexes a table.
 *
 * A shared check asks for more than the access at hand needs. Where it fails, the region leaves in front of the instruction,
 * and the interpreter finds out what is allowed.
 */
import type { IrBlock, Op } from "../../../ir/Block.ts"
import { MemOp, Opcode, opTable } from "../../../ir/Opcode.ts"
import { PageFlag } from "../../../Layout.ts"
import type { Cfg } from "./Cfg.ts"
import { mayObserve } from "./Dataflow.ts"
import type { Analysis } from "./Graph.ts"
import { findStrides, type Stride, type WalkingLoop } from "./Strides.ts"
import { firstWeb, type Webs } from "./Webs.ts"

/** A check that a stretch of memory around a value allows what its accesses need. */
export interface Check {
  /** A web or a temp. */
  readonly root: number
  /** Offsets from it: the first byte, and behind the last. */
  low: number
  high: number
  /** `PageFlag`s. */
  needs: number
}

/** A check that memory allows what a loop accesses off a register that walks, for as many rounds as it gives. */
export interface StrideCheck extends Check {
  /** What a round adds to the root at the most. */
  readonly step: number
}

/** Checks in front of a loop for a number of rounds. */
export interface RoundChecks {
  readonly checks: ReadonlyArray<StrideCheck>
  /** Instructions of the shortest round. */
  readonly shortest: number
}

export interface AccessPlan {
  /** Accesses that need no check of their own, or not behind the one in `checks`. */
  readonly covered: ReadonlySet<Op>
  /** What to check in front of an access, for it and others. Those that are not covered are checked by themselves. */
  readonly checks: ReadonlyMap<Op, Check>
  /** What to check in front of a loop, by its header. */
  readonly loops: ReadonlyMap<number, ReadonlyArray<Check>>
  /** What to check there for a number of rounds: the loop must be left behind these. */
  readonly rounds: ReadonlyMap<number, RoundChecks>
}

/** Whether a region may be left in front of an operation: a check fails, or a call to a plugin ends that way. */
export const mayLeaveAt = ({ checks, covered }: AccessPlan, op: Op): boolean =>
  mayObserve(op) && (checks.has(op) || !covered.has(op))

/**
 * Which accesses may share a check: those at constant offsets from a value, those at indices with a known range as well,
 * those off a register that walks through memory as well.
 */
export type Sharing = "none" | "constants" | "ranges" | "strides"

export interface AccessOptions {
  /** Loops by header: the nodes in them. */
  readonly loops: ReadonlyMap<number, ReadonlySet<number>>
  readonly sharing: Sharing
  /** Whether a check may stand in front of a loop. */
  readonly mayHoist: (header: number, web: number) => boolean
  /** Whether `low .. high - 1` allows an access now. */
  readonly allows: (low: number, high: number, needs: number) => boolean
}

/** Offsets beyond this are not followed, and no check covers more bytes. */
const reach = 1 << 20

/** A value as a root plus a range of offsets; without a root, as a number in a range. */
interface SymbolicValue {
  readonly root: Root | undefined
  readonly low: number
  readonly high: number
}

/** The value that a web or temp had for a while, or that a web had at the header of the loop in which it walks. */
interface Root {
  readonly value: number
  readonly header?: number
}

/** What is known at a place: symbols of values, the root that stands for each value now, and the checks done. */
interface State {
  readonly symbols: Map<number, SymbolicValue>
  readonly roots: Map<number, Root>
  readonly checks: Map<Root, Check>
}

/** Plans the checks of a region's accesses. */
export const planAccesses = (cfg: Cfg, analysis: Analysis, webs: Webs, options: AccessOptions): AccessPlan =>
  new Planner(cfg, analysis, webs, options).plan()

/** An access on the way through a node. */
interface Place {
  readonly node: number
  readonly ir: IrBlock
  readonly state: State
  /** Checks that this node began: they may still be made to cover more. */
  readonly open: Array<Check>
  /** The region may be left here, for the interpreter to do the whole instruction. */
  mayLeave: boolean
}

const none: ReadonlyMap<number, never> = new Map<number, never>()

class Planner {
  private readonly covered = new Set<Op>()
  private readonly checks = new Map<Op, Check>()
  /** Checks in front of loops, by header and root. */
  private readonly hoisted = new Map<number, Map<number, Check>>()
  /** The same of registers that walk. */
  private readonly walked = new Map<Root, StrideCheck>()
  /** The innermost loops by header, and the one around each node of them. */
  private readonly walking: ReadonlyMap<number, WalkingLoop>
  private readonly walkedAround = new Map<number, ReadonlyArray<readonly [Root, Stride]>>()
  /** Webs that each loop changes. */
  private readonly definedIn: ReadonlyMap<number, ReadonlySet<number>>
  /** Loops, the outermost first. */
  private readonly nest: ReadonlyArray<readonly [header: number, body: ReadonlySet<number>]>
  private readonly cfg: Cfg
  private readonly analysis: Analysis
  private readonly webs: Webs
  private readonly options: AccessOptions

  constructor(cfg: Cfg, analysis: Analysis, webs: Webs, options: AccessOptions) {
    this.cfg = cfg
    this.analysis = analysis
    this.webs = webs
    this.options = options
    this.definedIn = new Map([...options.loops].map(([header, body]) => [header, webs.definedIn(body)]))
    const mayWalk = options.sharing === "strides" && options.loops.size > 0
    this.walking = mayWalk ? findStrides(cfg, analysis, webs, options.loops, options.mayHoist) : none
    for (const [header, { body, strides }] of this.walking) {
      const roots = strides.map((stride) => [{ value: stride.web, header }, stride] as const)
      for (const node of body) this.walkedAround.set(node, roots)
    }
    this.nest = [...options.loops].toSorted(([a], [b]) => analysis.position[a]! - analysis.position[b]!)
  }

  plan(): AccessPlan {
    const { analysis, cfg, covered, checks, hoisted, webs } = this
    const ends: Array<State | undefined> = []
    for (const node of analysis.order) {
      const { ir } = cfg.nodes[node]!
      const ops = webs.ops[node]!
      const known = inherited(node, cfg, analysis, ends)
      if (known === undefined && ops.length === 0) continue
      const state = known ?? { symbols: new Map(), roots: new Map(), checks: new Map() }
      this.enterLoop(node, state)
      // A node may begin in the middle of an instruction.
      const place: Place = { node, ir, state, open: [], mayLeave: false }
      for (const op of ops) {
        if (op.opcode === Opcode.insn_start) place.mayLeave = true
        const access = accessOf(op)
        if (access !== undefined && this.cover(op, access, place)) covered.add(op)
        define(op, ir, state, webs)
      }
      ends[node] = state
    }
    if (analysis.goesBack) {
      const loops = new Map([...hoisted].map(([header, byRoot]) => [header, [...byRoot.values()]]))
      return { covered, checks, loops, rounds: this.rounds() }
    }
    return { covered, checks, loops: none, rounds: none }
  }

  /** Where each register that walks in the loop around a node is, as the node begins; behind the loop that is not known. */
  private enterLoop(node: number, { symbols }: State): void {
    if (this.walking.size === 0) return
    const walking = this.walkedAround.get(node) ?? []
    for (const [value, { root }] of symbols) {
      if (root?.header !== undefined && !walking.some(([each]) => each === root)) symbols.delete(value)
    }
    for (const [root, { at, web }] of walking) symbols.set(web, { root, ...at.get(node)! })
  }

  private rounds(): ReadonlyMap<number, RoundChecks> {
    const rounds = new Map<number, RoundChecks>()
    for (const [header, { shortest }] of this.walking) {
      const checks = [...this.walked].filter(([root]) => root.header === header).map(([, check]) => check)
      if (checks.length > 0) rounds.set(header, { checks, shortest })
    }
    return rounds
  }

  /** Finds or begins a check that covers an access; false where it must be checked by itself. */
  private cover(op: Op, { base, disp, needs, size }: Access, place: Place): boolean {
    const { options } = this
    const { ir, open, state } = place
    const symbol = symbolOf(state, ir, base)
    const low = symbol.low + disp
    const high = symbol.high + disp + size
    const { root } = symbol
    if (root === undefined) return low >= 0 && options.allows(low, high, needs)
    if (root.header !== undefined) return this.walk(root, { low, high, needs }, place.node)
    const { sharing } = options
    if (sharing === "none" || (sharing === "constants" && symbol.low !== symbol.high)) return false
    const known = state.checks.get(root)
    if (known !== undefined && extend(known, low, high, needs, open.includes(known))) return true
    if (state.roots.get(root.value) !== root || high - low > reach) return false
    const check = { root: root.value, low, high, needs }
    const header = this.loopWithout(root.value, place.node)
    if (header !== undefined) return this.hoist(header, check)
    if (!place.mayLeave || known !== undefined) return false
    state.checks.set(root, check)
    open.push(check)
    this.checks.set(op, check)
    return true
  }

  /** Adds to the checks of a register that walks; false where one would have to cover too much. */
  private walk(root: Root, { high, low, needs }: Omit<Check, "root">, node: number): boolean {
    const known = this.walked.get(root)
    if (known !== undefined) return extend(known, low, high, needs, true)
    const found = this.walkedAround.get(node)!.find(([each]) => each === root)
    if (found === undefined || high - low > reach) return false
    this.walked.set(root, { root: root.value, low, high, needs, step: found[1].step })
    return true
  }

  /** The header of the outermost loop around a node that does not change a value and may have a check of it in front. */
  private loopWithout(value: number, node: number): number | undefined {
    if (value < firstWeb) return undefined
    const isFit = ([header, body]: readonly [number, ReadonlySet<number>]) =>
      body.has(node) && !this.definedIn.get(header)!.has(value) && this.options.mayHoist(header, value)
    return this.nest.find(isFit)?.[0]
  }

  /** Adds to the checks in front of a loop; false where one of them would have to cover too much. */
  private hoist(header: number, check: Check): boolean {
    let byRoot = this.hoisted.get(header)
    if (byRoot === undefined) this.hoisted.set(header, (byRoot = new Map()))
    const known = byRoot.get(check.root)
    if (known !== undefined) return extend(known, check.low, check.high, check.needs, true)
    byRoot.set(check.root, check)
    return true
  }
}

/** Makes a check cover more, if it may be changed still and does not cover too much then. False if it does not cover that. */
const extend = (check: Check, low: number, high: number, needs: number, mayChange: boolean): boolean => {
  if (low >= check.low && high <= check.high && (needs & ~check.needs) === 0) return true
  const from = Math.min(low, check.low)
  const to = Math.max(high, check.high)
  if (!mayChange || to - from > reach) return false
  check.low = from
  check.high = to
  check.needs |= needs
  return true
}

/** What is known where a node begins, from its only predecessor; undefined where nothing is. */
const inherited = (n: number, cfg: Cfg, analysis: Analysis, ends: ReadonlyArray<State | undefined>): State | undefined => {
  const predecessors = analysis.predecessors[n]!
  const from = predecessors.length === 1 ? predecessors[0]! : undefined
  const state = from === undefined || cfg.nodes[from]!.terminator.kind === "call" ? undefined : ends[from]
  const sameBlock = from !== undefined && cfg.nodes[from]!.ir === cfg.nodes[n]!.ir
  if (state === undefined) return undefined
  // Temps are numbered by block.
  const keep = ([value]: [number, unknown]) => sameBlock || value >= firstWeb
  return {
    symbols: new Map([...state.symbols].filter(keep)),
    roots: new Map([...state.roots].filter(keep)),
    checks: new Map(state.checks)
  }
}

interface Access {
  readonly base: number
  readonly disp: number
  readonly needs: number
  readonly size: number
}

/** A load or store that need not be aligned. Atomics are checked by themselves. */
const accessOf = ({ args, opcode }: Op): Access | undefined => {
  if (opcode !== Opcode.guest_ld && opcode !== Opcode.guest_st) return undefined
  const [, base, disp, memop] = args as [number, number, number, number]
  if ((memop & MemOp.aligned) !== 0) return undefined
  const needs = opcode === Opcode.guest_st ? PageFlag.write : PageFlag.read
  return { base, disp, needs, size: 1 << (memop & MemOp.sizeMask) }
}

const symbolOf = (state: State, ir: IrBlock, value: number): SymbolicValue => {
  if (value < 0) {
    const number = Number(ir.constants[~value]!)
    return { root: undefined, low: number, high: number }
  }
  return state.symbols.get(value) ?? { root: rootOf(state, value), low: 0, high: 0 }
}

const rootOf = (state: State, value: number): Root => {
  let root = state.roots.get(value)
  if (root === undefined) state.roots.set(value, (root = { value }))
  return root
}

/** Takes note of what an operation defines. */
const define = (op: Op, ir: IrBlock, state: State, webs: Webs): void => {
  webs.behindOp.get(op)?.forEach(([, web]) => forget(state, web))
  if (opTable[op.opcode]!.outputs === 0) return
  const symbol = resultOf(op, ir, state)
  const d = op.args[0]!
  forget(state, d)
  if (symbol !== undefined && Math.abs(symbol.low) <= reach * 4096 && Math.abs(symbol.high) <= reach * 4096) {
    state.symbols.set(d, symbol)
  }
}

const forget = (state: State, value: number): void => {
  state.symbols.delete(value)
  state.roots.delete(value)
}

const range = (low: number, high: number): SymbolicValue => ({ root: undefined, low, high })

/** What is known of an operation's result. */
const resultOf = ({ args, opcode }: Op, ir: IrBlock, state: State): SymbolicValue | undefined => {
  /** The second operand, where it is a constant. */
  const count = args[2] !== undefined && args[2] < 0 ? ir.constants[~args[2]] : undefined
  switch (opcode) {
    case Opcode.mov:
      return symbolOf(state, ir, args[1]!)
    case Opcode.add:
      return sum(symbolOf(state, ir, args[1]!), symbolOf(state, ir, args[2]!))
    case Opcode.and: {
      if (count === undefined || count < 0n || count > 0xffffffffn) return undefined
      return range(0, Number(count))
    }
    case Opcode.shl: {
      const { high, low, root } = symbolOf(state, ir, args[1]!)
      if (root !== undefined || count === undefined || count > 20n) return undefined
      return range(low * 2 ** Number(count), high * 2 ** Number(count))
    }
    case Opcode.shr:
      return count !== undefined && count >= 32n && count < 64n ? range(0, 2 ** (64 - Number(count)) - 1) : undefined
    case Opcode.shr_i32:
      return count !== undefined && count >= 1n && count < 32n ? range(0, 2 ** (32 - Number(count)) - 1) : undefined
    case Opcode.ext8u:
      return range(0, 0xff)
    case Opcode.ext16u:
      return range(0, 0xffff)
    case Opcode.ext8s:
      return range(-0x80, 0x7f)
    case Opcode.ext16s:
      return range(-0x8000, 0x7fff)
    case Opcode.setcond:
      return range(0, 1)
    case Opcode.guest_ld: {
      const bits = 8 << (args[3]! & MemOp.sizeMask)
      if (bits > 16) return undefined
      return (args[3]! & MemOp.sign) !== 0 ? range(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) : range(0, 2 ** bits - 1)
    }
    default:
      return undefined
  }
}

const sum = (a: SymbolicValue, b: SymbolicValue): SymbolicValue | undefined =>
  a.root !== undefined && b.root !== undefined
    ? undefined
    : { root: a.root ?? b.root, low: a.low + b.low, high: a.high + b.high }
