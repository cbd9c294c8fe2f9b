/**
 * Compiles a region to one WebAssembly function with structured control flow.
 *
 * Structure after Ramsey, "Beyond Relooper: Recursive Translation of Unstructured Control Flow to Structured Control Flow"
 * (ICFP 2022): walk the dominator tree; a loop header opens a `loop`, a merge point ends a `block`. `Irreducible.ts` has made
 * the graph fit for that, as far as it could; what still goes back to a node that does not dominate it leaves the region.
 */
import type { Op } from "../../../ir/Block.ts"
import { Opcode, opTable } from "../../../ir/Opcode.ts"
import { CpuSlot } from "../../../Layout.ts"
import { CodeWriter, type FunctionBody, type Label } from "../../../wasm/CodeWriter.ts"
import { Insn, ValType } from "../../../wasm/Wasm.ts"
import { type DispatchCase, isInverse, type Terminator } from "../analysis/Cfg.ts"
import { CounterLocals } from "./CounterLocals.ts"
import { Cursor } from "./Cursor.ts"
import type { WantedEntry } from "../analysis/Entries.ts"
import { pushUnusualStatus } from "./floatStatus.ts"
import { members } from "../analysis/Dataflow.ts"
import { dominates } from "../analysis/Graph.ts"
import type { LowerContext } from "./lower/Context.ts"
import { lowerFloat } from "./lower/float.ts"
import { lowerInteger, pushCondition } from "./lower/integer.ts"
import { lowerCheck, lowerMemory } from "./lower/memory.ts"
import { lowerRounds } from "./lower/rounds.ts"
import { lowerPlugin } from "./lower/plugin.ts"
import { type LowerOptions, makeLowerContext } from "./lowerContext.ts"
import { writeDispatch, writeSwitch, writeWayToSwitch } from "./multiway.ts"
import { analyseRegion, type AnalysisOptions, type RegionAnalysis, type RegionSource } from "../analysis/RegionAnalysis.ts"
import { resumeOf } from "../analysis/resume.ts"
import { Cell, Leave, Parameter } from "../Runtime.ts"
import { SideExits, type Site } from "./SideExits.ts"
import { Values } from "./Values.ts"
import { WaysOut } from "./WaysOut.ts"

export interface CompileOptions extends AnalysisOptions, LowerOptions {
  /** Type index of regions, for calls through the table. */
  readonly regionType: number
  /** Number of the first site; sites of all regions count on. */
  readonly firstSite: number
}

export interface CompiledRegion {
  readonly body: FunctionBody
  readonly sites: ReadonlyArray<Site>
  /** Guest pcs at which the function may be called. */
  readonly entries: ReadonlyArray<number>
}

/** The type of region functions. */
export const regionParameters = [ValType.i32, ValType.i32, ValType.i32]
export const regionResults = [ValType.i32, ValType.i32]

/** Compiles a region that can be entered at its root and at its loops, and at `entry` (see `addEntries`). */
export const compileRegion = (region: RegionSource, entry: WantedEntry, options: CompileOptions): CompiledRegion =>
  new RegionCompiler(analyseRegion(region, entry, options), options).compile()

class RegionCompiler {
  private readonly region: RegionAnalysis
  private readonly code = new CodeWriter(regionParameters.length)
  private readonly cursor: Cursor
  private readonly values: Values
  private readonly out: WaysOut
  private readonly exits: SideExits
  private readonly counters: CounterLocals
  private readonly context: LowerContext
  /** Labels of loop headers and merge points that are open. */
  private readonly labels = new Map<number, Label>()
  /** For loops of which a number of rounds was checked in front: the local with the fuel at which they must be left. */
  private readonly floors = new Map<number, number>()
  private vcpu: number | undefined

  constructor(region: RegionAnalysis, options: CompileOptions) {
    this.region = region
    const { code } = this
    const vcpu = () => this.vcpuLocal()
    const counters = new CounterLocals({ code, vcpu, scoreboardAddress: options.scoreboardAddress }, region.counters)
    const cursor = new Cursor(region)
    const values = new Values(code, region.nodes, region.narrow)
    const out = new WaysOut(code, values, options.regionType)
    const exits = new SideExits({ code, values, counters, cursor, out }, region.root, options.firstSite)
    this.cursor = cursor
    this.values = values
    this.out = out
    this.exits = exits
    this.counters = counters
    this.context = makeLowerContext(region, { code, values, vcpu, counters, cursor, exits }, options)
  }

  /** The local with the vCPU's index; the function's entry loads it. */
  private vcpuLocal(): number {
    this.vcpu ??= this.code.local(ValType.i32)
    return this.vcpu
  }

  compile(): CompiledRegion {
    const { code, counters, exits, region } = this
    exits.open(region)
    this.entryChecks()
    counters.followFuel(0)
    if (region.cfg.blocks.some(({ head, ir }) => ir.callbacks.length > 0 || head !== undefined)) {
      code.i32(0)
      code.memory(Insn.i32_load, CpuSlot.vcpuIndex * 8)
      code.set(this.vcpuLocal())
    }
    this.emitTree(region.entry)
    code.op(Insn.unreachable)
    exits.close()
    code.op(Insn.unreachable)
    return { body: code.body(), sites: exits.sites, entries: region.entryPcs }
  }

  /** Leaves at once where the region's assumptions do not hold: the floating-point status, fuel. */
  private entryChecks(): void {
    const { code, exits, out } = this
    const { float } = this.region
    if (float.testsEntry) {
      pushUnusualStatus(code)
      if (float.strict) code.op(Insn.i32_eqz)
      code.ifUnlikely()
      out.unfit(Leave.unfit)
      code.end()
    }
    exits.ifNoFuel(() => {
      code.get(Parameter.pc)
      code.set(out.next)
      exits.leaveClean()
    })
  }

  // --- structure -----------------------------------------------------------------------------------------------------

  private emitTree(n: number): void {
    const { code, labels } = this
    const { graph, loops, merges } = this.region
    if (loops.has(n)) {
      this.storesInFrontOf(n)
      this.checksInFrontOf(n)
      labels.set(n, code.loop())
    }
    const children = graph.children[n]!.filter((child) => merges.has(child))
    // The last one in reverse postorder ends last, so its block is the outermost.
    const inner = children.toSorted((a, b) => graph.position[b]! - graph.position[a]!)
    const blocks = inner.map((child) => ({ child, label: code.block() }))
    for (const { child, label } of blocks) labels.set(child, label)
    this.emitNode(n)
    for (const { child } of blocks.toReversed()) {
      code.end()
      labels.delete(child)
      this.emitTree(child)
    }
    if (loops.has(n)) {
      code.end()
      labels.delete(n)
    }
  }

  private emitNode(n: number): void {
    const { cursor, values } = this
    cursor.enter(n)
    const { body, ir, terminator } = cursor.node
    values.enterNode(ir)
    if (body) this.spendFuel(ir.insns.length)
    cursor.walk((op) => {
      this.emitOp(op)
      values.pass(op)
    })
    this.emitTerminator(n, terminator)
  }

  /** Brings to memory what a loop does not change, unless the way leads to an entry within the loop: there it is loaded. */
  private storesInFrontOf(header: number): void {
    const { code, values } = this
    const { cfg, flow, webs } = this.region
    const stored = members(flow.storedBefore.get(header) ?? 0n)
    if (stored.length === 0) return
    const isDispatch = cfg.nodes[header]!.terminator.kind === "dispatch"
    if (isDispatch) {
      code.get(Parameter.pc)
      code.op(Insn.i32_eqz)
      code.if()
    }
    values.store(stored.map((global) => [global, webs.start[header]![global]!]))
    if (isDispatch) code.end()
  }

  /** Checks the accesses of a loop that are off values which it does not change, or which walk. */
  private checksInFrontOf(header: number): void {
    const { code, cursor, exits, floors } = this
    const { loops, rounds } = this.region.accesses
    const leave = () => {
      code.i32(0)
      // On the way to an entry within the loop the parameter says where the engine has to go on.
      code.get(Parameter.pc)
      code.i32(cursor.node.resume!)
      code.get(Parameter.pc)
      code.op(Insn.select)
      code.op(Insn.i64_extend_i32_u)
      code.memory(Insn.i64_store, Cell.pc)
      code.i32(Leave.unhoist)
      code.set(this.out.next)
      // There nothing is dirty yet, nor loaded.
      code.get(Parameter.pc)
      exits.leaveCleanIf()
      exits.leave()
    }
    cursor.enter(header)
    for (const check of loops.get(header) ?? []) lowerCheck(this.context, check, leave)
    const checks = rounds.get(header)
    if (checks !== undefined) floors.set(header, lowerRounds(this.context, checks, leave))
  }

  private spendFuel(instructions: number): void {
    const { code } = this
    code.get(Parameter.fuel)
    code.i32(instructions)
    code.op(Insn.i32_sub)
    code.set(Parameter.fuel)
  }

  private emitOp(op: Op): void {
    switch (op.opcode) {
      case Opcode.insn_start:
      case Opcode.set_label:
      case Opcode.br:
      case Opcode.brcond:
      case Opcode.goto_tb:
      case Opcode.goto_ptr:
      case Opcode.exit_tb:
      case Opcode.mb:
        return
    }
    const { context } = this
    const check = this.region.accesses.checks.get(op)
    if (check !== undefined) lowerCheck(context, check, () => this.exits.leaveAtSite(Leave.rest))
    if (
      !(
        lowerInteger(context, op) ||
        lowerMemory(context, op) ||
        lowerFloat(context, op) ||
        lowerPlugin(context, this.cursor.node.ir, op)
      )
    ) {
      throw new Error(`the JIT has no lowering for ${opTable[op.opcode]!.name}`)
    }
  }

  private emitTerminator(from: number, terminator: Terminator): void {
    const { code, cursor, exits, out } = this
    switch (terminator.kind) {
      case "goto":
        return this.branch(from, terminator.target)
      case "cond": {
        const [a, b, cond] = terminator.op.args as [number, number, number]
        pushCondition(this.context, cursor.webOf(a), cursor.webOf(b), cond)
        return this.fork(from, terminator.taken, terminator.next)
      }
      case "dispatch":
        return this.dispatch(from, terminator)
      case "compute":
        out.setNext(cursor.webOf(terminator.target), () => exits.save())
        exits.ifNoFuel(() => exits.leave())
        return this.branch(from, terminator.next)
      case "switch":
        writeSwitch(code, terminator.cases, out.next, (n) => this.labels.get(n)!)
        exits.save()
        return out.jumpNext()
      case "enter":
        code.i32(terminator.key)
        code.set(Parameter.pc)
        return this.branch(from, terminator.target)
      case "leave":
        exits.save()
        return out.jumpTo(terminator.pc)
      case "call":
        return this.call(from, terminator)
      case "jump":
        exits.save()
        return out.jump(cursor.webOf(terminator.target), terminator.hint)
      case "exit": {
        exits.save()
        const unexecuted = cursor.node.ir.insns.length - 1 - cursor.insn
        if (unexecuted > 0) this.spendFuel(-unexecuted)
        return out.exit(cursor.webOf(terminator.nextPc), terminator.code)
      }
    }
  }

  // --- ways in -------------------------------------------------------------------------------------------------------

  /** Goes on to the entry that the `pc` parameter asks for. */
  private dispatch(from: number, { cases, next, others }: Extract<Terminator, { kind: "dispatch" }>): void {
    const { code, out, region, values } = this
    const branch = (to: number) => this.branch(from, to)
    writeDispatch(code, cases, branch, (each) => this.enter(from, each))
    if (others !== undefined) {
      writeWayToSwitch(code, others, region.root, out.next, branch, () => this.enter(from, others))
    }
    if (from === region.entry) {
      values.load(region.webs.entry[0]!, () => out.unfit(Leave.wide))
      code.i32(0)
      code.set(Parameter.pc)
    }
    this.branch(from, next)
  }

  /** Loads what is live behind a way into the region, and, on the way, what the checks in front of loops look at. */
  private enter(from: number, { key, way }: DispatchCase): void {
    const { out, values } = this
    const { accesses, cfg, entry, ways, webs } = this.region
    const isSwitch = (key & 1) !== 0
    // The switch's key is set only behind the first node.
    const unfit = () => out.unfit(Leave.wide, isSwitch && from !== entry ? out.next : Parameter.pc)
    if (from === entry) {
      const { around } = ways.find(({ node, pcs }) => (isSwitch ? node === cfg.switchNode : pcs[0] === key))!
      const roots = new Set(around.flatMap((header) => (accesses.loops.get(header) ?? []).map(({ root }) => root)))
      values.load(
        [...roots].map((root) => [webs.globalOf(root), root] as const),
        unfit
      )
    }
    if (way !== undefined) values.load(webs.entry[way]!, unfit)
  }

  // --- branches ------------------------------------------------------------------------------------------------------

  /** Pops a condition: to `taken` where it holds, else to `next`. */
  private fork(from: number, taken: number, next: number): void {
    const { code } = this
    code.if()
    this.branch(from, taken)
    code.else()
    this.branch(from, next)
    code.end()
  }

  private branch(from: number, to: number): void {
    const { code, cursor, labels } = this
    const { cfg, graph, loops, merges } = this.region
    if (graph.position[from]! < graph.position[to]!) {
      this.leaveAfterCallbacks(from, to)
      if (merges.has(to)) return code.br(labels.get(to)!)
      const place = cursor.place()
      this.emitTree(to)
      cursor.comeBack(place)
      return this.values.enterNode(cursor.node.ir)
    }
    const pc = resumeOf(cfg, from, to)
    if (!loops.has(to) || !dominates(graph, to, from)) {
      if (pc === undefined) throw new Error("an edge into the middle of a block cannot leave the region")
      this.exits.save()
      return this.out.return(pc)
    }
    if (pc !== undefined) this.exits.leaveWithoutFuel(pc, this.floors.get(to))
    code.br(labels.get(to)!)
  }

  /**
   * Behind a block with callbacks, which may have asked for it, fuel is looked at on the way to the next block too; and on the way to
   * each block of a loop that cannot be left where it goes back.
   */
  private leaveAfterCallbacks(from: number, to: number): void {
    const { calling, cfg, unresumable } = this.region
    const node = cfg.nodes[from]!
    const { block, end, start } = node
    // Nodes without operations call nothing; behind dispatch nodes only the key says where the way leads.
    if (start === end || isInverse(node)) return
    const { resume } = cfg.nodes[to]!
    const calls = calling.has(block.pc)
    if ((calls || unresumable.has(to)) && resume !== undefined) this.exits.leaveWithoutFuel(resume)
  }

  /** A guest call, then what comes behind it, with registers as the callee left them. */
  private call(from: number, { next, returnPc, target }: Extract<Terminator, { kind: "call" }>): void {
    const { code, counters, cursor, exits, out, region } = this
    exits.save()
    out.call(cursor.webOf(target), returnPc)
    counters.followFuel(cursor.ahead)
    if (region.float.testsAgain) {
      pushUnusualStatus(code)
      code.ifUnlikely()
      out.returnNext()
      code.end()
    }
    this.values.load(region.webs.behindCall.get(from)!, () => out.returnNext())
    cursor.passCall()
    this.branch(from, next)
  }
}
