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
import { buildCfg, type Cfg, type Node, type RegionBlock, successors, switchTargets } from "./Cfg.ts"
import { definesOf, type Dataflow, dirtySets, type Globals, isBarrier, liveInOf, solve } from "./Dataflow.ts"
import { addEntries } from "./Entries.ts"
import { type FloatPolicy, floatPolicy, hasBarrier, leaveAfterStatusWrites, pushUnusualStatus } from "./floatStatus.ts"
import { type Analysis, analyse, dominates, loopHeaders, mergePoints } from "./Graph.ts"
import type { Callees, LowerContext, Window } from "./lower/Context.ts"
import { lowerFloat } from "./lower/float.ts"
import { lowerInteger, pushCondition } from "./lower/integer.ts"
import { lowerMemory } from "./lower/memory.ts"
import { lowerPlugin } from "./lower/plugin.ts"
import { writeDispatch, writeSwitch, writeWayToSwitch } from "./multiway.ts"
import { callingBlocks } from "./calling.ts"
import { resumeOf, unresumable } from "./resume.ts"
import { Cell, Leave, Parameter } from "./Runtime.ts"
import { Values } from "./Values.ts"
import { WaysOut } from "./WaysOut.ts"

/** A place where a region may leave in the middle of a block, for the engine to make sense of. */
export interface Site {
  /** Guest instruction. */
  readonly pc: number
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
  /** Keep every integer in 64 bits: for a region that was entered with registers that are not sign-extended. */
  readonly wide: boolean
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

/** Blocks to compile together, the root's first. */
export interface RegionSource {
  readonly root: number
  readonly blocks: ReadonlyArray<RegionBlock>
}

/** Compiles a region that can be entered at its root, at `hot` and at its loops. */
export const compileRegion = (region: RegionSource, hot: number, options: CompileOptions): CompiledRegion =>
  new RegionCompiler(region, hot, options).compile()

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
  /** Nodes of loops with an edge back into the middle of a block, where nothing can go on outside: fuel is looked at elsewhere. */
  private readonly unresumable: ReadonlySet<number>
  /** Where to branch, with `next` set, to store a set of dirty globals and return. */
  private readonly exits = new Map<Globals, Label>()
  /** The same for faults. */
  private readonly faultExits = new Map<Globals, Label>()
  private readonly out: WaysOut
  // While a node is emitted: its dirty globals so far, the instruction in its block, liveness behind the operation.
  private dirty: Globals = 0n
  private insn = -1
  private node!: Node
  private liveAfter: Globals = 0n
  private vcpu: number | undefined

  constructor(region: RegionSource, hot: number, options: CompileOptions) {
    this.options = options
    this.cfg = buildCfg(region.blocks)
    this.root = region.root
    this.calling = callingBlocks(region.blocks)
    this.float = floatPolicy(region.blocks, options.strictFloat)
    if (this.float.testsAgain) leaveAfterStatusWrites(this.cfg)
    const entries = addEntries(this.cfg, region.root, hot)
    this.entry = entries.start
    this.entryPcs = entries.pcs
    const graph = this.cfg.nodes.map((node) => successors(node.terminator))
    this.analysis = analyse(graph, this.entry)
    this.flow = solve(this.cfg, this.analysis.order)
    // Behind a helper or a callback that may write, registers are read back without a way to test them.
    this.values = new Values(this.code, this.cfg, !hasBarrier(region.blocks) && !options.wide)
    this.out = new WaysOut(this.code, this.values, options.regionType)
    this.merges = new Set([...mergePoints(this.analysis), ...switchTargets(this.cfg)])
    this.loops = loopHeaders(this.analysis)
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
      window: options.window,
      faultSite: (memop, needs) => this.site(memop, needs),
      leaveOnFault: () => code.brIf(this.faultExits.get(this.dirty)!),
      storeDirty: () => this.values.store(this.dirty),
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
      reloadLive: () => this.values.load(this.liveAfter, () => code.op(Insn.unreachable))
    }
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
    const sets = dirtySets(this.cfg, this.flow, this.analysis.order)
    for (const set of sets) {
      this.exits.set(set, code.block())
      this.faultExits.set(set, code.block())
    }
    this.entryChecks()
    if (this.cfg.blocks.some(({ head, ir }) => ir.callbacks.length > 0 || head !== undefined)) {
      code.i32(0)
      code.memory(Insn.i32_load, CpuSlot.vcpuIndex * 8)
      code.set(this.vcpuLocal())
    }
    this.values.load(this.flow.liveIn[this.entry]!, () => this.out.unfit(Leave.wide))
    this.emitTree(this.entry)
    code.op(Insn.unreachable)
    for (const set of sets.toReversed()) {
      code.end()
      code.i32(Leave.fault)
      code.set(this.out.next)
      code.end()
      this.values.store(set)
      this.out.returnNext()
    }
    code.op(Insn.unreachable)
    return { body: code.body(), sites: this.sites, entries: this.entryPcs }
  }

  private opsOf(node: Node): ReadonlyArray<Op> {
    return node.ir.ops.slice(node.start, node.end)
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
      code.br(this.exits.get(0n)!)
    })
  }

  // --- structure -----------------------------------------------------------------------------------------------------

  private emitTree(n: number): void {
    const { code } = this
    if (this.loops.has(n)) this.labels.set(n, code.loop())
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
    const node = this.cfg.nodes[n]!
    this.node = node
    const { ir } = node
    this.values.enterBlock(ir)
    this.dirty = this.flow.dirtyIn[n]!
    this.insn = -1
    for (let i = 0; i < node.start; i++) if (ir.ops[i]!.opcode === Opcode.insn_start) this.insn++
    if (node.body) this.spendFuel(ir.insns.length)
    const ops = this.opsOf(node)
    const behind: Array<Globals> = []
    if (ops.some((op) => isBarrier(ir, op))) liveInOf(node, this.dirty, this.liveOut(node), behind)
    ops.forEach((op, i) => {
      this.liveAfter = behind[i] ?? 0n
      this.emitOp(op)
    })
    this.emitTerminator(n, node)
  }

  private liveOut(node: Node): Globals {
    let live = 0n
    for (const s of successors(node.terminator)) live |= this.flow.liveIn[s]!
    return live
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
    if (isBarrier(this.node.ir, op)) this.dirty = 0n
    this.dirty |= definesOf(op)
  }

  private emitTerminator(from: number, node: Node): void {
    const { code, values } = this
    const { terminator } = node
    switch (terminator.kind) {
      case "goto":
        return this.branch(from, terminator.target)
      case "cond": {
        const [a, b, cond] = terminator.op.args as [number, number, number]
        pushCondition(this.context, a, b, cond)
        return this.fork(from, terminator.taken, terminator.next)
      }
      case "dispatch": {
        const branch = (to: number) => this.branch(from, to)
        writeDispatch(code, terminator.cases, branch)
        if (terminator.others !== undefined) writeWayToSwitch(code, terminator.others, this.root, this.out.next, branch)
        if (from === this.entry) {
          code.i32(0)
          code.set(Parameter.pc)
        }
        return this.branch(from, terminator.next)
      }
      case "compute":
        this.out.setNext(terminator.target, () => values.store(this.dirty))
        this.ifNoFuel(() => code.br(this.exits.get(this.dirty)!))
        return this.branch(from, terminator.next)
      case "switch":
        writeSwitch(code, terminator.cases, this.out.next, (n) => this.labels.get(n)!)
        values.store(this.dirty)
        return this.out.jumpNext()
      case "enter":
        code.i32(terminator.key)
        code.set(Parameter.pc)
        return this.branch(from, terminator.target)
      case "leave":
        values.store(this.dirty)
        return this.out.jumpTo(terminator.pc)
      case "call":
        return this.call(from, node, terminator)
      case "jump":
        values.store(this.dirty)
        return this.out.jump(terminator.target, terminator.hint)
      case "exit": {
        values.store(this.dirty)
        const unexecuted = node.ir.insns.length - 1 - this.insn
        if (unexecuted > 0) this.spendFuel(-unexecuted)
        return this.out.exit(terminator.nextPc, terminator.code)
      }
    }
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
    const { code } = this
    const { dirty } = this
    if (this.isForward(from, to)) {
      this.leaveAfterCallbacks(from, to)
      if (this.merges.has(to)) code.br(this.labels.get(to)!)
      else {
        const { node, insn } = this
        this.emitTree(to)
        this.node = node
        this.insn = insn
        this.dirty = dirty
        this.values.enterBlock(node.ir)
      }
      return
    }
    const pc = resumeOf(this.cfg, from, to)
    if (!this.loops.has(to) || !dominates(this.analysis, to, from)) {
      if (pc === undefined) throw new Error("an edge into the middle of a block cannot leave the region")
      this.values.store(dirty)
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
    const { block, end, start } = this.cfg.nodes[from]!
    // Nodes without operations call nothing; behind dispatch nodes only the key says where the way leads.
    if (start === end) return
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
      code.br(this.exits.get(this.dirty)!)
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
    this.sites.push({ pc: Number(ir.insns[this.insn]!.pc), unexecuted, memop, needs })
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
    code.br(this.exits.get(this.dirty)!)
  }

  /** A guest call, then what comes behind it, with registers as the callee left them. */
  private call(from: number, node: Node, terminator: { target: number; returnPc: number; next: number }): void {
    const { code, out } = this
    this.values.store(this.dirty)
    out.call(terminator.target, terminator.returnPc)
    if (this.float.testsAgain) {
      pushUnusualStatus(code)
      code.ifUnlikely()
      out.returnNext()
      code.end()
    }
    this.values.load(this.flow.liveIn[terminator.next]!, () => out.returnNext())
    this.dirty = 0n
    this.node = node
    this.branch(from, terminator.next)
  }
}
