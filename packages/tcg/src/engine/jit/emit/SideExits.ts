/**
 * The ways out of a region in the middle of blocks and loops: faults, checks that fail, callbacks that want to leave, no fuel.
 * They are rare. So code branches to the end of the function, where those that leave the same to be stored share the code for it.
 */
import type { CodeWriter, Label } from "../../../wasm/CodeWriter.ts"
import { Insn } from "../../../wasm/Wasm.ts"
import type { CounterLocals } from "./CounterLocals.ts"
import type { Cursor, Unsaved } from "./Cursor.ts"
import { successors } from "../analysis/Cfg.ts"
import { mayLeaveAt } from "../analysis/Accesses.ts"
import type { RegionAnalysis } from "../analysis/RegionAnalysis.ts"
import { Cell, Leave, Parameter } from "../Runtime.ts"
import type { Values } from "./Values.ts"
import type { WaysOut } from "./WaysOut.ts"

/** A place where a region may leave in the middle of a block, for the engine to make sense of. */
export interface Site {
  /** Guest instruction. */
  readonly pc: number
  /** The block that it belongs to, and the root of the region. */
  readonly block: number
  readonly root: number
  /** Instructions of its block from it on: counted already, but not executed. */
  readonly unexecuted: number
  /** The access, and the `PageFlag`s it needs. */
  readonly memop: number
  readonly needs: number
  readonly isBaseline: boolean
}

/** A shared exit: where to branch with `next` set, and where to leave with a fault. */
interface Exit {
  readonly unsaved: Unsaved
  readonly leave: Label
  readonly fault: Label
}

/** Key of the exit that has nothing to bring to memory (see `Cursor.unsavedKey`). */
const cleanKey = "0:0:"

/** What a region is written with. */
interface Writers {
  readonly code: CodeWriter
  readonly values: Values
  readonly counters: CounterLocals
  readonly cursor: Cursor
  readonly out: WaysOut
}

export class SideExits {
  readonly sites: Array<Site> = []
  private readonly writers: Writers
  private readonly root: number
  private readonly firstSite: number
  /** By `Cursor.unsavedKey`; the first one opened is the outermost. */
  private readonly exits = new Map<string, Exit>()

  /**
   * @param root where the region begins
   * @param firstSite number of the first site
   */
  constructor(writers: Writers, root: number, firstSite: number) {
    this.writers = writers
    this.root = root
    this.firstSite = firstSite
  }

  /** At the start of the function: opens the blocks that branches leave. */
  open(region: RegionAnalysis): void {
    const { code, cursor } = this.writers
    for (const [key, unsaved] of findExits(region, cursor)) {
      this.exits.set(key, { unsaved, leave: code.block(), fault: code.block() })
    }
  }

  /** At the end of the function: writes the exits. */
  close(): void {
    const { code, out } = this.writers
    for (const { unsaved } of [...this.exits.values()].toReversed()) {
      code.end()
      code.i32(Leave.fault)
      code.set(out.next)
      code.end()
      this.save(unsaved)
      out.returnNext()
    }
  }

  /** Brings all that others may look at to memory. */
  save({ ahead, pending, stores }: Unsaved = this.writers.cursor.unsaved()): void {
    this.writers.values.store(stores)
    this.writers.counters.flush(pending, ahead)
  }

  /** Leaves with what is in `next`. */
  leave(): void {
    this.writers.code.br(this.here().leave)
  }

  /** Leaves with what is in `next` where nothing is dirty yet. */
  leaveClean(): void {
    this.writers.code.br(this.exits.get(cleanKey)!.leave)
  }

  /** Pops a condition: leaves as `leaveClean` where it holds. */
  leaveCleanIf(): void {
    this.writers.code.brIf(this.exits.get(cleanKey)!.leave)
  }

  /** Pops a site's number: leaves with a fault unless it is 0. */
  leaveOnFault(): void {
    this.writers.code.brIf(this.here().fault)
  }

  /** Leaves in the middle of a block: the site's cell says where. */
  leaveAtSite(leave: number): void {
    const { code, out } = this.writers
    code.i32(0)
    code.i32(this.site(0, 0))
    code.memory(Insn.i32_store, Cell.site)
    code.i32(leave)
    code.set(out.next)
    this.leave()
  }

  /**
   * Leaves with a pc to go on at where there is no fuel.
   *
   * @param floor the local with how much of it must be left, where that is not 0
   */
  leaveWithoutFuel(pc: number, floor?: number): void {
    const { code, out } = this.writers
    this.ifNoFuel(() => {
      code.i32(pc)
      code.set(out.next)
      this.leave()
    }, floor)
  }

  /** Does what `then` writes where there is no fuel, or no more than a local says. */
  ifNoFuel(then: () => void, floor?: number): void {
    const { code } = this.writers
    code.get(Parameter.fuel)
    if (floor === undefined) code.i32(0)
    else code.get(floor)
    code.op(Insn.i32_le_s)
    code.ifUnlikely()
    then()
    code.end()
  }

  /** Numbers the current instruction as a place where the region may be left. */
  site(memop: number, needs: number): number {
    const { insn, node } = this.writers.cursor
    const { block, ir } = node
    // Instrumentation of the block as a whole runs before its instructions are counted.
    const unexecuted = ir === block.head ? 0 : ir.insns.length - insn
    this.sites.push({
      pc: Number(ir.insns[insn]!.pc),
      block: block.pc,
      root: this.root,
      unexecuted,
      memop,
      needs,
      isBaseline: false
    })
    return this.firstSite + this.sites.length - 1
  }

  private here(): Exit {
    return this.exits.get(this.writers.cursor.unsavedKey())!
  }
}

/** What must be stored to leave at every place from where a region may leave through a shared exit, by `Cursor.unsavedKey`. */
const findExits = (region: RegionAnalysis, cursor: Cursor): ReadonlyMap<string, Unsaved> => {
  const { accesses, graph, webs } = region
  const exits = new Map<string, Unsaved>([[cleanKey, { stores: [], pending: 0, ahead: 0 }]])
  const add = (): void => {
    exits.set(cursor.unsavedKey(), cursor.unsaved())
  }
  for (const n of graph.order) {
    const inFront = accesses.loops.has(n) || accesses.rounds.has(n)
    const behind = mayLeaveBehind(region, n)
    if (!inFront && !behind && !webs.ops[n]!.some((op) => mayLeaveAt(accesses, op))) continue
    cursor.enter(n)
    if (inFront) add()
    cursor.walk((op) => {
      if (mayLeaveAt(accesses, op)) add()
    })
    if (behind) add()
  }
  return exits
}

/** Whether the region may be left at a node's end other than by its terminator: where the way goes back, or on to another block. */
const mayLeaveBehind = ({ calling, cfg, graph, unresumable }: RegionAnalysis, n: number): boolean => {
  const { block, terminator } = cfg.nodes[n]!
  return (
    terminator.kind === "compute" ||
    calling.has(block.pc) ||
    successors(terminator).some((to) => graph.position[to]! <= graph.position[n]! || unresumable.has(to))
  )
}
