/**
 * An independent model of IEEE 754 rounding for the tests: numbers are exact fractions, and a result is found by binary
 * search among the patterns of the format, which order as their values do. It shares nothing with the implementation.
 */

/** An exact number: num / den with den > 0. */
export interface Fraction {
  readonly num: bigint
  readonly den: bigint
}

/** A format by its field widths. */
export interface Fields {
  readonly exponentBits: number
  readonly fractionBits: number
  /** The exponent of a biased exponent 0 (and 1). */
  readonly minExponent: number
}

export const single: Fields = { exponentBits: 8, fractionBits: 23, minExponent: -126 }
export const double: Fields = { exponentBits: 11, fractionBits: 52, minExponent: -1022 }

const power = (e: number): Fraction => (e >= 0 ? { num: 1n << BigInt(e), den: 1n } : { num: 1n, den: 1n << BigInt(-e) })

/** The value of a finite pattern; the first pattern past the largest finite one counts as the next power of two. */
export const valueOf = (f: Fields, pattern: bigint): Fraction => {
  const signBit = 1n << BigInt(f.exponentBits + f.fractionBits)
  const magnitude = pattern & (signBit - 1n)
  const biased = Number(magnitude >> BigInt(f.fractionBits))
  const fraction = magnitude & ((1n << BigInt(f.fractionBits)) - 1n)
  const significand = biased === 0 ? fraction : fraction + (1n << BigInt(f.fractionBits))
  const scale = power(Math.max(biased, 1) - 1 + f.minExponent - f.fractionBits)
  return { num: (pattern & signBit ? -significand : significand) * scale.num, den: scale.den }
}

const compare = (x: Fraction, y: Fraction): number => {
  const d = x.num * y.den - y.num * x.den
  return d < 0n ? -1 : d > 0n ? 1 : 0
}

/** Magnitude pattern, rounded by mode; the caller's magnitude is not negative. */
const roundMagnitude = (f: Fields, x: Fraction, mode: number, negative: boolean): bigint => {
  let low = 0n
  let high = ((1n << BigInt(f.exponentBits)) - 1n) << BigInt(f.fractionBits)
  if (compare(x, valueOf(f, high)) >= 0) return mode === 1 || mode === (negative ? 3 : 2) ? high - 1n : high
  while (high - low > 1n) {
    const middle = (low + high) >> 1n
    if (compare(valueOf(f, middle), x) <= 0) low = middle
    else high = middle
  }
  const below = valueOf(f, low)
  if (compare(below, x) === 0) return low
  const above = valueOf(f, low + 1n)
  if (mode === 1) return low
  if (mode === 2) return negative ? low + 1n : low
  if (mode === 3) return negative ? low : low + 1n
  const side = compare(
    { num: 2n * x.num, den: x.den },
    { num: below.num * above.den + above.num * below.den, den: below.den * above.den }
  )
  if (side !== 0) return side > 0 ? low + 1n : low
  return mode === 4 || (low & 1n) === 1n ? low + 1n : low
}

/** The result and the flags (overflow 4, underflow 2, inexact 1) of rounding a number other than zero. */
export const round = (f: Fields, x: Fraction, mode: number): { bits: bigint; flags: number } => {
  const negative = x.num < 0n
  const magnitude = { num: negative ? -x.num : x.num, den: x.den }
  const bits = roundMagnitude(f, magnitude, mode, negative)
  const infinity = ((1n << BigInt(f.exponentBits)) - 1n) << BigInt(f.fractionBits)
  // Overflow: the result with a wider exponent would lie at or past the end of the finite range.
  const wide: Fields = { exponentBits: f.exponentBits + 2, fractionBits: f.fractionBits, minExponent: 4 * f.minExponent }
  const unbounded = valueOf(wide, roundMagnitude(wide, magnitude, mode, negative))
  const overflow = compare(unbounded, valueOf(f, infinity)) >= 0
  const inexact = overflow || compare(valueOf(f, bits), magnitude) !== 0
  const tiny = compare(unbounded, power(f.minExponent)) < 0
  const sign = negative ? 1n << BigInt(f.exponentBits + f.fractionBits) : 0n
  return { bits: sign | bits, flags: (overflow ? 4 : 0) | (inexact ? 1 : 0) | (tiny && inexact ? 2 : 0) }
}

export const sum = (x: Fraction, y: Fraction): Fraction => ({ num: x.num * y.den + y.num * x.den, den: x.den * y.den })
export const product = (x: Fraction, y: Fraction): Fraction => ({ num: x.num * y.num, den: x.den * y.den })
export const quotient = (x: Fraction, y: Fraction): Fraction =>
  y.num < 0n ? { num: -x.num * y.den, den: x.den * -y.num } : { num: x.num * y.den, den: x.den * y.num }
