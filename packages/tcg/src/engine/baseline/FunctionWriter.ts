/**
 * Writes one function of baseline code: some blocks of the guest, in the order of their addresses, each of which can be
 * entered. Nothing is analysed: one pass over the operations, registers in memory between blocks, and one computed branch
 * in a loop for whatever goes back.
 *
 *     block fault, leave, jump, computed, returned      the shared exits, at the end of the function
 *       loop again
 *         block n-1 ... block 0   br_table index   end   (code of block 0)   end   (code of block 1)   ...
 *
 * A branch forward leaves the `block` that ends in front of its target. A branch back sets `index` and goes to `again`.
 */
import type { IrBlock, Op } from "../../ir/Block.ts"
import { constantOf } from "../../ir/Block.ts"
import { JumpHint, Opcode, opTable } from "../../ir/Opcode.ts"
import { CodeWriter, type FunctionBody, type Label } from "../../wasm/CodeWriter.ts"
import { Insn, ValType } from "../../wasm/Wasm.ts"
import { type BaselineBlock, UnsupportedBlock } from "./BaselineBlock.ts"
import { BlockValues } from "./BlockValues.ts"
import { type BaselineOptions, makeContext } from "./makeContext.ts"
import { leaveForRegion, pushEntry } from "./entries.ts"
import { type BlockChecks, planChecks } from "./planChecks.ts"
import { isBarrier } from "../jit/analysis/Dataflow.ts"
import { usesFpStatus } from "../jit/analysis/floatStatus.ts"
import { pushUnusualStatus } from "../jit/emit/floatStatus.ts"
import type { LowerContext } from "../jit/emit/lower/Context.ts"
import { lowerFloat } from "../jit/emit/lower/float.ts"
import { lowerInteger, pushCondition } from "../jit/emit/lower/integer.ts"
import { lowerCheck, lowerMemory } from "../jit/emit/lower/memory.ts"
import { lowerPlugin } from "../jit/emit/lower/plugin.ts"
import { regionParameters } from "../jit/emit/RegionCompiler.ts"
import type { Site } from "../jit/emit/SideExits.ts"
import {
  Cell,
  entryOffset,
  firstIndex,
  indexShift,
  Leave,
  frameDepth,
  maxDepth,
  Parameter,
  slotMask
} from "../jit/Runtime.ts"

export interface BaselineFunction {
  readonly body: FunctionBody
  readonly sites: ReadonlyArray<Site>
}

/**
 * Compiles blocks, sorted by address, to a function.
 *
 * @throws UnsupportedBlock
 */
export const compileBaseline = (blocks: ReadonlyArray<BaselineBlock>, options: BaselineOptions): BaselineFunction =>
  new FunctionWriter(blocks, options).compile()

const none: BlockChecks = { checks: new Map(), covered: new Set() }

class FunctionWriter {
  private readonly code = new CodeWriter(regionParameters.length)
  private readonly values = new BlockValues(this.code)
  private readonly sites: Array<Site> = []
  private readonly next = this.code.local(ValType.i32)
  private readonly target = this.code.local(ValType.i64)
  private readonly taken = this.code.local(ValType.i32)
  private readonly index = this.code.local(ValType.i32)
  /** The depth below this function's frame. */
  private readonly below = this.code.local(ValType.i32)
  private readonly context: LowerContext
  private readonly blocks: ReadonlyArray<BaselineBlock>
  private readonly options: BaselineOptions
  private readonly numberOf = new Map<number, number>()
  // Labels of the shared exits.
  private fault!: Label
  private leave!: Label
  private jump!: Label
  private far!: Label
  private computed!: Label
  private returned!: Label
  private again!: Label
  /** Labels in front of the blocks that are still to come. */
  private readonly fronts: Array<Label> = []
  // What is written now.
  private number = 0
  private block!: BaselineBlock
  private insn = -1
  private plan = none
  private strict = false
  /** Callbacks of the block may have asked to leave: fuel is looked at where it ends. */
  private calls = false
  private self: Label | undefined
  private readonly labels = new Map<number, Label>()

  constructor(blocks: ReadonlyArray<BaselineBlock>, options: BaselineOptions) {
    this.blocks = blocks
    this.options = options
    blocks.forEach(({ pc }, number) => this.numberOf.set(pc, number))
    this.context = makeContext({
      code: this.code,
      values: this.values,
      taken: this.taken,
      options,
      isCovered: (op) => this.plan.covered.has(op),
      isStrict: () => this.strict,
      insnsAhead: () => this.block.ir.insns.length - Math.max(this.insn, 0),
      site: (memop, needs) => this.site(memop, needs),
      leaveOnFault: () => this.code.brIf(this.fault),
      leaveAtSite: (leave) => this.leaveAtSite(leave)
    })
  }

  compile(): BaselineFunction {
    const { blocks, code, fronts } = this
    code.beginWithSum(this.below, Parameter.depth, frameDepth)
    this.fault = code.block()
    this.leave = code.block()
    this.jump = code.block()
    this.far = code.block()
    this.computed = code.block()
    this.returned = code.block()
    code.get(Parameter.pc)
    code.set(this.next)
    this.ifNoFuel(() => code.br(this.leave))
    if (blocks.length > 1) {
      pushEntry(this.code, Parameter.pc, 4)
      code.i32(indexShift)
      code.op(Insn.i32_shr_u)
      code.set(this.index)
      this.again = code.loop()
      for (let i = 0; i < blocks.length; i++) fronts.push(code.block())
      fronts.reverse()
      code.get(this.index)
      code.i32(firstIndex)
      code.op(Insn.i32_sub)
      code.brTable(fronts, fronts[0]!)
    }
    blocks.forEach((_, number) => this.writeBlock(number))
    if (blocks.length > 1) code.end()
    code.op(Insn.unreachable)
    this.writeExits()
    return { body: code.body(), sites: this.sites }
  }

  // --- blocks --------------------------------------------------------------------------------------------------------

  private writeBlock(number: number): void {
    const { code, values } = this
    const block = this.blocks[number]!
    const { ir, pc, shares } = block
    if (this.blocks.length > 1) code.end()
    this.number = number
    this.block = block
    this.insn = -1
    this.plan = shares ? planChecks(ir) : none
    this.calls = ir.callbacks.some(({ callback }) => callback.kind !== "inline" && callback.kind !== "memInline")
    this.self = branchesTo(ir, pc) ? code.loop() : undefined
    this.spendFuel(ir.insns.length)
    this.testStatus()
    this.openLabels()
    values.enterBlock(ir)
    for (const op of ir.ops) this.writeOp(op)
    if (this.self !== undefined) code.end()
  }

  /** Leaves in front of a block with floating point where the status is not the usual one. */
  private testStatus(): void {
    const { block, code } = this
    const { ir, pc } = block
    const uses = ir.ops.some(usesFpStatus)
    // A callback that may write registers may change the status within the block.
    this.strict = block.strictFloat || (uses && ir.ops.some((op) => isBarrier(ir, op)))
    if (!uses || this.strict) return
    pushUnusualStatus(code)
    code.ifUnlikely()
    this.spendFuel(-ir.insns.length)
    code.i32(0)
    code.i64(BigInt(pc))
    code.memory(Insn.i64_store, Cell.pc)
    code.i32(Leave.unusual)
    code.set(this.next)
    code.br(this.leave)
    code.end()
  }

  /** Opens a `block` for each label, the one that comes last first. */
  private openLabels(): void {
    const { block, code, labels } = this
    labels.clear()
    if (block.ir.labels === 0) return
    const { ops } = block.ir
    for (let i = ops.length - 1; i >= 0; i--) {
      if (ops[i]!.opcode === Opcode.set_label) labels.set(ops[i]!.args[0]!, code.block())
    }
  }

  private labelOf(label: number): Label {
    const found = this.labels.get(label)
    if (found === undefined) throw new UnsupportedBlock(this.block.pc)
    return found
  }

  private writeOp(op: Op): void {
    const { block, code, context, values } = this
    const { args } = op
    switch (op.opcode) {
      case Opcode.insn_start:
        this.insn++
        return
      case Opcode.mb:
        return
      case Opcode.set_label:
        code.end()
        this.labels.delete(args[0]!)
        return values.meet()
      case Opcode.br:
        return code.br(this.labelOf(args[0]!))
      case Opcode.brcond:
        pushCondition(context, args[0]!, args[1]!, args[2]!)
        return code.brIf(this.labelOf(args[3]!))
      case Opcode.goto_tb: {
        const pc = constantOf(block.ir, args[0]!)
        return pc === undefined || pc < 0n || pc > 0xffffffffn
          ? this.compute(args[0]!, args[2]!)
          : this.go(Number(pc), args[2]!)
      }
      case Opcode.goto_ptr:
        return this.compute(args[0]!, args[1]!)
      case Opcode.exit_tb:
        return this.exit(args[0]!, args[1]!)
    }
    const check = this.plan.checks.get(op)
    if (check !== undefined) lowerCheck(context, check, () => this.leaveAtSite(Leave.rest))
    if (
      !(
        lowerInteger(context, op) ||
        lowerMemory(context, op) ||
        lowerFloat(context, op) ||
        lowerPlugin(context, block.ir, op)
      )
    ) {
      throw new Error(`baseline code has no lowering for ${opTable[op.opcode]!.name}`)
    }
  }

  // --- transfers -----------------------------------------------------------------------------------------------------

  /** Goes on at a constant pc. */
  private go(pc: number, hint: number): void {
    const { code } = this
    if (hint === JumpHint.call) return this.call(pc)
    const number = this.numberOf.get(pc)
    if (number !== undefined) return this.branch(number)
    code.i32(pc)
    code.set(this.next)
    code.br(this.jump)
  }

  /** Goes on at a computed pc. */
  private compute(target: number, hint: number): void {
    const { code } = this
    this.values.getI64(target)
    code.set(this.target)
    if (hint === JumpHint.call) return this.call(undefined)
    code.br(hint === JumpHint.return ? this.returned : this.computed)
  }

  /** Goes on at a block of the function. */
  private branch(number: number): void {
    const { code } = this
    const back = number <= this.number
    if (back || this.calls) {
      this.ifNoFuel(() => {
        code.i32(this.blocks[number]!.pc)
        code.set(this.next)
        code.br(this.leave)
      })
    }
    if (!back) return code.br(this.fronts[number]!)
    leaveForRegion(code, this.blocks[number]!.pc, this.next, this.jump)
    if (number === this.number && this.self !== undefined) return code.br(this.self)
    code.i32(firstIndex + number)
    code.set(this.index)
    code.br(this.again)
  }

  /**
   * A guest call as a WebAssembly call, to a constant pc or to `target`; then on to the block behind it. Without a compiled callee, or
   * too deep, the function leaves at the callee's pc.
   */
  private call(pc: number | undefined): void {
    const { code } = this
    if (pc === undefined) {
      code.get(this.target)
      code.i64(32n)
      code.op(Insn.i64_shr_u)
      code.op(Insn.i64_eqz)
      code.op(Insn.i32_eqz)
      code.brIfUnlikely(this.far)
      code.get(this.target)
      code.op(Insn.i32_wrap_i64)
    } else code.i32(pc)
    code.set(this.next)
    const entry = (offset: 0 | 4) => {
      if (pc === undefined) return pushEntry(this.code, this.next, offset)
      code.i32(0)
      code.memory(Insn.i32_load, entryOffset(pc) + offset)
    }
    entry(0)
    code.get(this.next)
    code.op(Insn.i32_ne)
    code.get(this.below)
    code.i32(maxDepth)
    code.op(Insn.i32_ge_u)
    code.op(Insn.i32_or)
    code.brIfUnlikely(this.leave)
    code.get(this.next)
    code.get(this.below)
    code.get(Parameter.fuel)
    entry(4)
    code.i32(slotMask)
    code.op(Insn.i32_and)
    code.callIndirect(this.options.regionType)
    code.set(Parameter.fuel)
    code.tee(this.next)
    code.i32(this.block.end)
    code.op(Insn.i32_ne)
    code.brIfUnlikely(this.leave)
    this.values.forgetCopies()
    const continuation = this.numberOf.get(this.block.end)
    // Where another function has the block behind the call, `next` says so already.
    if (continuation === undefined) code.br(this.jump)
    else this.branch(continuation)
  }

  private exit(nextPc: number, exitCode: number): void {
    const { block, code } = this
    const unexecuted = block.ir.insns.length - 1 - this.insn
    if (unexecuted > 0) this.spendFuel(-unexecuted)
    code.i32(0)
    this.values.getI64(nextPc)
    code.memory(Insn.i64_store, Cell.pc)
    code.i32(0)
    code.i32(exitCode)
    code.memory(Insn.i32_store, Cell.exitCode)
    code.i32(Leave.exit)
    code.set(this.next)
    code.br(this.leave)
  }

  /** Leaves in the middle of a block: the site's cell says where. */
  private leaveAtSite(leave: number): void {
    const { code } = this
    code.i32(0)
    code.i32(this.site(0, 0))
    code.memory(Insn.i32_store, Cell.site)
    code.i32(leave)
    code.set(this.next)
    code.br(this.leave)
  }

  /** The shared exits. */
  private writeExits(): void {
    const { code } = this
    const setNext = () => {
      code.get(this.target)
      code.i64(32n)
      code.op(Insn.i64_shr_u)
      code.op(Insn.i64_eqz)
      code.op(Insn.i32_eqz)
      code.brIfUnlikely(this.far)
      code.get(this.target)
      code.op(Insn.i32_wrap_i64)
      code.set(this.next)
    }
    // A return goes up to who called, which compares it with where it wants to be returned to. With nobody above it is a jump.
    code.end()
    setNext()
    code.get(Parameter.depth)
    code.brIf(this.leave)
    code.br(this.jump)
    code.end()
    setNext()
    code.br(this.jump)
    code.end()
    code.i32(0)
    code.get(this.target)
    code.memory(Insn.i64_store, Cell.pc)
    code.i32(Leave.farJump)
    code.set(this.next)
    code.br(this.leave)
    code.end()
    pushEntry(this.code, this.next, 0)
    code.get(this.next)
    code.op(Insn.i32_eq)
    code.if()
    code.get(this.next)
    code.get(Parameter.depth)
    code.get(Parameter.fuel)
    pushEntry(this.code, this.next, 4)
    code.i32(slotMask)
    code.op(Insn.i32_and)
    code.callIndirect(this.options.regionType, true)
    code.end()
    code.end()
    this.returnNext()
    code.end()
    code.i32(Leave.fault)
    code.set(this.next)
    this.returnNext()
    code.op(Insn.unreachable)
  }

  private returnNext(): void {
    this.code.get(this.next)
    this.code.get(Parameter.fuel)
    this.code.op(Insn.return)
  }

  // --- pieces --------------------------------------------------------------------------------------------------------

  private spendFuel(instructions: number): void {
    const { code } = this
    code.get(Parameter.fuel)
    code.i32(instructions)
    code.op(Insn.i32_sub)
    code.set(Parameter.fuel)
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

  /** Numbers the current instruction as a place where the function may be left. */
  private site(memop: number, needs: number): number {
    const { block, sites } = this
    const insn = Math.max(this.insn, 0)
    const { insns } = block.ir
    const pc = Number(insns[insn]!.pc)
    const unexecuted = insns.length - insn
    sites.push({ pc, block: block.pc, root: this.blocks[0]!.pc, unexecuted, memop, needs, isBaseline: true })
    return this.options.firstSite + sites.length - 1
  }
}

/** Whether a block has a jump to its own beginning. */
const branchesTo = (ir: IrBlock, pc: number): boolean =>
  ir.ops.some(
    ({ args, opcode }) => opcode === Opcode.goto_tb && args[2] !== JumpHint.call && constantOf(ir, args[0]!) === BigInt(pc)
  )
