/**
 * What each integer operation computes, on BigInts: the optimiser folds constants with it, and tests take it as the model
 * that the engines must agree with.
 */
import { Cond, Opcode } from "../ir/Opcode.ts"

/** Inputs and results are signed 64-bit values; `cond` is the `Cond` of operations that have one. */
export type Fold = (inputs: ReadonlyArray<bigint>, cond: number) => bigint

const s32 = (value: bigint): bigint => BigInt.asIntN(32, value)
const u32 = (value: bigint): bigint => BigInt.asUintN(32, value)
const s64 = (value: bigint): bigint => BigInt.asIntN(64, value)
const u64 = (value: bigint): bigint => BigInt.asUintN(64, value)

/** Division as RISC-V defines it: x/0 is all ones and x%0 is x; MIN/-1 wraps to MIN. */
const divide = (a: bigint, b: bigint): bigint => (b === 0n ? -1n : a / b)
const remainder = (a: bigint, b: bigint): bigint => (b === 0n ? a : a % b)

const rotateLeft = (a: bigint, n: bigint, width: number): bigint => {
  const value = BigInt.asUintN(width, a)
  const count = BigInt.asUintN(width === 64 ? 6 : 5, n)
  return (value << count) | (value >> (BigInt(width) - count))
}

const binary = (value: bigint, width: number): string => BigInt.asUintN(width, value).toString(2).padStart(width, "0")
const leadingZeros = (value: bigint, width: number): bigint => BigInt(`${binary(value, width)}1`.indexOf("1"))
const trailingZeros = (value: bigint, width: number): bigint => {
  const last = binary(value, width).lastIndexOf("1")
  return BigInt(last < 0 ? width : width - 1 - last)
}
const ones = (value: bigint, width: number): bigint => BigInt(binary(value, width).replaceAll("0", "").length)

const swapBytes = (value: bigint): bigint => {
  let result = 0n
  for (let i = 0n; i < 64n; i += 8n) {
    result = (result << 8n) | ((value >> i) & 0xffn)
  }
  return result
}

/** Whether `a cond b`, of signed 64-bit values. */
export const holds = (a: bigint, b: bigint, cond: number): boolean => {
  switch (cond) {
    case Cond.eq:
      return a === b
    case Cond.ne:
      return a !== b
    case Cond.lt:
      return a < b
    case Cond.ge:
      return a >= b
    case Cond.le:
      return a <= b
    case Cond.gt:
      return a > b
    case Cond.ltu:
      return u64(a) < u64(b)
    case Cond.geu:
      return u64(a) >= u64(b)
    case Cond.leu:
      return u64(a) <= u64(b)
    default:
      return u64(a) > u64(b)
  }
}

type Unary = (a: bigint) => bigint
type Binary = (a: bigint, b: bigint) => bigint

const folds: Array<Fold | undefined> = []
const unary = (opcode: number, f: Unary) => {
  folds[opcode] = (inputs) => s64(f(inputs[0]!))
}
const dyadic = (opcode: number, f: Binary) => {
  folds[opcode] = (inputs) => s64(f(inputs[0]!, inputs[1]!))
}
/** A 32-bit operation: sees signed words, gives a signed word. */
const dyadic32 = (opcode: number, f: Binary) => {
  folds[opcode] = (inputs) => s32(f(s32(inputs[0]!), s32(inputs[1]!)))
}

unary(Opcode.mov, (a) => a)
dyadic(Opcode.add, (a, b) => a + b)
dyadic(Opcode.sub, (a, b) => a - b)
dyadic(Opcode.mul, (a, b) => a * b)
dyadic(Opcode.mulh_s, (a, b) => (a * b) >> 64n)
dyadic(Opcode.mulh_u, (a, b) => (u64(a) * u64(b)) >> 64n)
dyadic(Opcode.mulh_su, (a, b) => (a * u64(b)) >> 64n)
dyadic(Opcode.div_s, divide)
dyadic(Opcode.div_u, (a, b) => divide(u64(a), u64(b)))
dyadic(Opcode.rem_s, remainder)
dyadic(Opcode.rem_u, (a, b) => remainder(u64(a), u64(b)))
dyadic(Opcode.and, (a, b) => a & b)
dyadic(Opcode.or, (a, b) => a | b)
dyadic(Opcode.xor, (a, b) => a ^ b)
dyadic(Opcode.shl, (a, b) => a << (b & 63n))
dyadic(Opcode.shr, (a, b) => u64(a) >> (b & 63n))
dyadic(Opcode.sar, (a, b) => a >> (b & 63n))
dyadic(Opcode.rotl, (a, b) => rotateLeft(a, b, 64))
dyadic(Opcode.rotr, (a, b) => rotateLeft(a, -b, 64))
unary(Opcode.clz, (a) => leadingZeros(a, 64))
unary(Opcode.ctz, (a) => trailingZeros(a, 64))
unary(Opcode.popcnt, (a) => ones(a, 64))
unary(Opcode.bswap, swapBytes)
unary(Opcode.ext8s, (a) => BigInt.asIntN(8, a))
unary(Opcode.ext8u, (a) => BigInt.asUintN(8, a))
unary(Opcode.ext16s, (a) => BigInt.asIntN(16, a))
unary(Opcode.ext16u, (a) => BigInt.asUintN(16, a))
unary(Opcode.ext32s, s32)
unary(Opcode.ext32u, u32)
folds[Opcode.setcond] = ([a, b], cond) => (holds(a!, b!, cond) ? 1n : 0n)
folds[Opcode.movcond] = ([a, b, x, y], cond) => (holds(a!, b!, cond) ? x! : y!)

dyadic32(Opcode.add_i32, (a, b) => a + b)
dyadic32(Opcode.sub_i32, (a, b) => a - b)
dyadic32(Opcode.mul_i32, (a, b) => a * b)
dyadic32(Opcode.div_s_i32, divide)
dyadic32(Opcode.div_u_i32, (a, b) => divide(u32(a), u32(b)))
dyadic32(Opcode.rem_s_i32, remainder)
dyadic32(Opcode.rem_u_i32, (a, b) => remainder(u32(a), u32(b)))
dyadic32(Opcode.shl_i32, (a, b) => a << (b & 31n))
dyadic32(Opcode.shr_i32, (a, b) => u32(a) >> (b & 31n))
dyadic32(Opcode.sar_i32, (a, b) => a >> (b & 31n))
dyadic32(Opcode.rotl_i32, (a, b) => rotateLeft(a, b, 32))
dyadic32(Opcode.rotr_i32, (a, b) => rotateLeft(a, -b, 32))
unary(Opcode.clz_i32, (a) => leadingZeros(a, 32))
unary(Opcode.ctz_i32, (a) => trailingZeros(a, 32))
unary(Opcode.popcnt_i32, (a) => ones(a, 32))

unary(Opcode.f32_unbox, (a) => (u64(a) >> 32n === 0xffffffffn ? u32(a) : 0x7fc00000n))
unary(Opcode.f32_box, (a) => u32(a) | (0xffffffffn << 32n))

/** By operation number; undefined for operations that are not pure integer arithmetic. */
export const fold: ReadonlyArray<Fold | undefined> = folds
