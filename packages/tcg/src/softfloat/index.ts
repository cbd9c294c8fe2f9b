/**
 * Floating point exactly as IEEE 754 and RISC-V's F and D extensions define it: every rounding mode, all five flags,
 * canonical NaNs. `execute` runs one IR operation on the value slots; the operations on bit patterns are exported for
 * constant folding and tests.
 */
import type { CpuState } from "../CpuState.ts"
import { type Opcode, RoundingMode } from "../ir/Opcode.ts"
import { CpuSlot } from "../Layout.ts"
import type { FpStatus } from "./Format.ts"
import { operations } from "./operations.ts"

export { add, div, fma, mul, sqrt, sub } from "./arithmetic.ts"
export { classify, equal, less, lessOrEqual, max, min } from "./compare.ts"
export { convert, fromInteger, i32, i64, type IntegerType, toInteger, u32, u64 } from "./convert.ts"
export { binary32, binary64, type Format, type FpStatus } from "./Format.ts"

const status: FpStatus = { round: RoundingMode.rne, flags: 0 }

/** The mode to round in, or -1 where the instruction's or the vCPU's own mode is not one. */
const resolve = (state: CpuState, rm: number): number => {
  const mode = rm === RoundingMode.dynamic ? state.u32[2 * CpuSlot.fpRound]! : rm
  return mode <= RoundingMode.rmm ? mode : -1
}

/**
 * Runs one floating-point operation on value slots, ORing the exceptions it raises into `CpuSlot.fpFlags`.
 *
 * @param d slot of the result: binary32 results in the low half with the upper half zero, i32 and u32 sign-extended
 * @param a first operand's slot; binary32 operands are the low half (already unboxed)
 * @param b second operand's slot (any number where the operation has none; so for c)
 * @param rm `RoundingMode`, read only by operations that take one
 * @param negate for fma: bit 0 negates the product, bit 1 the addend
 * @returns false, with nothing changed, where the rounding mode is not a valid one: an illegal instruction
 */
export const execute = (
  state: CpuState,
  opcode: Opcode,
  d: number,
  a: number,
  b: number,
  c: number,
  rm: number,
  negate: number
): boolean => {
  const operation = operations[opcode]!
  const mode = operation.rounds ? resolve(state, rm) : RoundingMode.rne
  if (mode < 0) return false
  if (operation.quick(state, d, a, b, c, mode, negate)) return true
  status.round = mode
  status.flags = 0
  const result =
    operation.operandWidth === 32
      ? operation.exact(status, BigInt(state.u32[2 * a]!), BigInt(state.u32[2 * b]!), BigInt(state.u32[2 * c]!), negate)
      : operation.exact(status, state.u64[a]!, state.u64[b]!, state.u64[c]!, negate)
  state.i64[d] = result
  state.i32[2 * CpuSlot.fpFlags] = state.i32[2 * CpuSlot.fpFlags]! | status.flags
  return true
}

/**
 * One floating-point operation on bit patterns, for constant folding: the result as a signed 64-bit value. Flags are added
 * to the status, whose rounding mode counts (`rm` arguments are the caller's to resolve).
 */
export const evaluate = (opcode: Opcode, into: FpStatus, a: bigint, b: bigint, c: bigint, negate: number): bigint => {
  const operation = operations[opcode]!
  const w = operation.operandWidth
  return BigInt.asIntN(64, operation.exact(into, BigInt.asUintN(w, a), BigInt.asUintN(w, b), BigInt.asUintN(w, c), negate))
}
