/**
 * Compiles a region to one WebAssembly function with structured control flow.
 *
 * Structure after Ramsey, "Beyond Relooper: Recursive Translation of Unstructured Control Flow to Structured Control Flow"
 * (ICFP 2022): walk the dominator tree; a loop header opens a `loop`, a merge point ends a `block`. `Irreducible.ts` has made
 * the graph fit for that, as far as it could; what still goes back to a node that does not dominate it leaves the region.
 */
import type { ScoreboardU64 } from "@emu/core/Scoreboard"
import type { BlockCallback, IrBlock, Op } from "../../ir/Block.ts"
import { CpuSlot } from "../../Layout.ts"
import { Opcode, opTable } from "../../ir/Opcode.ts"
import { CodeWriter, type FunctionBody, type Label } from "../../wasm/CodeWriter.ts"
import { Insn, ValType } from "../../wasm/Wasm.ts"
import {
  buildCfg,
  type Cfg,
  type DispatchCase,
  isInverse,
  type Node,
  type RegionBlock,
  successors,
  switchTargets
} from "./Cfg.ts"
import { type Counters, type CounterSet, findCounters } from "./Counters.ts"
import { definesOf, type Dataflow, type Globals, isBarrier, mayObserve, members, solve, isLocalGlobal } from "./Dataflow.ts"
import { type AccessPlan, planAccesses, type Sharing } from "./Accesses.ts"
import { addEntries, type EntryWay, naturalLoops, type WantedEntry } from "./Entries.ts"
import { type FloatPolicy, floatPolicy, leaveAfterStatusWrites, pushUnusualStatus } from "./floatStatus.ts"
import { type Analysis, analyse, dominates, loopHeaders, mergePoints } from "./Graph.ts"
import type { Callees, LowerContext, Window } from "./lower/Context.ts"
import { lowerFloat } from "./lower/float.ts"
import { lowerInteger, pushCondition } from "./lower/integer.ts"
import { lowerCheck, lowerMemory } from "./lower/memory.ts"
import { addToScoreboard, lowerPlugin } from "./lower/plugin.ts"
import { writeDispatch, writeSwitch, writeWayToSwitch } from "./multiway.ts"
import { narrowValues } from "./Narrow.ts"
import { callingBlocks } from "./calling.ts"
import { resumeOf, unresumable } from "./resume.ts"
import { Cell, Leave, Parameter } from "./Runtime.ts"
import { Values } from "./Values.ts"
import { WaysOut } from "./WaysOut.ts"
import { findWebs, firstWeb, type WebLoads, type WebMap, type Webs } from "./Webs.ts"

/** A place where a region may leave in the middle of a block, for the engine to make sense of. */
export interface Site {
  /** Guest instruction. */
  readonly pc: number
  /** The block that it belongs to. */
  readonly block: number
  /** Instructions of its block from it on: counted already, but not executed. */
  readonly unexecuted: number
  /** The access, and the `PageFlag`s it needs. */
  readonly memop: number
  readonly needs: number
}

export interface CompileOptions {
  /** Function indices in the module. */
  readonly callees: Callees
  /** Type index of regions, for calls through the table. */
  readonly regionType: number
  readonly exactFma: boolean
  /** The window to test accesses off a base against; `base` is a value number. */
  readonly window: (base: number, write: boolean) => Window | undefined
  /** Gives a plugin callback the number under which compiled code calls it. */
  readonly callbackNumber: (ir: IrBlock, callback: BlockCallback) => number
  /** Where vCPU 0's slot of a scoreboard entry is in memory, and the bytes to the next vCPU's. */
  readonly scoreboardAddress: (entry: ScoreboardU64) => { readonly address: number; readonly stride: number }
  /** Do floating point out of line: for a status where the inexact flag is clear or rounding is not to nearest. */
  readonly strictFloat: boolean
  /** Globals that were seen at the entry of a block with values that are not sign-extended from 32 bits. */
  readonly wideAt: (pc: number) => Globals
  /** Which accesses may share a check: less where checks of several at once have failed. */
  readonly sharing: Sharing
  /** Whether `low .. high - 1` allows accesses that need these `PageFlag`s. */
  readonly allows: (low: number, high: number, needs: number) => boolean
  /** Number of the first site; sites of all regions count on. */
  readonly firstSite: number
}

export interface CompiledRegion {
  readonly body: FunctionBody
  readonly sites: ReadonlyArray<Site>
  /** Guest pcs at which the function may be called. */
  readonly entries: ReadonlyArray<number>
}

/** What a shared way out brings to memory. */
interface Exit {
  readonly stores: WebLoads
  readonly pending: CounterSet
}

/** Key of the way out that has nothing to bring to memory. */
const cleanExit = "0:"

/** The type of region functions. */
export const regionParameters = [ValType.i32, ValType.i32, ValType.i32]
export const regionResults = [ValType.i32, ValType.i32]

/** Blocks to compile together, the root's first. */
export interface RegionSource {
  readonly root: number
  readonly blocks: ReadonlyArray<RegionBlock>
}

/** Compiles a region that can be entered at its root and at its loops, and at `entry` (see `addEntries`). */
export const compileRegion = (region: RegionSource, entry: WantedEntry, options: CompileOptions): CompiledRegion =>
  new RegionCompiler(region, entry, options).compile()

class RegionCompiler {
  private readonly cfg: Cfg
  private readonly root: number
  private readonly entry: number
  private readonly entryPcs: ReadonlyArray<number>
  private readonly float: FloatPolicy
  private readonly analysis: Analysis
  private readonly calling: ReadonlySet<number>
  private readonly flow: Dataflow
  private readonly code = new CodeWriter(3)
  private readonly values: Values
  private readonly options: CompileOptions
  private readonly context: LowerContext
  private readonly sites: Array<Site> = []
  /** Labels of loop headers and merge points that are open. */
  private readonly labels = new Map<number, Label>()
  private readonly merges: ReadonlySet<number>
  private readonly loops: ReadonlySet<number>
  private readonly webs: Webs
  private readonly counters: Counters
  /** Locals of the counters. */
  private readonly counterLocals: ReadonlyArray<number>
  private readonly accesses: AccessPlan
  private readonly ways: ReadonlyArray<EntryWay>
  /** Where to branch, with `next` set, to store dirty globals from their webs and return; by `exitKey`. */
  private readonly exits = new Map<string, Label>()
  /** Nodes of loops with an edge back into the middle of a block, where nothing can go on outside: fuel is looked at elsewhere. */
  private readonly unresumable: ReadonlySet<number>
  /** The same for faults. */
  private readonly faultExits = new Map<string, Label>()
  private readonly out: WaysOut
  // While a node is emitted: its dirty globals so far, the web of each global, the instruction in its block, and what to load
  // behind the operation.
  private dirty: Globals = 0n
  private current!: WebMap
  private insn = -1
  private node!: Node
  private behindOp: WebLoads = []
  /** Counters that may have to be added to memory. */
  private pending: CounterSet = 0
  private vcpu: number | undefined

  constructor(region: RegionSource, entry: WantedEntry, options: CompileOptions) {
    this.options = options
    this.cfg = buildCfg(region.blocks)
    this.root = region.root
    this.calling = callingBlocks(region.blocks)
    this.float = floatPolicy(region.blocks, options.strictFloat)
    if (this.float.testsAgain) leaveAfterStatusWrites(this.cfg)
    const entries = addEntries(this.cfg, region.root, entry)
    this.entry = entries.start
    this.ways = entries.ways
    this.entryPcs = entries.pcs
    const graph = this.cfg.nodes.map((node) => successors(node.terminator))
    this.analysis = analyse(graph, this.entry)
    this.loops = loopHeaders(this.analysis)
    this.flow = solve(this.cfg, this.analysis.order, this.loops)
    const { order } = this.analysis
    this.webs = findWebs(this.cfg, this.flow, order, this.entry, this.ways, options.wideAt)
    const loops = naturalLoops(this.analysis)
    const nodes = order.map((n) => {
      const depth = [...loops.values()].filter((body) => body.has(n)).length
      return { ir: this.cfg.nodes[n]!.ir, ops: this.webs.ops[n]!, weight: 8 ** depth }
    })
    const weights = new Map(order.map((n, i) => [n, nodes[i]!.weight]))
    this.counters = findCounters(
      this.cfg,
      order,
      (n) => weights.get(n)!,
      (entry) => options.scoreboardAddress(entry).address
    )
    this.counterLocals = this.counters.entries.map(() => this.code.local(ValType.i64))
    this.values = new Values(this.code, nodes, narrowValues(nodes, this.webs.mayBeNarrow))
    this.accesses = this.planAccesses()
    this.out = new WaysOut(this.code, this.values, options.regionType)
    this.merges = new Set([...mergePoints(this.analysis), ...switchTargets(this.cfg)])
    this.unresumable = unresumable(this.cfg, this.analysis)
    const { code } = this
    const address = code.local(ValType.i64)
    const taken = code.local(ValType.i32)
    this.context = {
      code,
      values: this.values,
      callees: options.callees,
      exactFma: options.exactFma,
      address,
      scratch: [0, 1, 2, 3].map(() => code.local(ValType.i64)),
      scratchF64: [0, 1, 2, 3].map(() => code.local(ValType.f64)),
      isCovered: (op) => this.accesses.covered.has(op),
      window: (base, write) => options.window(base < firstWeb ? base : this.webs.globalOf(base), write),
      faultSite: (memop, needs) => this.site(memop, needs),
      leaveOnFault: () => code.brIf(this.faultExits.get(this.exitKey())!),
      storeDirty: () => this.values.store(this.dirtyWebs()),
      counterOf: (entry) => {
        const number = this.counters.numberOf(entry)
        return number === undefined ? undefined : this.counterLocals[number]
      },
      flushCounters: () => this.flushCounters(this.pending),
      afterCallback: () => {
        code.tee(taken)
        code.i32(0)
        code.op(Insn.i32_lt_s)
        code.ifUnlikely()
        this.leaveAtSite(Leave.interrupted)
        code.end()
        code.get(Parameter.fuel)
        code.get(taken)
        code.op(Insn.i32_sub)
        code.set(Parameter.fuel)
      },
      pushFuelHere: () => {
        code.get(Parameter.fuel)
        code.i32(this.node.ir.insns.length - this.insn)
        code.op(Insn.i32_add)
      },
      vcpu: () => this.vcpuLocal(),
      callbackNumber: options.callbackNumber,
      scoreboardAddress: options.scoreboardAddress,
      strictFloat: this.float.strict,
      reloadLive: () => this.values.load(this.behindOp, () => code.op(Insn.unreachable))
    }
  }

  private planAccesses(): AccessPlan {
    const { analysis, cfg, options, webs } = this
    // An odd key on the way to a loop says nothing about where the engine could go on.
    const keys = cfg.nodes.flatMap(({ terminator }) =>
      terminator.kind === "dispatch" ? terminator.cases.map(({ key }) => key) : []
    )
    const mayHoist = keys.every((key) => (key & 1) === 0) && cfg.switchNode === undefined
    return planAccesses(cfg, analysis, webs, {
      loops: naturalLoops(analysis),
      mayHoist: (header, web) =>
        mayHoist && cfg.nodes[header]!.resume !== undefined && webs.start[header]![webs.globalOf(web)] === web,
      sharing: options.sharing,
      allows: options.allows
    })
  }

  /** The local with the vCPU's index; the function's entry loads it. */
  private vcpuLocal(): number {
    this.vcpu ??= this.code.local(ValType.i32)
    return this.vcpu
  }

  private isForward(from: number, to: number): boolean {
    return this.analysis.position[from]! < this.analysis.position[to]!
  }

  compile(): CompiledRegion {
    const { code } = this
    const exits = this.findExits()
    for (const key of exits.keys()) {
      this.exits.set(key, code.block())
      this.faultExits.set(key, code.block())
    }
    this.entryChecks()
    if (this.cfg.blocks.some(({ head, ir }) => ir.callbacks.length > 0 || head !== undefined)) {
      code.i32(0)
      code.memory(Insn.i32_load, CpuSlot.vcpuIndex * 8)
      code.set(this.vcpuLocal())
    }
    this.emitTree(this.entry)
    code.op(Insn.unreachable)
    for (const { pending, stores } of [...exits.values()].toReversed()) {
      code.end()
      code.i32(Leave.fault)
      code.set(this.out.next)
      code.end()
      this.values.store(stores)
      this.flushCounters(pending)
      this.out.returnNext()
    }
    code.op(Insn.unreachable)
    return { body: code.body(), sites: this.sites, entries: this.entryPcs }
  }

  /** What must be stored to leave at every place from where the region may leave through a shared exit, by `exitKey`. */
  private findExits(): Map<string, Exit> {
    const exits = new Map<string, Exit>([[cleanExit, { stores: [], pending: 0 }]])
    const add = (): void => {
      exits.set(this.exitKey(), { stores: this.dirtyWebs(), pending: this.pending })
    }
    for (const n of this.analysis.order) {
      this.beginNode(n)
      if (this.accesses.loops.has(n)) add()
      this.webs.ops[n]!.forEach((op, i) => {
        if (mayObserve(op) && (this.accesses.checks.has(op) || !this.accesses.covered.has(op))) add()
        this.passOp(this.node.ir.ops[this.node.start + i]!, op)
      })
      add()
    }
    return exits
  }

  private beginNode(n: number): void {
    this.node = this.cfg.nodes[n]!
    this.dirty = this.flow.dirtyIn[n]!
    this.current = this.webs.start[n]!.slice()
    this.pending = this.counters.pendingIn[n]!
  }

  /** Takes note of what an operation does to globals. `op` is the operation with webs. */
  private passOp(original: Op, op: Op): void {
    this.pending = this.counters.behind(this.node.ir, original, this.pending)
    if (isBarrier(this.node.ir, original)) {
      this.dirty = 0n
      for (const [global, web] of this.webs.behindOp.get(op)!) this.current[global] = web
    }
    const defined = definesOf(original)
    if (defined === 0n) return
    this.dirty |= defined
    this.current[original.args[0]!] = op.args[0]!
  }

  /** The dirty globals, each with its web. */
  private dirtyWebs(): Array<[number, number]> {
    return members(this.dirty).map((global) => [global, this.current[global]!])
  }

  private exitKey(): string {
    return `${this.pending}:${this.dirtyWebs().join()}`
  }

  /** Brings all that others may look at to memory. */
  private store(): void {
    this.values.store(this.dirtyWebs())
    this.flushCounters(this.pending)
  }

  /** Adds what counters have collected to memory. */
  private flushCounters(pending: CounterSet): void {
    const { code } = this
    this.counters.entries.forEach((entry, number) => {
      if ((pending & (1 << number)) === 0) return
      const local = this.counterLocals[number]!
      addToScoreboard(this.context, entry, () => code.get(local))
      code.i64(0n)
      code.set(local)
    })
  }

  /** Leaves at once where the region's assumptions do not hold: the floating-point status, fuel. */
  private entryChecks(): void {
    const { code } = this
    if (this.float.testsEntry) {
      pushUnusualStatus(code)
      if (this.float.strict) code.op(Insn.i32_eqz)
      code.ifUnlikely()
      this.out.unfit(Leave.unfit)
      code.end()
    }
    this.ifNoFuel(() => {
      code.get(Parameter.pc)
      code.set(this.out.next)
      code.br(this.exits.get(cleanExit)!)
    })
  }

  // --- structure -----------------------------------------------------------------------------------------------------

  private emitTree(n: number): void {
    const { code } = this
    if (this.loops.has(n)) {
      this.checksInFrontOf(n)
      this.labels.set(n, code.loop())
    }
    const children = this.analysis.children[n]!.filter((child) => this.merges.has(child))
    // The last one in reverse postorder ends last, so its block is the outermost.
    const inner = children.toSorted((a, b) => this.analysis.position[b]! - this.analysis.position[a]!)
    const blocks = inner.map((child) => ({ child, label: code.block() }))
    for (const { child, label } of blocks) this.labels.set(child, label)
    this.emitNode(n)
    for (const { child } of blocks.toReversed()) {
      code.end()
      this.labels.delete(child)
      this.emitTree(child)
    }
    if (this.loops.has(n)) {
      code.end()
      this.labels.delete(n)
    }
  }

  private emitNode(n: number): void {
    this.beginNode(n)
    const { node } = this
    const { ir } = node
    this.values.enterNode(ir)
    this.insn = -1
    for (let i = 0; i < node.start; i++) if (ir.ops[i]!.opcode === Opcode.insn_start) this.insn++
    if (node.body) this.spendFuel(ir.insns.length)
    this.webs.ops[n]!.forEach((op, i) => {
      this.behindOp = this.webs.behindOp.get(op) ?? []
      this.emitOp(op)
      this.values.pass(op)
      this.passOp(ir.ops[node.start + i]!, op)
    })
    this.emitTerminator(n, node)
  }

  /** Checks the accesses of a loop that are off values which it does not change. */
  private checksInFrontOf(header: number): void {
    const { code } = this
    const checks = this.accesses.loops.get(header)
    if (checks === undefined) return
    this.beginNode(header)
    for (const check of checks) {
      lowerCheck(this.context, check, () => {
        code.i32(0)
        // On the way to an entry within the loop the parameter says where the engine has to go on.
        code.get(Parameter.pc)
        code.i32(this.node.resume!)
        code.get(Parameter.pc)
        code.op(Insn.select)
        code.op(Insn.i64_extend_i32_u)
        code.memory(Insn.i64_store, Cell.pc)
        code.i32(Leave.unhoist)
        code.set(this.out.next)
        // There nothing is dirty yet, nor loaded.
        code.get(Parameter.pc)
        code.brIf(this.exits.get(cleanExit)!)
        code.br(this.exits.get(this.exitKey())!)
      })
    }
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
        this.insn++
        return
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
    const check = this.accesses.checks.get(op)
    if (check !== undefined) lowerCheck(context, check, () => this.leaveAtSite(Leave.rest))
    if (
      !(
        lowerInteger(context, op) ||
        lowerMemory(context, op) ||
        lowerFloat(context, op) ||
        lowerPlugin(context, this.node.ir, op)
      )
    ) {
      throw new Error(`the JIT has no lowering for ${opTable[op.opcode]!.name}`)
    }
  }

  private emitTerminator(from: number, node: Node): void {
    const { code } = this
    const { terminator } = node
    const valueOf = (value: number) => (isLocalGlobal(value) ? this.current[value]! : value)
    switch (terminator.kind) {
      case "goto":
        return this.branch(from, terminator.target)
      case "cond": {
        const [a, b, cond] = terminator.op.args as [number, number, number]
        pushCondition(this.context, valueOf(a), valueOf(b), cond)
        return this.fork(from, terminator.taken, terminator.next)
      }
      case "dispatch": {
        const branch = (to: number) => this.branch(from, to)
        const before = (each: DispatchCase) => this.enter(from, each)
        writeDispatch(code, terminator.cases, branch, before)
        const { others } = terminator
        if (others !== undefined) {
          writeWayToSwitch(code, others, this.root, this.out.next, branch, () => this.enter(from, others))
        }
        if (from === this.entry) {
          this.values.load(this.webs.entry[0]!, () => this.out.unfit(Leave.wide))
          code.i32(0)
          code.set(Parameter.pc)
        }
        return this.branch(from, terminator.next)
      }
      case "compute":
        this.out.setNext(valueOf(terminator.target), () => this.store())
        this.ifNoFuel(() => code.br(this.exits.get(this.exitKey())!))
        return this.branch(from, terminator.next)
      case "switch":
        writeSwitch(code, terminator.cases, this.out.next, (n) => this.labels.get(n)!)
        this.store()
        return this.out.jumpNext()
      case "enter":
        code.i32(terminator.key)
        code.set(Parameter.pc)
        return this.branch(from, terminator.target)
      case "leave":
        this.store()
        return this.out.jumpTo(terminator.pc)
      case "call":
        return this.call(from, node, terminator, valueOf(terminator.target))
      case "jump":
        this.store()
        return this.out.jump(valueOf(terminator.target), terminator.hint)
      case "exit": {
        this.store()
        const unexecuted = node.ir.insns.length - 1 - this.insn
        if (unexecuted > 0) this.spendFuel(-unexecuted)
        return this.out.exit(valueOf(terminator.nextPc), terminator.code)
      }
    }
  }

  /** Loads what is live behind a way into the region, and, on the way, what the checks in front of loops look at. */
  private enter(from: number, { key, way }: DispatchCase): void {
    const { accesses, values, webs } = this
    const isSwitch = (key & 1) !== 0
    // The switch's key is set only behind the first node.
    const unfit = () => this.out.unfit(Leave.wide, isSwitch && from !== this.entry ? this.out.next : Parameter.pc)
    if (from === this.entry) {
      const { around } = this.ways.find(({ node: end, pcs }) => (isSwitch ? end === this.cfg.switchNode : pcs[0] === key))!
      const roots = new Set(around.flatMap((header) => (accesses.loops.get(header) ?? []).map(({ root }) => root)))
      values.load(
        [...roots].map((root) => [webs.globalOf(root), root] as const),
        unfit
      )
    }
    if (way !== undefined) values.load(webs.entry[way]!, unfit)
  }

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
    const { code, current, dirty, pending } = this
    if (this.isForward(from, to)) {
      this.leaveAfterCallbacks(from, to)
      if (this.merges.has(to)) code.br(this.labels.get(to)!)
      else {
        const { node, insn } = this
        this.emitTree(to)
        this.node = node
        this.insn = insn
        this.dirty = dirty
        this.current = current
        this.pending = pending
        this.values.enterNode(node.ir)
      }
      return
    }
    const pc = resumeOf(this.cfg, from, to)
    if (!this.loops.has(to) || !dominates(this.analysis, to, from)) {
      if (pc === undefined) throw new Error("an edge into the middle of a block cannot leave the region")
      this.store()
      return this.out.return(pc)
    }
    if (pc !== undefined) this.leaveWithoutFuel(pc)
    code.br(this.labels.get(to)!)
  }

  /**
   * Behind a block with callbacks, which may have asked for it, fuel is looked at on the way to the next block too; and on the way to
   * each block of a loop that cannot be left where it goes back.
   */
  private leaveAfterCallbacks(from: number, to: number): void {
    const node = this.cfg.nodes[from]!
    const { block, end, start } = node
    // Nodes without operations call nothing; behind dispatch nodes only the key says where the way leads.
    if (start === end || isInverse(node)) return
    const { resume } = this.cfg.nodes[to]!
    const calls = this.calling.has(block.pc)
    if ((calls || this.unresumable.has(to)) && resume !== undefined) this.leaveWithoutFuel(resume)
  }

  /** Leaves with a pc to go on at where there is no fuel. */
  private leaveWithoutFuel(pc: number): void {
    const { code } = this
    this.ifNoFuel(() => {
      code.i32(pc)
      code.set(this.out.next)
      code.br(this.exits.get(this.exitKey())!)
    })
  }

  private ifNoFuel(then: () => void): void {
    const { code } = this
    code.get(Parameter.fuel)
    code.i32(0)
    code.op(Insn.i32_le_s)
    code.ifUnlikely()
    then()
    code.end()
  }

  // --- ways out ------------------------------------------------------------------------------------------------------

  /** Numbers the current instruction as a place where the region may be left. */
  private site(memop: number, needs: number): number {
    const { block, ir } = this.node
    // Instrumentation of the block as a whole runs before its instructions are counted.
    const unexecuted = ir === block.head ? 0 : ir.insns.length - this.insn
    this.sites.push({ pc: Number(ir.insns[this.insn]!.pc), block: block.pc, unexecuted, memop, needs })
    return this.options.firstSite + this.sites.length - 1
  }

  /** Leaves in the middle of a block: the site's cell says where. */
  private leaveAtSite(leave: number): void {
    const { code } = this
    code.i32(0)
    code.i32(this.site(0, 0))
    code.memory(Insn.i32_store, Cell.site)
    code.i32(leave)
    code.set(this.out.next)
    code.br(this.exits.get(this.exitKey())!)
  }

  /** A guest call, then what comes behind it, with registers as the callee left them. */
  private call(from: number, node: Node, terminator: { returnPc: number; next: number }, target: number): void {
    const { code, out } = this
    this.store()
    out.call(target, terminator.returnPc)
    if (this.float.testsAgain) {
      pushUnusualStatus(code)
      code.ifUnlikely()
      out.returnNext()
      code.end()
    }
    this.values.load(this.webs.behindCall.get(from)!, () => out.returnNext())
    this.dirty = 0n
    this.pending = 0
    this.node = node
    this.branch(from, terminator.next)
  }
}
