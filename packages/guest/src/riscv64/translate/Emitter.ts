/** What lowerings write to: the builder of the block, and what they need to know of the instruction and of the block so far. */
import type { IrBuilder, Value } from "@emu/tcg/ir/Block"
import { type Cond, Cond as Conds, ExitCode, JumpHint, Opcode } from "@emu/tcg/ir/Opcode"
import { CpuSlot } from "@emu/tcg/Layout"
import type { Insn } from "../isa/decode.ts"

/** First state slot of the floating-point registers. */
export const floatSlot = 32

/** Writes the IR of one instruction; the block's loop sets `pc` and `nextPc` before. */
export class Emitter {
  readonly builder: IrBuilder
  /** Address of the instruction, and of the one after it. */
  pc = 0
  nextPc = 0
  /** The dynamic rounding mode was found valid earlier in the block; only CSR writes change it, and they end blocks. */
  private isRoundingChecked = false

  constructor(builder: IrBuilder) {
    this.builder = builder
  }

  /** The value of integer register `register`: its slot, or the constant 0 for x0. */
  x(register: number): Value {
    return register === 0 ? this.builder.number(0) : register
  }

  /** Where to put a result for integer register `register`: its slot, or a temp that nobody reads for x0. */
  xOut(register: number): Value {
    return register === 0 ? this.builder.temp() : register
  }

  /** The slot of floating-point register `register`. */
  f(register: number): Value {
    return floatSlot + register
  }

  /** A constant value. */
  constant(value: number): Value {
    return this.builder.number(value)
  }

  /** An operation with one output, into a new temp. */
  temp(opcode: Opcode, ...inputs: Array<number>): Value {
    const result = this.builder.temp()
    this.builder.op(opcode, result, ...inputs)
    return result
  }

  /** Continues at a constant pc, over chain link `slot` (0 or 1). `hint` is a `JumpHint`. */
  goto(target: number, slot: 0 | 1, hint: number = JumpHint.jump): void {
    this.builder.op(Opcode.goto_tb, this.constant(target), slot, hint)
  }

  /** Leaves the block with a code; pc becomes `pc`. */
  exit(pc: number, code: ExitCode): void {
    this.builder.op(Opcode.exit_tb, this.constant(pc), code)
  }

  /** Raises the illegal instruction exception here. */
  illegal(): void {
    this.exit(this.pc, ExitCode.illegal)
  }

  /** A conditional branch over the code that `body` writes: `body` runs where the condition does not hold. */
  unless(a: Value, b: Value, cond: Cond, body: () => void): void {
    const over = this.builder.label()
    this.builder.brcond(a, b, cond, over)
    body()
    this.builder.setLabel(over)
  }

  /** Makes sure that the dynamic rounding mode is one of the five that exist: F extension, section 20.2. Once per block. */
  checkRounding(): void {
    if (this.isRoundingChecked) return
    this.isRoundingChecked = true
    this.unless(CpuSlot.fpRound, this.builder.constant(4n), Conds.leu, () => this.illegal())
  }

  /**
   * Raises the illegal instruction exception for a rounding mode that does not exist. QEMU goes on with the block, so block
   * lengths want the same: the condition never holds, which no optimiser knows.
   */
  rejectRounding(): void {
    this.unless(CpuSlot.fpRound, this.builder.constant(-1n), Conds.eq, () => this.illegal())
  }
}

/** Writes the IR of one instruction. Where it ends the block it must also write how the block is left. */
export type Lowering = (emit: Emitter, insn: Insn) => void
/** Lowerings by mnemonic. */
export type Lowerings = Readonly<Record<string, Lowering>>
