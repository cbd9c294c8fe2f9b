/** Addition, multiplication, division, square root and fused multiply-add: exact in integers, then rounded once. */
import { RoundingMode } from "../ir/Opcode.ts"
import { FpFlag } from "../Layout.ts"
import { type Format, type FpStatus, isInfinite, isNaN, isNegative, isSignalling, isZero } from "./Format.ts"
import { bitLength, exponentOf, infinity, inUnits, invalid, roundPack, significandOf, zero } from "./round.ts"

/** The canonical NaN, with invalid raised where an operand is signalling. */
const propagate = (f: Format, status: FpStatus, a: bigint, b: bigint): bigint => {
  if (isSignalling(f, a) || isSignalling(f, b)) status.flags |= FpFlag.invalid
  return f.canonicalNaN
}

/** Rounds `total * 2^unit`; an exact zero takes the sign that IEEE 754 section 6.3 gives to a sum. */
const roundSum = (
  f: Format,
  status: FpStatus,
  total: bigint,
  unit: number,
  aNegative: boolean,
  bNegative: boolean
): bigint => {
  if (total !== 0n) return roundPack(f, status, total < 0n, total < 0n ? -total : total, unit)
  return zero(f, aNegative === bNegative ? aNegative : status.round === RoundingMode.rdn)
}

/** a + b, on bit patterns. */
export const add = (f: Format, status: FpStatus, a: bigint, b: bigint): bigint => {
  if (isNaN(f, a) || isNaN(f, b)) return propagate(f, status, a, b)
  if (isInfinite(f, a)) return isInfinite(f, b) && a !== b ? invalid(f, status) : a
  if (isInfinite(f, b)) return b
  const unit = Math.min(exponentOf(f, a), exponentOf(f, b))
  return roundSum(f, status, inUnits(f, a, unit) + inUnits(f, b, unit), unit, isNegative(f, a), isNegative(f, b))
}

/** a - b, on bit patterns. */
export const sub = (f: Format, status: FpStatus, a: bigint, b: bigint): bigint => add(f, status, a, b ^ f.signBit)

/** a * b, on bit patterns. */
export const mul = (f: Format, status: FpStatus, a: bigint, b: bigint): bigint => {
  if (isNaN(f, a) || isNaN(f, b)) return propagate(f, status, a, b)
  const negative = isNegative(f, a) !== isNegative(f, b)
  if (isInfinite(f, a) || isInfinite(f, b)) {
    return isZero(f, a) || isZero(f, b) ? invalid(f, status) : infinity(f, negative)
  }
  return roundPack(f, status, negative, significandOf(f, a) * significandOf(f, b), exponentOf(f, a) + exponentOf(f, b))
}

/** a / b, on bit patterns. */
export const div = (f: Format, status: FpStatus, a: bigint, b: bigint): bigint => {
  if (isNaN(f, a) || isNaN(f, b)) return propagate(f, status, a, b)
  const negative = isNegative(f, a) !== isNegative(f, b)
  if (isInfinite(f, a)) return isInfinite(f, b) ? invalid(f, status) : infinity(f, negative)
  if (isInfinite(f, b)) return zero(f, negative)
  if (isZero(f, b)) {
    if (isZero(f, a)) return invalid(f, status)
    status.flags |= FpFlag.divideByZero
    return infinity(f, negative)
  }
  // Two more bits than the precision, and a sticky bit for the remainder, decide every rounding.
  const shift = 2 * f.precision + 2
  const dividend = significandOf(f, a) << BigInt(shift)
  const divisor = significandOf(f, b)
  const quotient = dividend / divisor
  const sticky = quotient * divisor === dividend ? 0n : 1n
  return roundPack(f, status, negative, (quotient << 1n) | sticky, exponentOf(f, a) - exponentOf(f, b) - shift - 1)
}

/** The largest integer whose square is at most n. */
const integerSqrt = (n: bigint): bigint => {
  if (n === 0n) return 0n
  let root = 1n << BigInt((bitLength(n) + 1) >> 1)
  for (;;) {
    const next = (root + n / root) >> 1n
    if (next >= root) return root
    root = next
  }
}

/** The square root of a, on bit patterns. */
export const sqrt = (f: Format, status: FpStatus, a: bigint): bigint => {
  if (isNaN(f, a)) return propagate(f, status, a, a)
  if (isZero(f, a)) return a
  if (isNegative(f, a)) return invalid(f, status)
  if (isInfinite(f, a)) return a
  const exponent = exponentOf(f, a)
  const shift = 2 * f.precision + 4 + (exponent & 1)
  const radicand = significandOf(f, a) << BigInt(shift)
  const root = integerSqrt(radicand)
  const sticky = root * root === radicand ? 0n : 1n
  return roundPack(f, status, false, (root << 1n) | sticky, (exponent - shift) / 2 - 1)
}

/** a * b + c with one rounding, on bit patterns. Infinity times zero is invalid even where c is a quiet NaN. */
export const fma = (f: Format, status: FpStatus, a: bigint, b: bigint, c: bigint): bigint => {
  const productInvalid = (isInfinite(f, a) && isZero(f, b)) || (isZero(f, a) && isInfinite(f, b))
  if (isNaN(f, a) || isNaN(f, b) || isNaN(f, c)) {
    if (productInvalid || isSignalling(f, c)) status.flags |= FpFlag.invalid
    return propagate(f, status, a, b)
  }
  if (productInvalid) return invalid(f, status)
  const negative = isNegative(f, a) !== isNegative(f, b)
  if (isInfinite(f, a) || isInfinite(f, b)) {
    return isInfinite(f, c) && isNegative(f, c) !== negative ? invalid(f, status) : infinity(f, negative)
  }
  if (isInfinite(f, c)) return c
  const productExponent = exponentOf(f, a) + exponentOf(f, b)
  const unit = Math.min(productExponent, exponentOf(f, c))
  const magnitude = (significandOf(f, a) * significandOf(f, b)) << BigInt(productExponent - unit)
  const product = negative ? -magnitude : magnitude
  return roundSum(f, status, product + inUnits(f, c, unit), unit, negative, isNegative(f, c))
}
