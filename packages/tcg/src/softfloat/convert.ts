/** Conversions between the float formats, and between floats and integers. */
import { FpFlag } from "../Layout.ts"
import { type Format, type FpStatus, isInfinite, isNaN, isNegative, isSignalling } from "./Format.ts"
import { exponentOf, infinity, roundPack, shiftRound, significandOf } from "./round.ts"

/** A pattern of one format in another. */
export const convert = (from: Format, to: Format, status: FpStatus, a: bigint): bigint => {
  if (isNaN(from, a)) {
    if (isSignalling(from, a)) status.flags |= FpFlag.invalid
    return to.canonicalNaN
  }
  const negative = isNegative(from, a)
  if (isInfinite(from, a)) return infinity(to, negative)
  return roundPack(to, status, negative, significandOf(from, a), exponentOf(from, a))
}

/** An integer type that floats convert to. */
export interface IntegerType {
  readonly width: 32 | 64
  readonly signed: boolean
  readonly min: bigint
  readonly max: bigint
}

export const i32: IntegerType = { width: 32, signed: true, min: -(2n ** 31n), max: 2n ** 31n - 1n }
export const u32: IntegerType = { width: 32, signed: false, min: 0n, max: 2n ** 32n - 1n }
export const i64: IntegerType = { width: 64, signed: true, min: -(2n ** 63n), max: 2n ** 63n - 1n }
export const u64: IntegerType = { width: 64, signed: false, min: 0n, max: 2n ** 64n - 1n }

/**
 * The integer nearest to a float, as a signed 64-bit value (32-bit results sign-extended, unsigned ones too). What is out
 * of range saturates, NaN gives the maximum, and both raise invalid instead of inexact (F chapter, table "Domains of
 * float-to-integer conversions").
 */
export const toInteger = (f: Format, type: IntegerType, status: FpStatus, a: bigint): bigint => {
  const n = nearestInteger(f, type, status, a)
  return BigInt.asIntN(64, type.width === 32 ? BigInt.asIntN(32, n) : n)
}

const saturate = (status: FpStatus, limit: bigint): bigint => {
  status.flags |= FpFlag.invalid
  return limit
}

const nearestInteger = (f: Format, type: IntegerType, status: FpStatus, a: bigint): bigint => {
  const negative = isNegative(f, a)
  if (isNaN(f, a)) return saturate(status, type.max)
  if (isInfinite(f, a)) return saturate(status, negative ? type.min : type.max)
  const significand = significandOf(f, a)
  const exponent = exponentOf(f, a)
  const magnitude =
    exponent >= 0 ? significand << BigInt(exponent) : shiftRound(status.round, negative, significand, -exponent)
  const n = negative ? -magnitude : magnitude
  if (n < type.min) return saturate(status, type.min)
  if (n > type.max) return saturate(status, type.max)
  if (exponent < 0 && magnitude << BigInt(-exponent) !== significand) status.flags |= FpFlag.inexact
  return n
}

/** The float nearest to an integer, given as 64 bits of which the type's width counts. */
export const fromInteger = (f: Format, type: IntegerType, status: FpStatus, a: bigint): bigint => {
  const n = type.signed ? BigInt.asIntN(type.width, a) : BigInt.asUintN(type.width, a)
  return roundPack(f, status, n < 0n, n < 0n ? -n : n, 0)
}
