/** The IR of one translation block, and the builder with which a front end writes it. */
import type { DynCallback } from "@emu/core/Instrumentation"
import { cpuStateSlots } from "../Layout.ts"
import { type Cond, Opcode, opTable } from "./Opcode.ts"

/**
 * One operation: its number and its arguments, outputs first, then inputs, then constants (see `opTable`).
 *
 * Outputs and inputs are value numbers: 0 to 255 are the vCPU's state slots (globals, see `Layout`), from 256 on temps of
 * this block, and negative numbers are constants: `~n` is entry n of the block's `constants`. Constants (the last kind of argument)
 * are plain integers: labels, conditions, sizes, displacements.
 */
export interface Op {
  opcode: number
  args: Array<number>
}

/** A global, a temp or (negative) a constant of a block. */
export type Value = number

/** One guest instruction of a block. */
export interface GuestInsn {
  readonly pc: bigint
  /** Length in bytes. */
  readonly size: number
  /** The instruction's bytes, zero-extended. */
  readonly raw: number
}

/** What a `plugin_*` operation of a block names by its number: one thing that a plugin asked for, and where. */
export interface BlockCallback {
  readonly callback: DynCallback
  /** The instruction (index in the block) it belongs to; 0 for the block's own. */
  readonly insn: number
  /** For memory callbacks: the access (`MemOp`), and whether it was a store. */
  readonly memop: number
  readonly store: boolean
}

/** The IR of a translation block. */
export interface IrBlock {
  readonly pc: bigint
  readonly insns: ReadonlyArray<GuestInsn>
  readonly ops: Array<Op>
  /** Values of the constants that value numbers below zero name, each as a signed 64-bit integer. */
  readonly constants: Array<bigint>
  /** What `plugin_*` operations name; empty until instrumentation is woven in. */
  readonly callbacks: Array<BlockCallback>
  temps: number
  labels: number
}

/** An instruction below 2^32. Bigints are dear, and only plugins look at them. */
class NearInsn implements GuestInsn {
  readonly #address: number
  readonly size: number
  readonly raw: number

  constructor(address: number, size: number, raw: number) {
    this.#address = address
    this.size = size
    this.raw = raw
  }

  get pc(): bigint {
    return BigInt(this.#address)
  }
}

/** More constants than this are looked up by a Map. */
const fewConstants = 12

/** Writes the IR of one block. Front ends get one for each translation. */
export class IrBuilder {
  readonly insns: Array<GuestInsn> = []
  readonly ops: Array<Op> = []
  readonly constants: Array<bigint> = []
  /** The same as numbers, NaN for those that no number holds. */
  private readonly numbers: Array<number> = []
  /** Indices of all constants, once there are many. */
  private index: Map<bigint | number, number> | undefined
  private temps = 0
  private labels = 0
  readonly pc: bigint

  constructor(pc: bigint) {
    this.pc = pc
  }

  /** A new temp: assigned before use, dead at the end of the block. */
  temp(): Value {
    return cpuStateSlots + this.temps++
  }

  /** A constant; equal constants of a block share one number. */
  constant(value: bigint): Value {
    const v = BigInt.asIntN(64, value)
    const number = Number(v)
    if (Number.isSafeInteger(number)) return this.number(number)
    const known = this.index === undefined ? this.constants.indexOf(v) : (this.index.get(v) ?? -1)
    return ~(known < 0 ? this.add(v, NaN) : known)
  }

  /** The constant of a safe integer. */
  number(value: number): Value {
    const known = this.index === undefined ? this.numbers.indexOf(value) : (this.index.get(value) ?? -1)
    return ~(known < 0 ? this.add(BigInt(value), value) : known)
  }

  private add(value: bigint, number: number): number {
    const index = this.constants.push(value) - 1
    this.numbers.push(number)
    if (this.index !== undefined) this.index.set(Number.isNaN(number) ? value : number, index)
    else if (index === fewConstants) {
      this.index = new Map(this.numbers.map((each, i) => [Number.isNaN(each) ? this.constants[i]! : each, i]))
    }
    return index
  }

  /** A new label, to be placed with `setLabel`. */
  label(): number {
    return this.labels++
  }

  /** Appends an operation. */
  op(opcode: number, ...args: Array<number>): void {
    this.ops.push({ opcode, args })
  }

  /** Marks the start of a guest instruction. */
  insnStart(insn: GuestInsn): void {
    this.insns.push(insn)
    // Bigints are dear, and hardly any address needs them.
    const pc = Number(insn.pc)
    if (pc <= 0xffffffff) this.op(Opcode.insn_start, pc | 0, 0, insn.size)
    else this.op(Opcode.insn_start, Number(BigInt.asIntN(32, insn.pc)), Number(BigInt.asIntN(32, insn.pc >> 32n)), insn.size)
  }

  /** As `insnStart`, of an instruction at an address below 2^32. */
  insnAt(address: number, size: number, raw: number): void {
    this.insns.push(new NearInsn(address, size, raw))
    this.op(Opcode.insn_start, address | 0, 0, size)
  }

  setLabel(label: number): void {
    this.op(Opcode.set_label, label)
  }

  brcond(a: Value, b: Value, cond: Cond, label: number): void {
    this.op(Opcode.brcond, a, b, cond, label)
  }

  /** The finished block. */
  finish(): IrBlock {
    return {
      pc: this.pc,
      insns: this.insns,
      ops: this.ops,
      constants: this.constants,
      callbacks: [],
      temps: this.temps,
      labels: this.labels
    }
  }
}

/** Number of arguments of an operation that are outputs; they come first. */
export const outputsOf = (op: Op): number => opTable[op.opcode]!.outputs

/** The value of a constant operand, or undefined for a global or temp. */
export const constantOf = (block: IrBlock, value: Value): bigint | undefined =>
  value < 0 ? block.constants[~value] : undefined

/** The number of a constant, added to the block's where it has none yet. */
export const constantIn = (block: IrBlock, value: bigint): Value => {
  const { constants } = block
  const index = constants.indexOf(value)
  return ~(index < 0 ? constants.push(value) - 1 : index)
}
