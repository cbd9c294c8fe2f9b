/**
 * Which values of a region are always sign-extended from 32 bits: those may live in i32 locals, which spares the extension
 * behind every 32-bit operation. Optimistic fixed point over definitions; what a value is when the region is entered is
 * tested there.
 */
import { type IrBlock, type Op, outputsOf } from "../../ir/Block.ts"
import { MemOp, Opcode } from "../../ir/Opcode.ts"
import { cpuStateSlots } from "../../Layout.ts"
import { isLocalGlobal } from "./Dataflow.ts"

/** Operations whose result is always in the range of an i32. */
const narrowResults: ReadonlySet<number> = new Set<number>([
  Opcode.add_i32,
  Opcode.sub_i32,
  Opcode.mul_i32,
  Opcode.div_s_i32,
  Opcode.div_u_i32,
  Opcode.rem_s_i32,
  Opcode.rem_u_i32,
  Opcode.shl_i32,
  Opcode.shr_i32,
  Opcode.sar_i32,
  Opcode.rotl_i32,
  Opcode.rotr_i32,
  Opcode.clz_i32,
  Opcode.ctz_i32,
  Opcode.popcnt_i32,
  Opcode.clz,
  Opcode.ctz,
  Opcode.popcnt,
  Opcode.ext8s,
  Opcode.ext8u,
  Opcode.ext16s,
  Opcode.ext16u,
  Opcode.ext32s,
  Opcode.setcond,
  Opcode.trace_reserve,
  Opcode.trace_exec,
  Opcode.trace_mem
])

/** Results that are narrow if both operands are. */
const bitwise: ReadonlySet<number> = new Set<number>([Opcode.and, Opcode.or, Opcode.xor])

export interface NarrowValues {
  readonly globals: ReadonlySet<number>
  /** Temps by the block they belong to. */
  readonly temps: ReadonlyMap<IrBlock, ReadonlySet<number>>
}

/** Whether a constant is in the range of an i32. */
export const isNarrowConstant = (value: bigint): boolean => BigInt.asIntN(32, value) === value

/** Finds the narrow values of blocks that make up a region. */
export const narrowValues = (blocks: ReadonlyArray<IrBlock>): NarrowValues => {
  const globals = new Set<number>()
  const temps = new Map<IrBlock, Set<number>>()
  for (const ir of blocks) {
    const own = new Set<number>()
    temps.set(ir, own)
    for (const op of ir.ops) {
      for (let i = 0; i < outputsOf(op); i++) {
        const d = op.args[i]!
        if (d >= cpuStateSlots) own.add(d)
        else if (isLocalGlobal(d)) globals.add(d)
      }
    }
  }
  for (let changed = true; changed;) {
    changed = false
    for (const ir of blocks) {
      const own = temps.get(ir)!
      const isNarrow = (value: number) =>
        value < 0 ? isNarrowConstant(ir.constants[~value]!) : value >= cpuStateSlots ? own.has(value) : globals.has(value)
      for (const op of ir.ops) {
        if (outputsOf(op) > 0 && !definesNarrow(ir, op, isNarrow)) {
          changed = own.delete(op.args[0]!) || globals.delete(op.args[0]!) || changed
        }
      }
    }
  }
  return { globals, temps }
}

const definesNarrow = (ir: IrBlock, op: Op, isNarrow: (value: number) => boolean): boolean => {
  const { args, opcode } = op
  if (narrowResults.has(opcode)) return true
  switch (opcode) {
    case Opcode.mov:
      return isNarrow(args[1]!)
    case Opcode.guest_ld: {
      const size = args[3]! & MemOp.sizeMask
      return size < MemOp.size32 || (size === MemOp.size32 && (args[3]! & MemOp.sign) !== 0)
    }
    case Opcode.movcond:
      return isNarrow(args[3]!) && isNarrow(args[4]!)
    case Opcode.shr:
    case Opcode.sar: {
      const count = args[2]! < 0 ? ir.constants[~args[2]!]! & 63n : 0n
      return count > 32n || (opcode === Opcode.sar && (count === 32n || isNarrow(args[1]!)))
    }
    default:
      if (!bitwise.has(opcode)) return false
      return (isNarrow(args[1]!) && isNarrow(args[2]!)) || (opcode === Opcode.and && masks(ir, args[1]!, args[2]!))
  }
}

/** Whether one of the operands is a constant that leaves at most 31 bits. */
const masks = (ir: IrBlock, a: number, b: number): boolean =>
  [a, b].some((value) => value < 0 && ir.constants[~value]! >= 0n && ir.constants[~value]! < 0x80000000n)
