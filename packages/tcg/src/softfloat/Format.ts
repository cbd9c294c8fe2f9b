/** The two binary interchange formats of IEEE 754 that RISC-V's F and D use, and the status that operations work under. */

/** A binary format: everything that differs between binary32 and binary64. */
export interface Format {
  /** Width of the whole pattern in bits. */
  readonly width: number
  /** Precision p: bits of the significand with its leading one. */
  readonly precision: number
  /** Exponent of the smallest normal number. */
  readonly minExponent: number
  /** Exponent of the largest finite number. */
  readonly maxExponent: number
  /** The sign bit alone. */
  readonly signBit: bigint
  /** Mask of the trailing significand field. */
  readonly fractionMask: bigint
  /** Positive infinity: all ones in the exponent field. */
  readonly infinity: bigint
  /** The quiet bit of a NaN. */
  readonly quietBit: bigint
  /** The NaN that every operation gives (RISC-V F, "NaN Generation and Propagation"). */
  readonly canonicalNaN: bigint
}

const format = (width: number, precision: number): Format => {
  const maxExponent = 2 ** (width - precision - 1) - 1
  const fractionMask = (1n << BigInt(precision - 1)) - 1n
  const signBit = 1n << BigInt(width - 1)
  const infinity = signBit - 1n - fractionMask
  const quietBit = 1n << BigInt(precision - 2)
  return {
    width,
    precision,
    minExponent: 1 - maxExponent,
    maxExponent,
    signBit,
    fractionMask,
    infinity,
    quietBit,
    canonicalNaN: infinity | quietBit
  }
}

/** Single precision, as RISC-V's F extension uses it. */
export const binary32: Format = format(32, 24)
/** Double precision, as RISC-V's D extension uses it. */
export const binary64: Format = format(64, 53)

/** What an operation reads beside its operands, and what it adds to. */
export interface FpStatus {
  /** A `RoundingMode` other than dynamic. */
  round: number
  /** Exceptions raised so far (`FpFlag`); operations only add to it. */
  flags: number
}

/** The pattern is a NaN. */
export const isNaN = (f: Format, bits: bigint): boolean => (bits & ~f.signBit) > f.infinity

/** The pattern is a signalling NaN. */
export const isSignalling = (f: Format, bits: bigint): boolean => isNaN(f, bits) && (bits & f.quietBit) === 0n

/** The pattern is an infinity of either sign. */
export const isInfinite = (f: Format, bits: bigint): boolean => (bits & ~f.signBit) === f.infinity

/** The pattern is a zero of either sign. */
export const isZero = (f: Format, bits: bigint): boolean => (bits & ~f.signBit) === 0n

/** The sign bit is set. */
export const isNegative = (f: Format, bits: bigint): boolean => (bits & f.signBit) !== 0n
