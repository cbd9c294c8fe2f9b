/**
 * The quick paths of binary32, on Numbers: a double has more than twice a single's precision and range, so rounding the
 * double result again gives the single result (Figueroa, 1995), and the double tells what that rounding lost. Same
 * contract as in quick64.
 */
import type { CpuState } from "../CpuState.ts"
import { RoundingMode } from "../ir/Opcode.ts"
import { CpuSlot, FpFlag } from "../Layout.ts"
import { neighbour32, roundToOdd, sumError } from "./errorFree.ts"

const flagsWord = 2 * CpuSlot.fpFlags

/** Writes a single with the upper half of its slot zero. */
export const store32 = (state: CpuState, d: number, value: number): void => {
  state.f32[2 * d] = value
  state.i32[2 * d + 1] = 0
}

/** As in quick64; inexact results near the ends of single's range are left to the integer path. */
export const finish32 = (state: CpuState, d: number, nearest: number, error: number, rm: number): boolean => {
  let result = nearest
  const magnitude = Math.abs(nearest)
  if (!(magnitude < 2 ** 127)) return false
  if (error !== 0) {
    if (!(magnitude >= 2 ** -125)) return false
    if (rm !== RoundingMode.rne) {
      if (rm === RoundingMode.rmm) return false
      const up = rm === RoundingMode.rup || (rm === RoundingMode.rtz && nearest < 0)
      if (error > 0 === up) result = neighbour32(nearest, up)
    }
    state.i32[flagsWord] = state.i32[flagsWord]! | FpFlag.inexact
  }
  store32(state, d, result)
  return true
}

/** d = x + y. */
export const addNumbers32 = (state: CpuState, d: number, x: number, y: number, rm: number): boolean => {
  const sum = x + y
  if (sum === 0 && rm !== RoundingMode.rne) return false
  const single = Math.fround(sum)
  // What rounding to single lost outweighs what the double sum lost.
  return finish32(state, d, single, sum === single ? sumError(x, y, sum) : sum - single, rm)
}

/** d = a * b; the double product is exact. */
export const quickMul32 = (state: CpuState, d: number, a: number, b: number, rm: number): boolean => {
  const product = state.f32[2 * a]! * state.f32[2 * b]!
  const single = Math.fround(product)
  return finish32(state, d, single, product - single, rm)
}

/** d = a / b. */
export const quickDiv32 = (state: CpuState, d: number, a: number, b: number, rm: number): boolean => {
  const x = state.f32[2 * a]!
  const y = state.f32[2 * b]!
  const quotient = Math.fround(x / y)
  // quotient * y is exact in double; an infinite y makes it NaN, which finish takes for inexact zero and declines.
  const remainder = x - quotient * y
  return finish32(state, d, quotient, y < 0 ? -remainder : remainder, rm)
}

/** d = sqrt(a). */
export const quickSqrt32 = (state: CpuState, d: number, a: number, rm: number): boolean => {
  const x = state.f32[2 * a]!
  const root = Math.fround(Math.sqrt(x))
  return finish32(state, d, root, x - root * root, rm)
}

/** d = x * y + z, rounded once. */
export const fmaNumbers32 = (state: CpuState, d: number, x: number, y: number, z: number, rm: number): boolean => {
  const product = x * y
  const sum = product + z
  if (sum === 0) return false
  const odd = roundToOdd(sum, sumError(product, z, sum))
  const single = Math.fround(odd)
  return finish32(state, d, single, odd - single, rm)
}

const store = (state: CpuState, d: number, value: boolean): true => {
  state.i64[d] = value ? 1n : 0n
  return true
}

/** d = a equals b. */
export const quickEqual32 = (state: CpuState, d: number, a: number, b: number): boolean => {
  const x = state.f32[2 * a]!
  const y = state.f32[2 * b]!
  return x === x && y === y && store(state, d, x === y)
}

/** d = a < b. */
export const quickLess32 = (state: CpuState, d: number, a: number, b: number): boolean => {
  const x = state.f32[2 * a]!
  const y = state.f32[2 * b]!
  return x === x && y === y && store(state, d, x < y)
}

/** d = a <= b. */
export const quickLessOrEqual32 = (state: CpuState, d: number, a: number, b: number): boolean => {
  const x = state.f32[2 * a]!
  const y = state.f32[2 * b]!
  return x === x && y === y && store(state, d, x <= y)
}

/** d = the smaller of a and b, where they differ and are numbers. */
export const quickMin32 = (state: CpuState, d: number, a: number, b: number): boolean => {
  const x = state.f32[2 * a]!
  const y = state.f32[2 * b]!
  if (!(x < y || y < x)) return false
  store32(state, d, x < y ? x : y)
  return true
}

/** d = the larger of a and b, where they differ and are numbers. */
export const quickMax32 = (state: CpuState, d: number, a: number, b: number): boolean => {
  const x = state.f32[2 * a]!
  const y = state.f32[2 * b]!
  if (!(x < y || y < x)) return false
  store32(state, d, x > y ? x : y)
  return true
}
