/** Minimum, maximum, comparisons and classes. None of them rounds. */
import { FpFlag } from "../Layout.ts"
import { type Format, type FpStatus, isInfinite, isNaN, isNegative, isSignalling, isZero } from "./Format.ts"

/** A pattern as an integer that orders as the number does, with -0 just below +0. */
const rank = (f: Format, bits: bigint): bigint => (isNegative(f, bits) ? -(bits ^ f.signBit) - 1n : bits)

const extremum = (f: Format, status: FpStatus, a: bigint, b: bigint, larger: boolean): bigint => {
  if (isSignalling(f, a) || isSignalling(f, b)) status.flags |= FpFlag.invalid
  if (isNaN(f, a)) return isNaN(f, b) ? f.canonicalNaN : b
  if (isNaN(f, b)) return a
  return rank(f, a) > rank(f, b) === larger ? a : b
}

/** minimumNumber of IEEE 754-2019: the operand that is a number where one is not; -0 is below +0. */
export const min = (f: Format, status: FpStatus, a: bigint, b: bigint): bigint => extremum(f, status, a, b, false)

/** maximumNumber of IEEE 754-2019. */
export const max = (f: Format, status: FpStatus, a: bigint, b: bigint): bigint => extremum(f, status, a, b, true)

/** a = b, 1 or 0. Quiet: only a signalling NaN raises invalid. */
export const equal = (f: Format, status: FpStatus, a: bigint, b: bigint): bigint => {
  if (isSignalling(f, a) || isSignalling(f, b)) status.flags |= FpFlag.invalid
  if (isNaN(f, a) || isNaN(f, b)) return 0n
  return a === b || (isZero(f, a) && isZero(f, b)) ? 1n : 0n
}

/** a < b, 1 or 0. Any NaN raises invalid. */
export const less = (f: Format, status: FpStatus, a: bigint, b: bigint): bigint => {
  if (isNaN(f, a) || isNaN(f, b)) {
    status.flags |= FpFlag.invalid
    return 0n
  }
  return rank(f, a) < rank(f, b) && !(isZero(f, a) && isZero(f, b)) ? 1n : 0n
}

/** a <= b, 1 or 0. Any NaN raises invalid. */
export const lessOrEqual = (f: Format, status: FpStatus, a: bigint, b: bigint): bigint => {
  if (isNaN(f, a) || isNaN(f, b)) {
    status.flags |= FpFlag.invalid
    return 0n
  }
  return rank(f, a) <= rank(f, b) || (isZero(f, a) && isZero(f, b)) ? 1n : 0n
}

/** RISC-V's class mask (F chapter, "Single-Precision Floating-Point Classify Instruction"): one of ten bits. */
export const classify = (f: Format, a: bigint): bigint => {
  if (isNaN(f, a)) return isSignalling(f, a) ? 1n << 8n : 1n << 9n
  const kind = isInfinite(f, a) ? 3n : isZero(f, a) ? 0n : (a & f.infinity) === 0n ? 1n : 2n
  return 1n << (isNegative(f, a) ? 3n - kind : 4n + kind)
}
