/**
 * Compiles a region to one WebAssembly function with structured control flow.
 *
 * Structure after Ramsey, "Beyond Relooper: Recursive Translation of Unstructured Control Flow to Structured Control Flow"
 * (ICFP 2022): walk the dominator tree; a loop header opens a `loop`, a merge point ends a `block`. An edge that goes back to
 * a node that does not dominate it (irreducible) leaves the region at the target's pc instead.
 */
import type { ScoreboardU64 } from "@emu/core/Scoreboard"
import type { BlockCallback, IrBlock, Op } from "../../ir/Block.ts"
import { CpuSlot, FpFlag } from "../../Layout.ts"
import { JumpHint, Opcode, OpFlag, opTable } from "../../ir/Opcode.ts"
import { CodeWriter, type FunctionBody, type Label } from "../../wasm/CodeWriter.ts"
import { Insn, ValType } from "../../wasm/Wasm.ts"
import { buildCfg, type Cfg, type Node, type RegionBlock, successors } from "./Cfg.ts"
import { definesOf, type Dataflow, type Globals, isBarrier, liveInOf, solve } from "./Dataflow.ts"
import { addEntries } from "./Entries.ts"
import { type Analysis, analyse, dominates } from "./Graph.ts"
import type { Callees, LowerContext, Window } from "./lower/Context.ts"
import { lowerFloat, usesFpStatus, writesFpStatus } from "./lower/float.ts"
import { lowerInteger, pushCondition } from "./lower/integer.ts"
import { lowerMemory } from "./lower/memory.ts"
import { lowerPlugin } from "./lower/plugin.ts"
import { Cell, entryOffset, entryTableBase, entryTableBits, Leave, maxDepth } from "./Runtime.ts"
import { Values } from "./Values.ts"

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

/** Parameters of a region function: pc, depth, fuel. */
const parameters = { pc: 0, depth: 1, fuel: 2 } as const

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
  private readonly entry: number
  private readonly entryPcs: ReadonlyArray<number>
  private readonly usesFloat: boolean
  /** Floating point is done out of line, and right for every status. */
  private readonly strictFloat: boolean
  /** The region is only entered with the status that it was compiled for. */
  private readonly checksStatus: boolean
  private readonly analysis: Analysis
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
  /** Where to branch, with `next` set, to store a set of dirty globals and return. */
  private readonly exits = new Map<Globals, Label>()
  /** The same for faults. */
  private readonly faultExits = new Map<Globals, Label>()
  private readonly next: number
  // While a node is emitted: its dirty globals so far, the instruction in its block, liveness behind the operation.
  private dirty: Globals = 0n
  private insn = -1
  private node!: Node
  private liveAfter: Globals = 0n
  private vcpu: number | undefined

  constructor(region: RegionSource, hot: number, options: CompileOptions) {
    this.options = options
    this.cfg = buildCfg(region.blocks)
    this.usesFloat = region.blocks.some(({ ir }) => ir.ops.some(usesFpStatus))
    const barriers = region.blocks.some(({ head, ir }) =>
      [ir, head].some((part) => part?.ops.some((op) => isBarrier(part, op)))
    )
    // Where a helper or a callback may change the floating-point status in mid-block nothing can be assumed of it.
    this.strictFloat = options.strictFloat || (this.usesFloat && barriers)
    this.checksStatus = this.usesFloat && !(this.strictFloat && barriers)
    if (this.usesFloat && !this.strictFloat) this.leaveAfterStatusWrites()
    const entries = addEntries(this.cfg, region.root, hot)
    this.entry = entries.start
    this.entryPcs = entries.pcs
    const graph = this.cfg.nodes.map((node) => successors(node.terminator))
    this.analysis = analyse(graph, this.entry)
    this.flow = solve(this.cfg, this.analysis.order)
    // Behind a helper or a callback that may write, registers are read back without a way to test them.
    this.values = new Values(this.code, this.cfg, !barriers && !options.wide)
    this.next = this.code.local(ValType.i32)
    const merges = new Set<number>()
    const loops = new Set<number>()
    for (const n of this.analysis.order) {
      const forward = this.analysis.predecessors[n]!.filter((p) => this.isForward(p, n))
      if (forward.length > 1) merges.add(n)
      if (this.analysis.predecessors[n]!.some((p) => !this.isForward(p, n) && dominates(this.analysis, n, p))) loops.add(n)
    }
    this.merges = merges
    this.loops = loops
    const { code } = this
    this.context = {
      code,
      values: this.values,
      callees: options.callees,
      exactFma: options.exactFma,
      address: code.local(ValType.i64),
      page: code.local(ValType.i32),
      scratch: [0, 1, 2, 3].map(() => code.local(ValType.i64)),
      scratchF64: [0, 1, 2, 3].map(() => code.local(ValType.f64)),
      window: options.window,
      faultSite: (memop, needs) => this.site(memop, needs),
      leaveOnFault: () => code.brIf(this.faultExits.get(this.dirty)!),
      storeDirty: () => this.values.store(this.dirty),
      afterCallback: () => {
        const taken = this.context.page
        code.tee(taken)
        code.i32(0)
        code.op(Insn.i32_lt_s)
        code.ifUnlikely()
        this.leaveAtSite(Leave.interrupted)
        code.end()
        code.get(parameters.fuel)
        code.get(taken)
        code.op(Insn.i32_sub)
        code.set(parameters.fuel)
      },
      pushFuelHere: () => {
        code.get(parameters.fuel)
        code.i32(this.node.ir.insns.length - this.insn)
        code.op(Insn.i32_add)
      },
      vcpu: () => this.vcpuLocal(),
      callbackNumber: options.callbackNumber,
      scoreboardAddress: options.scoreboardAddress,
      strictFloat: this.strictFloat,
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
    const sets = this.dirtySets()
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
    this.values.load(this.flow.liveIn[this.entry]!, () => this.leaveUnfit(Leave.wide))
    this.emitTree(this.entry)
    code.op(Insn.unreachable)
    for (const set of sets.toReversed()) {
      code.end()
      code.i32(Leave.fault)
      code.set(this.next)
      code.end()
      this.values.store(set)
      this.returnNext()
    }
    code.op(Insn.unreachable)
    return { body: code.body(), sites: this.sites, entries: this.entryPcs }
  }

  /** Every set of globals that may be dirty at a place that leaves through a shared exit. */
  private dirtySets(): Array<Globals> {
    const sets = new Set<Globals>([0n])
    for (const n of this.analysis.order) {
      const node = this.cfg.nodes[n]!
      let dirty = this.flow.dirtyIn[n]!
      for (const op of this.opsOf(node)) {
        if ((opTable[op.opcode]!.flags & (OpFlag.memory | OpFlag.globals)) !== 0) sets.add(dirty)
        if (isBarrier(node.ir, op)) dirty = 0n
        dirty |= definesOf(op)
      }
      sets.add(dirty)
    }
    return [...sets]
  }

  private opsOf(node: Node): ReadonlyArray<Op> {
    return node.ir.ops.slice(node.start, node.end)
  }

  /** Leaves at once where the region's assumptions do not hold: the floating-point status, fuel. */
  private entryChecks(): void {
    const { code } = this
    if (this.checksStatus) {
      this.pushUnusualStatus()
      if (this.strictFloat) code.op(Insn.i32_eqz)
      code.ifUnlikely()
      this.leaveUnfit(Leave.unfit)
      code.end()
    }
    code.get(parameters.fuel)
    code.i32(0)
    code.op(Insn.i32_le_s)
    code.ifUnlikely()
    code.get(parameters.pc)
    code.set(this.next)
    code.br(this.exits.get(0n)!)
    code.end()
  }

  /** Leaves before anything was done: the engine interprets the block at which the region was entered. */
  private leaveUnfit(leave: number): void {
    const { code } = this
    code.i32(0)
    code.get(parameters.pc)
    code.op(Insn.i64_extend_i32_u)
    code.memory(Insn.i64_store, Cell.pc)
    code.i32(leave)
    code.get(parameters.fuel)
    code.op(Insn.return)
  }

  /** Pushes 0 where the floating-point status is the usual one: inexact already set, round to nearest. */
  private pushUnusualStatus(): void {
    const { code } = this
    code.i32(0)
    code.memory(Insn.i32_load, CpuSlot.fpFlags * 8)
    code.i32(FpFlag.inexact)
    code.op(Insn.i32_and)
    code.op(Insn.i32_eqz)
    code.i32(0)
    code.memory(Insn.i32_load, CpuSlot.fpRound * 8)
    code.op(Insn.i32_or)
  }

  /** A block that writes the status goes on outside: the test at the region's entry decides about coming back. */
  private leaveAfterStatusWrites(): void {
    for (const node of this.cfg.nodes) {
      const { terminator } = node
      if (terminator.kind !== "goto" || !node.ir.ops.some(writesFpStatus)) continue
      const { resume } = this.cfg.nodes[terminator.target]!
      if (resume !== undefined) node.terminator = { kind: "leave", pc: resume }
    }
  }

  private returnNext(): void {
    this.code.get(this.next)
    this.code.get(parameters.fuel)
    this.code.op(Insn.return)
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
    code.get(parameters.fuel)
    code.i32(instructions)
    code.op(Insn.i32_sub)
    code.set(parameters.fuel)
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
        if (terminator.cases.length > 0) {
          code.get(parameters.pc)
          code.if()
          for (const { key, last, node: target } of terminator.cases) {
            code.get(parameters.pc)
            code.i32(key)
            code.op(Insn.i32_eq)
            code.if()
            if (last) {
              code.i32(0)
              code.set(parameters.pc)
            }
            this.branch(from, target)
            code.end()
          }
          code.end()
        }
        if (from === this.entry) {
          code.i32(0)
          code.set(parameters.pc)
        }
        return this.branch(from, terminator.next)
      }
      case "enter":
        code.i32(terminator.key)
        code.set(parameters.pc)
        return this.branch(from, terminator.target)
      case "leave":
        values.store(this.dirty)
        return this.jumpTo(terminator.pc)
      case "call":
        return this.call(from, node, terminator)
      case "jump":
        return this.jump(terminator.target, terminator.hint)
      case "exit": {
        values.store(this.dirty)
        const unexecuted = node.ir.insns.length - 1 - this.insn
        if (unexecuted > 0) this.spendFuel(-unexecuted)
        code.i32(0)
        values.getI64(terminator.nextPc)
        code.memory(Insn.i64_store, Cell.pc)
        code.i32(0)
        code.i32(terminator.code)
        code.memory(Insn.i32_store, Cell.exitCode)
        code.i32(Leave.exit)
        code.get(parameters.fuel)
        code.op(Insn.return)
        return
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
      this.leaveAfterCallbacks(to)
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
    const { terminator } = this.cfg.nodes[from]!
    // On the way to a dispatch node the key says where the way leads; an odd one leads into the middle of a block.
    const key = terminator.kind === "enter" ? terminator.key : this.cfg.nodes[to]!.resume
    const pc = key === undefined || (key & 1) !== 0 ? undefined : key
    if (!this.loops.has(to) || !dominates(this.analysis, to, from)) {
      if (pc === undefined) throw new Error("an edge into the middle of a block cannot leave the region")
      this.values.store(dirty)
      code.i32(pc)
      code.get(parameters.fuel)
      code.op(Insn.return)
      return
    }
    if (pc !== undefined) {
      code.get(parameters.fuel)
      code.i32(0)
      code.op(Insn.i32_le_s)
      code.ifUnlikely()
      code.i32(pc)
      code.set(this.next)
      code.br(this.exits.get(dirty)!)
      code.end()
    }
    code.br(this.labels.get(to)!)
  }

  /** Behind a block with callbacks, which may have asked for it, fuel is looked at on the way to the next block too. */
  private leaveAfterCallbacks(to: number): void {
    const { code } = this
    const { resume } = this.cfg.nodes[to]!
    const calls = this.node.ir.callbacks.some(({ callback }) => callback.kind !== "inline" && callback.kind !== "memInline")
    if (!calls || resume === undefined) return
    code.get(parameters.fuel)
    code.i32(0)
    code.op(Insn.i32_le_s)
    code.ifUnlikely()
    code.i32(resume)
    code.set(this.next)
    code.br(this.exits.get(this.dirty)!)
    code.end()
  }

  // --- ways out ------------------------------------------------------------------------------------------------------

  /** Numbers the current instruction as a place where the region may be left. */
  private site(memop: number, needs: number): number {
    const { insns } = this.node.ir
    this.sites.push({ pc: Number(insns[this.insn]!.pc), unexecuted: insns.length - this.insn, memop, needs })
    return this.options.firstSite + this.sites.length - 1
  }

  /** Leaves in the middle of a block: the site's cell says where. */
  private leaveAtSite(leave: number): void {
    const { code } = this
    code.i32(0)
    code.i32(this.site(0, 0))
    code.memory(Insn.i32_store, Cell.site)
    code.i32(leave)
    code.set(this.next)
    code.br(this.exits.get(this.dirty)!)
  }

  /** Goes on at a constant pc outside: in its region if there is one, else in the engine. All state is stored. */
  private jumpTo(pc: number): void {
    const { code } = this
    code.i32(0)
    code.memory(Insn.i32_load, entryOffset(pc))
    code.i32(pc)
    code.op(Insn.i32_eq)
    code.if()
    code.i32(pc)
    code.get(parameters.depth)
    code.get(parameters.fuel)
    code.i32(0)
    code.memory(Insn.i32_load, entryOffset(pc) + 4)
    code.callIndirect(this.options.regionType, true)
    code.end()
    code.i32(pc)
    code.get(parameters.fuel)
    code.op(Insn.return)
  }

  /** Leaves `pc & mask` of the pair for the pc in local `next` on the stack, as an address. */
  private pushEntryAddress(): void {
    const { code } = this
    code.get(this.next)
    code.i32(2)
    code.op(Insn.i32_shl)
    code.i32(((1 << entryTableBits) - 1) << 3)
    code.op(Insn.i32_and)
  }

  /** Puts a computed target into `next`; leaves where it does not fit 32 bits. All state is stored. */
  private setNext(target: number): void {
    const { code, values } = this
    values.getI64(target)
    code.tee(this.context.scratch[0]!)
    code.op(Insn.i32_wrap_i64)
    code.set(this.next)
    code.get(this.context.scratch[0]!)
    code.i64(32n)
    code.op(Insn.i64_shr_u)
    code.op(Insn.i64_eqz)
    code.op(Insn.i32_eqz)
    code.if()
    code.i32(0)
    code.get(this.context.scratch[0]!)
    code.memory(Insn.i64_store, Cell.pc)
    code.i32(Leave.farJump)
    code.get(parameters.fuel)
    code.op(Insn.return)
    code.end()
  }

  private jump(target: number, hint: number): void {
    const { code } = this
    this.values.store(this.dirty)
    this.setNext(target)
    if (hint !== JumpHint.return) {
      this.pushEntryAddress()
      code.memory(Insn.i32_load, entryTableBase)
      code.get(this.next)
      code.op(Insn.i32_eq)
      code.if()
      code.get(this.next)
      code.get(parameters.depth)
      code.get(parameters.fuel)
      this.pushEntryAddress()
      code.memory(Insn.i32_load, entryTableBase + 4)
      code.callIndirect(this.options.regionType, true)
      code.end()
    }
    this.returnNext()
  }

  /**
   * A guest call as a WebAssembly call. If the callee returns to where this call is to return, the region goes on; anything
   * else it returns is passed upward. Without a compiled callee, or too deep, the region leaves at the callee's pc.
   */
  private call(from: number, node: Node, terminator: { target: number; returnPc: number; next: number }): void {
    const { code } = this
    this.values.store(this.dirty)
    this.setNext(terminator.target)
    this.pushEntryAddress()
    code.memory(Insn.i32_load, entryTableBase)
    code.get(this.next)
    code.op(Insn.i32_ne)
    code.get(parameters.depth)
    code.i32(maxDepth)
    code.op(Insn.i32_ge_u)
    code.op(Insn.i32_or)
    code.if()
    this.returnNext()
    code.end()
    code.get(this.next)
    code.get(parameters.depth)
    code.i32(1)
    code.op(Insn.i32_add)
    code.get(parameters.fuel)
    this.pushEntryAddress()
    code.memory(Insn.i32_load, entryTableBase + 4)
    code.callIndirect(this.options.regionType)
    code.set(parameters.fuel)
    code.tee(this.next)
    code.i32(terminator.returnPc)
    code.op(Insn.i32_ne)
    code.if()
    this.returnNext()
    code.end()
    if (this.usesFloat && !this.strictFloat) {
      // The callee may have changed the status.
      this.pushUnusualStatus()
      code.ifUnlikely()
      this.returnNext()
      code.end()
    }
    this.values.load(this.flow.liveIn[terminator.next]!, () => this.returnNext())
    this.dirty = 0n
    this.node = node
    this.branch(from, terminator.next)
  }
}
