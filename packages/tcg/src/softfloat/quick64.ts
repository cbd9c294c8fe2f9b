/**
 * The quick paths of binary64: results that Numbers give exactly, with their flags. Each returns false, having changed
 * nothing, where it cannot vouch for the result (NaN, infinity, extreme magnitudes, ties under rmm); the caller then takes
 * the integer path. Operands and results are indices of value slots.
 */
import type { CpuState } from "../CpuState.ts"
import { RoundingMode } from "../ir/Opcode.ts"
import { CpuSlot, FpFlag } from "../Layout.ts"
import { isOrdinary, neighbour64, productError, roundToOdd, sumError } from "./errorFree.ts"

const flagsWord = 2 * CpuSlot.fpFlags

/**
 * Stores a result that Numbers rounded to nearest, moved to its neighbour where the mode wants the other side.
 * `error` has the sign of (true value - nearest).
 */
const finish = (state: CpuState, d: number, nearest: number, error: number, rm: number): boolean => {
  let result = nearest
  if (error !== 0) {
    if (rm !== RoundingMode.rne) {
      if (rm === RoundingMode.rmm) return false
      const up = rm === RoundingMode.rup || (rm === RoundingMode.rtz && nearest < 0)
      if (error > 0 === up) result = neighbour64(nearest, up)
    }
    state.i32[flagsWord] = state.i32[flagsWord]! | FpFlag.inexact
  }
  state.f64[d] = result
  return true
}

/** d = a + b on Numbers; a result in the subnormal range is always exact, so only the top of the range is left out. */
export const addNumbers64 = (state: CpuState, d: number, x: number, y: number, rm: number): boolean => {
  const sum = x + y
  if (!(Math.abs(sum) < 2 ** 1021 && Math.abs(x) < 2 ** 1021 && Math.abs(y) < 2 ** 1021)) return false
  // An exact zero is negative under rdn, which Numbers don't know.
  if (sum === 0 && rm !== RoundingMode.rne) return false
  return finish(state, d, sum, sumError(x, y, sum), rm)
}

/** d = a * b. */
export const quickMul64 = (state: CpuState, d: number, a: number, b: number, rm: number): boolean => {
  const x = state.f64[a]!
  const y = state.f64[b]!
  const product = x * y
  if (isOrdinary(x) && isOrdinary(y)) return finish(state, d, product, productError(x, y, product), rm)
  return product === 0 && (x === 0 || y === 0) && finish(state, d, product, 0, rm)
}

/** d = a / b. */
export const quickDiv64 = (state: CpuState, d: number, a: number, b: number, rm: number): boolean => {
  const x = state.f64[a]!
  const y = state.f64[b]!
  const quotient = x / y
  if (isOrdinary(x) && isOrdinary(y)) {
    const product = quotient * y
    const remainder = x - product - productError(quotient, y, product)
    return finish(state, d, quotient, y < 0 ? -remainder : remainder, rm)
  }
  return x === 0 && quotient === 0 && finish(state, d, quotient, 0, rm)
}

/** d = sqrt(a). */
export const quickSqrt64 = (state: CpuState, d: number, a: number, rm: number): boolean => {
  const x = state.f64[a]!
  if (!isOrdinary(x) || x < 0) return false
  const root = Math.sqrt(x)
  const square = root * root
  return finish(state, d, root, x - square - productError(root, root, square), rm)
}

/** d = x * y + z, rounded once. */
export const fmaNumbers64 = (state: CpuState, d: number, x: number, y: number, z: number, rm: number): boolean => {
  if (!isOrdinary(x) || !isOrdinary(y)) {
    // Zero times a finite number leaves the addend, unless that is a zero too (signs).
    return x * y === 0 && (x === 0 || y === 0) && z !== 0 && Math.abs(z) < Infinity && finish(state, d, z, 0, rm)
  }
  if (z !== 0 && !isOrdinary(z)) return false
  const product = x * y
  const productLow = productError(x, y, product)
  const inner = z + productLow
  const innerLow = sumError(z, productLow, inner)
  const high = product + inner
  const highLow = sumError(product, inner, high)
  const tail = innerLow + highLow
  const tailError = sumError(innerLow, highLow, tail)
  const odd = roundToOdd(tail, tailError)
  const result = high + odd
  if (result === 0) return false
  const error = sumError(high, odd, result)
  // Where adding the odd tail was exact, what the tail itself lost decides: nothing, or a part of its last bit.
  return finish(state, d, result, error !== 0 ? error : odd === tail ? tailError : -tailError, rm)
}

/** Stores 1 or 0. */
const store = (state: CpuState, d: number, value: boolean): true => {
  state.i64[d] = value ? 1n : 0n
  return true
}

/** d = a equals b. */
export const quickEqual64 = (state: CpuState, d: number, a: number, b: number): boolean => {
  const x = state.f64[a]!
  const y = state.f64[b]!
  return x === x && y === y && store(state, d, x === y)
}

/** d = a < b. */
export const quickLess64 = (state: CpuState, d: number, a: number, b: number): boolean => {
  const x = state.f64[a]!
  const y = state.f64[b]!
  return x === x && y === y && store(state, d, x < y)
}

/** d = a <= b. */
export const quickLessOrEqual64 = (state: CpuState, d: number, a: number, b: number): boolean => {
  const x = state.f64[a]!
  const y = state.f64[b]!
  return x === x && y === y && store(state, d, x <= y)
}

/** d = the smaller of a and b, where they differ and are numbers. */
export const quickMin64 = (state: CpuState, d: number, a: number, b: number): boolean => {
  const x = state.f64[a]!
  const y = state.f64[b]!
  if (!(x < y || y < x)) return false
  state.f64[d] = x < y ? x : y
  return true
}

/** d = the larger of a and b, where they differ and are numbers. */
export const quickMax64 = (state: CpuState, d: number, a: number, b: number): boolean => {
  const x = state.f64[a]!
  const y = state.f64[b]!
  if (!(x < y || y < x)) return false
  state.f64[d] = x > y ? x : y
  return true
}
