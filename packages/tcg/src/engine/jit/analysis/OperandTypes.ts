/** In which register class each operand of an operation is wanted: decides whether a value lives in an i64 or an f64 local. */
import type { Op } from "../../../ir/Block.ts"
import { MemOp, Opcode, opTable } from "../../../ir/Opcode.ts"

export type OperandType = "i64" | "f64" | "any"

const f64f64f64: ReadonlyArray<OperandType> = ["f64", "f64", "f64"]

/** Operations with f64 operands; those not listed want i64 throughout. */
const table: ReadonlyMap<number, ReadonlyArray<OperandType>> = new Map<number, ReadonlyArray<OperandType>>([
  [Opcode.mov, ["any", "any"]],
  [Opcode.fadd_f64, f64f64f64],
  [Opcode.fsub_f64, f64f64f64],
  [Opcode.fmul_f64, f64f64f64],
  [Opcode.fdiv_f64, f64f64f64],
  [Opcode.fsqrt_f64, ["f64", "f64"]],
  [Opcode.fma_f64, ["f64", "f64", "f64", "f64"]],
  [Opcode.fmin_f64, f64f64f64],
  [Opcode.fmax_f64, f64f64f64],
  [Opcode.feq_f64, ["i64", "f64", "f64"]],
  [Opcode.flt_f64, ["i64", "f64", "f64"]],
  [Opcode.fle_f64, ["i64", "f64", "f64"]],
  [Opcode.fcvt_f32_f64, ["i64", "f64"]],
  [Opcode.fcvt_f64_f32, ["f64", "i64"]],
  [Opcode.fcvt_i32_f64, ["i64", "f64"]],
  [Opcode.fcvt_u32_f64, ["i64", "f64"]],
  [Opcode.fcvt_i64_f64, ["i64", "f64"]],
  [Opcode.fcvt_u64_f64, ["i64", "f64"]],
  [Opcode.fcvt_f64_i32, ["f64", "i64"]],
  [Opcode.fcvt_f64_u32, ["f64", "i64"]],
  [Opcode.trace_mem, ["i64", "i64", "i64", "any"]],
  [Opcode.fcvt_f64_i64, ["f64", "i64"]],
  [Opcode.fcvt_f64_u64, ["f64", "i64"]]
])

const load64: ReadonlyArray<OperandType> = ["any", "i64"]
const integers: ReadonlyArray<OperandType> = ["i64", "i64", "i64", "i64", "i64"]

/** The wishes for an operation's outputs and inputs, in the order of its arguments. */
export const operandTypes = (op: Op): ReadonlyArray<OperandType> => {
  if (op.opcode === Opcode.guest_ld || op.opcode === Opcode.guest_st) {
    const memop = op.args[opTable[op.opcode]!.outputs + opTable[op.opcode]!.inputs + 1]!
    return (memop & MemOp.sizeMask) === MemOp.size64 ? load64 : integers
  }
  return table.get(op.opcode) ?? integers
}
