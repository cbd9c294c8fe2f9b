/** The quick paths of conversions, on Numbers. Same contract as in quick64. */
import type { CpuState } from "../CpuState.ts"
import { RoundingMode } from "../ir/Opcode.ts"
import { CpuSlot, FpFlag } from "../Layout.ts"
import { finish32 } from "./quick32.ts"

const flagsWord = 2 * CpuSlot.fpFlags
/** Adding and subtracting 1.5 * 2^52 rounds a number below 2^51 to the nearest integer, ties to even. */
const roundingBias = 1.5 * 2 ** 52

/** x, below 2^51 in magnitude, rounded to an integer. */
const roundNumber = (x: number, rm: number): number => {
  switch (rm) {
    case RoundingMode.rne:
      return x + roundingBias - roundingBias
    case RoundingMode.rtz:
      return Math.trunc(x)
    case RoundingMode.rdn:
      return Math.floor(x)
    case RoundingMode.rup:
      return Math.ceil(x)
    default: {
      const whole = Math.trunc(x)
      return Math.abs(x - whole) >= 0.5 ? whole + Math.sign(x) : whole
    }
  }
}

/**
 * d = x as an integer between `min` and `max`. 32-bit results (`wide` false) are stored sign-extended, unsigned ones too.
 */
export const numberToInteger = (
  state: CpuState,
  d: number,
  x: number,
  rm: number,
  min: number,
  max: number,
  wide: boolean
): boolean => {
  if (!(Math.abs(x) < 2 ** 51)) return false
  const n = roundNumber(x, rm)
  if (n < min || n > max) return false
  if (n !== x) state.i32[flagsWord] = state.i32[flagsWord]! | FpFlag.inexact
  if (wide) state.i64[d] = BigInt(n)
  else {
    state.i32[2 * d] = n | 0
    state.i32[2 * d + 1] = (n | 0) >> 31
  }
  return true
}

/** The signed integer in slot a as a Number, or NaN where it has more than 53 bits. */
const smallInteger = (state: CpuState, a: number): number => {
  const high = state.i32[2 * a + 1]!
  return high >= -0x200000 && high < 0x200000 ? high * 2 ** 32 + state.u32[2 * a]! : Number.NaN
}

/** d = the 64-bit integer in a as binary64, where it is exact. Negative values are left out unless `signed`. */
export const quickFrom64To64 = (state: CpuState, d: number, a: number, signed: boolean): boolean => {
  const n = smallInteger(state, a)
  if (!(n >= 0 || (signed && n < 0))) return false
  state.f64[d] = n
  return true
}

/** d = the 64-bit integer in a as binary32, rounded once. */
export const quickFrom64To32 = (state: CpuState, d: number, a: number, rm: number, signed: boolean): boolean => {
  const n = smallInteger(state, a)
  if (!(n >= 0 || (signed && n < 0))) return false
  return numberTo32(state, d, n, rm)
}

/** d = the double x as binary32. */
export const numberTo32 = (state: CpuState, d: number, x: number, rm: number): boolean => {
  const single = Math.fround(x)
  return finish32(state, d, single, x - single, rm)
}

/** d = the binary32 in a as binary64. */
export const quick32To64 = (state: CpuState, d: number, a: number): boolean => {
  const x = state.f32[2 * a]!
  if (x !== x) return false
  state.f64[d] = x
  return true
}

/** d = a 32-bit integer as binary64: always exact. */
export const exact64 = (state: CpuState, d: number, n: number): true => {
  state.f64[d] = n
  return true
}
