/** From a bit pattern to the exact number it stands for, and from an exact number to the nearest pattern. */
import { RoundingMode } from "../ir/Opcode.ts"
import { FpFlag } from "../Layout.ts"
import { type Format, type FpStatus, isNegative } from "./Format.ts"

/** The significand of a finite pattern as an integer: its value is `significand * 2^exponentOf`. */
export const significandOf = (f: Format, bits: bigint): bigint => {
  const fraction = bits & f.fractionMask
  return (bits & f.infinity) === 0n ? fraction : fraction | (f.fractionMask + 1n)
}

/** The exponent of the lowest bit of a finite pattern's significand. */
export const exponentOf = (f: Format, bits: bigint): number => {
  const biased = Number((bits & f.infinity) >> BigInt(f.precision - 1))
  return (biased === 0 ? 1 : biased) - f.maxExponent - (f.precision - 1)
}

/** Number of bits of a positive integer. */
export const bitLength = (n: bigint): number => {
  const hex = n.toString(16)
  return hex.length * 4 - (Math.clz32(Number.parseInt(hex[0]!, 16)) - 28)
}

/** The pattern of a zero. */
export const zero = (f: Format, negative: boolean): bigint => (negative ? f.signBit : 0n)

/** The pattern of an infinity. */
export const infinity = (f: Format, negative: boolean): bigint => (negative ? f.signBit | f.infinity : f.infinity)

/** Raises invalid and gives the canonical NaN. */
export const invalid = (f: Format, status: FpStatus): bigint => {
  status.flags |= FpFlag.invalid
  return f.canonicalNaN
}

/**
 * Whether dropping `dropped` (the low `shift` bits, at least one) from a magnitude rounds it away from zero.
 * `odd` is the lowest bit that stays.
 */
const roundsUp = (mode: number, negative: boolean, odd: boolean, dropped: bigint, shift: number): boolean => {
  if (dropped === 0n) return false
  const half = 1n << BigInt(shift - 1)
  switch (mode) {
    case RoundingMode.rne:
      return dropped > half || (dropped === half && odd)
    case RoundingMode.rmm:
      return dropped >= half
    case RoundingMode.rdn:
      return negative
    case RoundingMode.rup:
      return !negative
    default:
      return false
  }
}

/** `magnitude / 2^shift` rounded to an integer; shift is at least 0. */
export const shiftRound = (mode: number, negative: boolean, magnitude: bigint, shift: number): bigint => {
  if (shift === 0) return magnitude
  const kept = magnitude >> BigInt(shift)
  const dropped = magnitude - (kept << BigInt(shift))
  return roundsUp(mode, negative, (kept & 1n) === 1n, dropped, shift) ? kept + 1n : kept
}

/**
 * The pattern nearest to `significand * 2^exponent` under the status's rounding mode, with overflow, underflow and inexact
 * raised as IEEE 754 section 7 says. Tininess is detected after rounding, as RISC-V demands.
 *
 * Callers that know the number only to within its last bit pass a significand at least two bits longer than the format's
 * with the last bit set ("sticky").
 */
export const roundPack = (f: Format, status: FpStatus, negative: boolean, significand: bigint, exponent: number): bigint => {
  if (significand === 0n) return zero(f, negative)
  const mode = status.round
  const top = exponent + bitLength(significand) - 1
  const quantum = Math.max(top, f.minExponent) - (f.precision - 1)
  const shift = quantum - exponent
  let rounded: bigint
  let inexact = false
  if (shift <= 0) rounded = significand << BigInt(-shift)
  else {
    rounded = shiftRound(mode, negative, significand, shift)
    inexact = rounded << BigInt(shift) !== significand
  }
  if (inexact) {
    status.flags |= FpFlag.inexact
    if (top < f.minExponent && isTiny(f, mode, negative, significand, top)) status.flags |= FpFlag.underflow
  }
  const sign = zero(f, negative)
  const hidden = f.fractionMask + 1n
  if (rounded < hidden) return sign | rounded
  // A carry out of the significand moves into the exponent field by plain addition.
  const biased = BigInt(quantum + (f.precision - 1) + f.maxExponent)
  const pattern = (biased << BigInt(f.precision - 1)) + (rounded - hidden)
  if (pattern < f.infinity) return sign | pattern
  status.flags |= FpFlag.overflow | FpFlag.inexact
  const toInfinity =
    mode === RoundingMode.rne ||
    mode === RoundingMode.rmm ||
    (mode === RoundingMode.rdn ? negative : mode === RoundingMode.rup && !negative)
  return toInfinity ? sign | f.infinity : sign | (f.infinity - 1n)
}

/** Whether a number below the normal range would stay below it if it were rounded with an unbounded exponent. */
const isTiny = (f: Format, mode: number, negative: boolean, significand: bigint, top: number): boolean => {
  if (top < f.minExponent - 1) return true
  const shift = bitLength(significand) - f.precision
  return shift <= 0 || bitLength(shiftRound(mode, negative, significand, shift)) === f.precision
}

/** A finite pattern's exact value, with its sign, in units of `2^unit`; `unit` is at most the pattern's own exponent. */
export const inUnits = (f: Format, bits: bigint, unit: number): bigint => {
  const magnitude = significandOf(f, bits) << BigInt(exponentOf(f, bits) - unit)
  return isNegative(f, bits) ? -magnitude : magnitude
}
