/**
 * Where values live in baseline code: globals in the vCPU's state in memory, temps in locals. A definition of a global is
 * stored at once, so memory is right wherever code is left; a copy in a local serves the loads of the same block.
 */
import type { IrBlock } from "../../ir/Block.ts"
import { cpuStateSlots } from "../../Layout.ts"
import type { CodeWriter } from "../../wasm/CodeWriter.ts"
import { Insn, ValType } from "../../wasm/Wasm.ts"
import type { OperandValues } from "../jit/emit/lower/Context.ts"

/**
 * Copies of globals that a block holds at one time, of each type. V8's baseline compiler goes through all locals of a function
 * at each branch, so more would cost more time than loads do.
 */
const maxCopies = 6

/** A local that holds a value now. */
interface Copy {
  readonly local: number
  readonly isF64: boolean
}

/** What the lowering of operations asks of values. */
export class BlockValues implements OperandValues {
  private readonly code: CodeWriter
  private block!: IrBlock
  /** Locals for copies of globals, which take them in turn, by type. */
  private readonly copyLocals: { readonly i64: Array<number>; readonly f64: Array<number> } = { i64: [], f64: [] }
  /** The global that each of them holds a copy of. */
  private readonly holds = new Map<number, number>()
  private nextI64 = 0
  private nextF64 = 0
  /** Copies of globals that are right where code is written now. */
  private readonly copies = new Map<number, Copy>()
  /** Temps of the block, and the locals that they take in turn, by type. */
  private readonly temps = new Map<number, Copy>()
  private readonly pools: { readonly i64: Array<number>; readonly f64: Array<number> } = { i64: [], f64: [] }
  private takenI64 = 0
  private takenF64 = 0
  /** How deep code is nested where it runs whenever the block does. */
  private nesting = 0

  constructor(code: CodeWriter) {
    this.code = code
  }

  /** To be called before the operations of a block are written. */
  enterBlock(block: IrBlock): void {
    this.block = block
    this.temps.clear()
    this.takenI64 = 0
    this.takenF64 = 0
    this.meet()
  }

  /** Ways meet here, in code that runs whenever the rest of the block does. */
  meet(): void {
    this.nesting = this.code.nesting
    this.forgetCopies()
  }

  /** Memory may have changed: copies are not right any more. */
  forgetCopies(): void {
    this.copies.clear()
  }

  getI64(value: number): void {
    if (value < 0) return this.code.i64(this.block.constants[~value]!)
    const copy = this.copyOf(value)
    if (copy !== undefined) {
      this.code.get(copy.local)
      if (copy.isF64) this.code.op(Insn.i64_reinterpret_f64)
      return
    }
    this.code.i32(0)
    this.code.memory(Insn.i64_load, value * 8)
    this.keep(value, false)
  }

  getI32(value: number): void {
    if (value < 0) return this.code.i32(Number(BigInt.asIntN(32, this.block.constants[~value]!)))
    this.getI64(value)
    this.code.op(Insn.i32_wrap_i64)
  }

  getF64(value: number): void {
    if (value < 0) return this.code.f64(asF64(this.block.constants[~value]!))
    const copy = this.copyOf(value)
    if (copy !== undefined) {
      this.code.get(copy.local)
      if (!copy.isF64) this.code.op(Insn.f64_reinterpret_i64)
      return
    }
    this.code.i32(0)
    this.code.memory(Insn.f64_load, value * 8)
    this.keep(value, true)
  }

  getAddress(value: number): void {
    this.getI32(value)
  }

  isI32(): boolean {
    return false
  }

  isNarrow(): boolean {
    return false
  }

  definesNarrow(): boolean {
    return false
  }

  isF64(value: number): boolean {
    return value >= 0 && this.copyOf(value)?.isF64 === true
  }

  beginSet(value: number): void {
    if (value < cpuStateSlots) this.code.i32(0)
  }

  setI64(value: number): void {
    this.set(value, false)
  }

  setI32(value: number): void {
    this.code.op(Insn.i64_extend_i32_s)
    this.set(value, false)
  }

  setU32(value: number): void {
    this.code.op(Insn.i64_extend_i32_u)
    this.set(value, false)
  }

  setF64(value: number): void {
    this.set(value, true)
  }

  private set(value: number, isF64: boolean): void {
    if (value >= cpuStateSlots) {
      // One that is set on two ways has one local, hence one type.
      const known = this.temps.get(value)
      if (known !== undefined && known.isF64 !== isF64)
        this.code.op(isF64 ? Insn.i64_reinterpret_f64 : Insn.f64_reinterpret_i64)
      return this.code.set(known?.local ?? this.temp(value, isF64))
    }
    const known = this.copies.get(value)
    // Where the code may be skipped a copy that is right before must be right behind it either way.
    if (known?.isF64 === isF64) this.code.tee(known.local)
    else {
      this.copies.delete(value)
      this.keep(value, isF64)
    }
    this.code.memory(isF64 ? Insn.f64_store : Insn.i64_store, value * 8)
  }

  private copyOf(value: number): Copy | undefined {
    return value < cpuStateSlots ? this.copies.get(value) : this.temps.get(value)
  }

  /** Copies what is on the stack to a global's local, where that code is not skipped. */
  private keep(global: number, isF64: boolean): void {
    if (this.code.nesting > this.nesting) return
    const local = this.copyLocal(isF64)
    const former = this.holds.get(local)
    if (former !== undefined && this.copies.get(former)?.local === local) this.copies.delete(former)
    this.holds.set(local, global)
    this.copies.set(global, { local, isF64 })
    this.code.tee(local)
  }

  private copyLocal(isF64: boolean): number {
    const pool = isF64 ? this.copyLocals.f64 : this.copyLocals.i64
    const index = (isF64 ? this.nextF64++ : this.nextI64++) % maxCopies
    return (pool[index] ??= this.code.local(isF64 ? ValType.f64 : ValType.i64))
  }

  /** A local for a temp that is set for the first time. */
  private temp(value: number, isF64: boolean): number {
    const pool = isF64 ? this.pools.f64 : this.pools.i64
    const index = isF64 ? this.takenF64++ : this.takenI64++
    if (index === pool.length) pool.push(this.code.local(isF64 ? ValType.f64 : ValType.i64))
    const local = pool[index]!
    this.temps.set(value, { local, isF64 })
    return local
  }
}

const bits = new DataView(new ArrayBuffer(8))

const asF64 = (value: bigint): number => {
  bits.setBigInt64(0, value)
  return bits.getFloat64(0)
}
