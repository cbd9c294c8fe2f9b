/** How compiled code leaves its region: returns, jumps and calls to other regions through the table of entries. */
import { JumpHint } from "../../../ir/Opcode.ts"
import type { CodeWriter } from "../../../wasm/CodeWriter.ts"
import { Insn, ValType } from "../../../wasm/Wasm.ts"
import {
  Cell,
  entryOffset,
  entryMask,
  entryTableBase,
  frameDepth,
  Leave,
  maxDepth,
  Parameter,
  slotMask
} from "../Runtime.ts"
import type { Values } from "./Values.ts"

/** Writes the ways out of one region. All state must be in memory where one is taken. */
export class WaysOut {
  /** The local with what the region returns first: the next pc, or a `Leave`. */
  readonly next: number
  private readonly code: CodeWriter
  private readonly values: Values
  private readonly regionType: number
  private readonly target: number
  /** The local with the depth below this region's frame. */
  private readonly below: number

  /** @param regionType type index of regions in the module */
  constructor(code: CodeWriter, values: Values, regionType: number) {
    this.code = code
    this.values = values
    this.regionType = regionType
    this.next = code.local(ValType.i32)
    this.target = code.local(ValType.i64)
    this.below = code.local(ValType.i32)
    code.beginWithSum(this.below, Parameter.depth, frameDepth)
  }

  /** Returns what is in `next`. */
  returnNext(): void {
    this.code.get(this.next)
    this.code.get(Parameter.fuel)
    this.code.op(Insn.return)
  }

  /** Returns a constant: a pc or a `Leave`. */
  return(next: number): void {
    this.code.i32(next)
    this.code.get(Parameter.fuel)
    this.code.op(Insn.return)
  }

  /** Returns before anything was done: the engine interprets the block at which the region was entered, by local `pc`. */
  unfit(leave: number, pc: number = Parameter.pc): void {
    const { code } = this
    code.i32(0)
    code.get(pc)
    code.op(Insn.i64_extend_i32_u)
    code.memory(Insn.i64_store, Cell.pc)
    this.return(leave)
  }

  /** Returns for `exit_tb`. */
  exit(nextPc: number, exitCode: number): void {
    const { code } = this
    code.i32(0)
    this.values.getI64(nextPc)
    code.memory(Insn.i64_store, Cell.pc)
    code.i32(0)
    code.i32(exitCode)
    code.memory(Insn.i32_store, Cell.exitCode)
    this.return(Leave.exit)
  }

  /** Goes on at a constant pc outside: in its region if there is one, else in the engine. */
  jumpTo(pc: number): void {
    const { code } = this
    code.i32(0)
    code.memory(Insn.i32_load, entryOffset(pc))
    code.i32(pc)
    code.op(Insn.i32_eq)
    code.if()
    code.i32(pc)
    code.get(Parameter.depth)
    code.get(Parameter.fuel)
    code.i32(0)
    code.memory(Insn.i32_load, entryOffset(pc) + 4)
    code.i32(slotMask)
    code.op(Insn.i32_and)
    code.callIndirect(this.regionType, true)
    code.end()
    this.return(pc)
  }

  /** Goes on at a computed pc. A return goes up to who called, which compares it with where it wants to be returned to. */
  jump(target: number, hint: number): void {
    this.setNext(target)
    if (hint === JumpHint.return) this.returnNext()
    else this.jumpNext()
  }

  /** Goes on at the pc in `next`. */
  jumpNext(): void {
    const { code } = this
    this.pushEntryPc()
    code.get(this.next)
    code.op(Insn.i32_eq)
    code.if()
    this.enterNext(false)
    code.end()
    this.returnNext()
  }

  /**
   * A guest call as a WebAssembly call. Falls through if the callee returns to `returnPc`; anything else that it returns is
   * passed upward. Without a compiled callee, or too deep, the region leaves at the callee's pc.
   */
  call(target: number, returnPc: number): void {
    const { code } = this
    this.setNext(target)
    this.pushEntryPc()
    code.get(this.next)
    code.op(Insn.i32_ne)
    code.get(this.below)
    code.i32(maxDepth)
    code.op(Insn.i32_ge_u)
    code.op(Insn.i32_or)
    code.if()
    this.returnNext()
    code.end()
    this.enterNext(true)
    code.set(Parameter.fuel)
    code.tee(this.next)
    code.i32(returnPc)
    code.op(Insn.i32_ne)
    code.if()
    this.returnNext()
    code.end()
  }

  /**
   * Puts a computed target into `next`; leaves where it does not fit 32 bits.
   *
   * @param store writes what brings state to memory, where it is not there yet
   */
  setNext(target: number, store: () => void = () => {}): void {
    const { code } = this
    this.values.getI64(target)
    code.tee(this.target)
    code.op(Insn.i32_wrap_i64)
    code.set(this.next)
    code.get(this.target)
    code.i64(32n)
    code.op(Insn.i64_shr_u)
    code.op(Insn.i64_eqz)
    code.op(Insn.i32_eqz)
    code.ifUnlikely()
    store()
    code.i32(0)
    code.get(this.target)
    code.memory(Insn.i64_store, Cell.pc)
    this.return(Leave.farJump)
    code.end()
  }

  /** Enters the region of `next`: as a call, deeper by this frame, or in place of this region. */
  private enterNext(isCall: boolean): void {
    const { code } = this
    code.get(this.next)
    code.get(isCall ? this.below : Parameter.depth)
    code.get(Parameter.fuel)
    this.pushEntrySlot()
    code.callIndirect(this.regionType, !isCall)
  }

  /** Pushes the pc of the entry pair for `next`. */
  private pushEntryPc(): void {
    this.pushEntryAddress()
    this.code.memory(Insn.i32_load, entryTableBase)
  }

  /** Pushes the table slot of the entry pair for `next`. */
  private pushEntrySlot(): void {
    this.pushEntryAddress()
    this.code.memory(Insn.i32_load, entryTableBase + 4)
    this.code.i32(slotMask)
    this.code.op(Insn.i32_and)
  }

  private pushEntryAddress(): void {
    const { code } = this
    code.get(this.next)
    code.i32(2)
    code.op(Insn.i32_shl)
    code.i32(entryMask)
    code.op(Insn.i32_and)
  }
}
