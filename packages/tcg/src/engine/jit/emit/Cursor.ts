/** Where in a region the compiler is, and what the region's locals hold there that memory lacks. */
import type { Op } from "../../../ir/Block.ts"
import { Opcode, opTable } from "../../../ir/Opcode.ts"
import type { Node } from "../analysis/Cfg.ts"
import type { CounterSet } from "../analysis/Counters.ts"
import { type Globals, isBarrier, isLocalGlobal, members, singleton } from "../analysis/Dataflow.ts"
import type { RegionAnalysis } from "../analysis/RegionAnalysis.ts"
import { firstWeb, type WebLoads, type WebMap } from "../analysis/Webs.ts"

/** What must be brought to memory before others may look at it. */
export interface Unsaved {
  readonly stores: WebLoads
  readonly pending: CounterSet
  /** By how much the counter that follows fuel is ahead of it, if that is pending. */
  readonly ahead: number
}

/** A place that the cursor can be put back to. */
type Place = Pick<Cursor, "node" | "insn" | "pending" | "ahead"> & { readonly dirty: Globals; readonly current: WebMap }

export class Cursor {
  node!: Node
  /** The operation, with webs. */
  op!: Op
  /** Index of the instruction in its block; -1 in front of the first. */
  insn = -1
  /** Counters that may have to be added to memory. */
  pending: CounterSet = 0
  /** By how much the counter that follows fuel is ahead of it. */
  ahead = 0
  /** The same within the node, and at its end. */
  private aheadWithin = 0
  private aheadAtEnd = 0
  private dirty: Globals = 0n
  /** The web of each global. */
  private current!: WebMap
  private ops: ReadonlyArray<Op> = []
  private readonly region: RegionAnalysis

  constructor(region: RegionAnalysis) {
    this.region = region
  }

  /** Goes to the start of a node. */
  enter(n: number): void {
    const { cfg, counters, flow, webs } = this.region
    const node = cfg.nodes[n]!
    this.node = node
    this.ops = webs.ops[n]!
    this.dirty = flow.dirtyIn[n]!
    this.current = webs.start[n]!.slice()
    this.pending = counters.pendingIn[n]!
    this.ahead = counters.fuel?.start[n] ?? 0
    this.aheadWithin = counters.fuel?.within[n] ?? 0
    this.aheadAtEnd = counters.fuel?.end[n] ?? 0
    this.insn = -1
    for (let i = 0; i < node.start; i++) if (node.ir.ops[i]!.opcode === Opcode.insn_start) this.insn++
  }

  /**
   * Goes from the start of a node, where the fuel for it has been spent, to its end. `visit` is called in front of each operation, with
   * the operation with webs.
   */
  walk(visit: (op: Op) => void): void {
    this.ahead = this.aheadWithin
    for (const op of this.ops) {
      this.op = op
      visit(op)
      this.pass(op)
    }
    this.ahead = this.aheadAtEnd
  }

  /** Takes note of what the operation does to globals and counters. */
  private pass(op: Op): void {
    const { node, region } = this
    if (op.opcode === Opcode.insn_start) {
      this.insn++
      return
    }
    this.pending = region.counters.behind(node.ir, op, this.pending)
    if (isBarrier(node.ir, op)) {
      this.dirty = 0n
      for (const [global, web] of region.webs.behindOp.get(op)!) this.current[global] = web
    }
    const web = op.args[0]!
    if (opTable[op.opcode]!.outputs === 0 || web < firstWeb) return
    const global = region.webs.globalOf(web)
    this.dirty |= singleton[global]!
    this.current[global] = web
  }

  /** Takes note of a call to another region: all is in memory behind it. */
  passCall(): void {
    this.dirty = 0n
    this.pending = 0
  }

  /** The web that holds a value of the block here; what is no global is its own. */
  webOf(value: number): number {
    return isLocalGlobal(value) ? this.current[value]! : value
  }

  /** What memory lacks here. */
  unsaved(): Unsaved {
    return { stores: this.dirtyWebs(), pending: this.pending, ahead: this.aheadIfPending() }
  }

  /** The dirty globals, each with its web. */
  dirtyWebs(): WebLoads {
    return members(this.dirty).map((global) => [global, this.current[global]!])
  }

  /** The same for all places where memory lacks the same. */
  unsavedKey(): string {
    return `${this.pending}:${this.aheadIfPending()}:${this.dirtyWebs().join()}`
  }

  private aheadIfPending(): number {
    const { fuel } = this.region.counters
    return fuel !== undefined && ((this.pending >>> fuel.number) & 1) !== 0 ? this.ahead : 0
  }

  /** The place, for `comeBack`. Only for the end of a node, which changes nothing any more. */
  place(): Place {
    const { ahead, current, dirty, insn, node, pending } = this
    return { node, insn, pending, ahead, dirty, current }
  }

  /** Goes back to a node's end after other nodes. */
  comeBack({ ahead, current, dirty, insn, node, pending }: Place): void {
    this.node = node
    this.insn = insn
    this.pending = pending
    this.ahead = ahead
    this.dirty = dirty
    this.current = current
  }
}
