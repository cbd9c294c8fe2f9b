/** The IR's floating-point operations as one table: each with its quick path on Numbers and its exact one on patterns. */
import type { CpuState } from "../CpuState.ts"
import { Opcode, opTable } from "../ir/Opcode.ts"
import * as exact from "./arithmetic.ts"
import * as compare from "./compare.ts"
import { convert, fromInteger, i32, i64, toInteger, u32, u64 } from "./convert.ts"
import { binary32, binary64, type Format, type FpStatus } from "./Format.ts"
import * as q32 from "./quick32.ts"
import * as q64 from "./quick64.ts"
import * as qc from "./quickConvert.ts"

/** Tries an operation on Numbers: false, with nothing changed, where they can't give the exact answer. */
export type Quick = (state: CpuState, d: number, a: number, b: number, c: number, rm: number, negate: number) => boolean
/** The operation on bit patterns; results that are integers are signed 64-bit values. */
export type Exact = (status: FpStatus, a: bigint, b: bigint, c: bigint, negate: number) => bigint

/** One operation. */
export interface Operation {
  readonly quick: Quick
  readonly exact: Exact
  /** Width of the operands that the exact path reads. */
  readonly operandWidth: 32 | 64
  /** Whether the operation has a rounding mode among its arguments. */
  readonly rounds: boolean
}

/** Operations by opcode; undefined where an opcode is not floating point. */
export const operations: Array<Operation | undefined> = opTable.map(() => undefined)

const define = (opcode: Opcode, operandWidth: 32 | 64, quick: Quick, exactly: Exact): void => {
  operations[opcode] = { quick, exact: exactly, operandWidth, rounds: opTable[opcode]!.constants > 0 }
}

/** Left to the exact path. */
const none: Quick = () => false
const flip = (f: Format, bits: bigint, negate: number): bigint => (negate === 0 ? bits : bits ^ f.signBit)
const fma =
  (f: Format): Exact =>
  (s, a, b, c, negate) =>
    exact.fma(f, s, flip(f, a, negate & 1), b, flip(f, c, negate & 2))
const signed = (x: number, negate: number): number => (negate === 0 ? x : -x)

// --- binary32 --------------------------------------------------------------------------------------------------------
define(
  Opcode.fadd_f32,
  32,
  (s, d, a, b, _, rm) => q32.addNumbers32(s, d, s.f32[2 * a]!, s.f32[2 * b]!, rm),
  (s, a, b) => exact.add(binary32, s, a, b)
)
define(
  Opcode.fsub_f32,
  32,
  (s, d, a, b, _, rm) => q32.addNumbers32(s, d, s.f32[2 * a]!, -s.f32[2 * b]!, rm),
  (s, a, b) => exact.sub(binary32, s, a, b)
)
define(
  Opcode.fmul_f32,
  32,
  (s, d, a, b, _, rm) => q32.quickMul32(s, d, a, b, rm),
  (s, a, b) => exact.mul(binary32, s, a, b)
)
define(
  Opcode.fdiv_f32,
  32,
  (s, d, a, b, _, rm) => q32.quickDiv32(s, d, a, b, rm),
  (s, a, b) => exact.div(binary32, s, a, b)
)
define(
  Opcode.fsqrt_f32,
  32,
  (s, d, a, _b, _c, rm) => q32.quickSqrt32(s, d, a, rm),
  (s, a) => exact.sqrt(binary32, s, a)
)
define(
  Opcode.fma_f32,
  32,
  (s, d, a, b, c, rm, n) =>
    q32.fmaNumbers32(s, d, signed(s.f32[2 * a]!, n & 1), s.f32[2 * b]!, signed(s.f32[2 * c]!, n & 2), rm),
  fma(binary32)
)
define(Opcode.fmin_f32, 32, q32.quickMin32, (s, a, b) => compare.min(binary32, s, a, b))
define(Opcode.fmax_f32, 32, q32.quickMax32, (s, a, b) => compare.max(binary32, s, a, b))
define(Opcode.feq_f32, 32, q32.quickEqual32, (s, a, b) => compare.equal(binary32, s, a, b))
define(Opcode.flt_f32, 32, q32.quickLess32, (s, a, b) => compare.less(binary32, s, a, b))
define(Opcode.fle_f32, 32, q32.quickLessOrEqual32, (s, a, b) => compare.lessOrEqual(binary32, s, a, b))
define(Opcode.fclass_f32, 32, none, (_, a) => compare.classify(binary32, a))

// --- binary64 --------------------------------------------------------------------------------------------------------
define(
  Opcode.fadd_f64,
  64,
  (s, d, a, b, _, rm) => q64.addNumbers64(s, d, s.f64[a]!, s.f64[b]!, rm),
  (s, a, b) => exact.add(binary64, s, a, b)
)
define(
  Opcode.fsub_f64,
  64,
  (s, d, a, b, _, rm) => q64.addNumbers64(s, d, s.f64[a]!, -s.f64[b]!, rm),
  (s, a, b) => exact.sub(binary64, s, a, b)
)
define(
  Opcode.fmul_f64,
  64,
  (s, d, a, b, _, rm) => q64.quickMul64(s, d, a, b, rm),
  (s, a, b) => exact.mul(binary64, s, a, b)
)
define(
  Opcode.fdiv_f64,
  64,
  (s, d, a, b, _, rm) => q64.quickDiv64(s, d, a, b, rm),
  (s, a, b) => exact.div(binary64, s, a, b)
)
define(
  Opcode.fsqrt_f64,
  64,
  (s, d, a, _b, _c, rm) => q64.quickSqrt64(s, d, a, rm),
  (s, a) => exact.sqrt(binary64, s, a)
)
define(
  Opcode.fma_f64,
  64,
  (s, d, a, b, c, rm, n) => q64.fmaNumbers64(s, d, signed(s.f64[a]!, n & 1), s.f64[b]!, signed(s.f64[c]!, n & 2), rm),
  fma(binary64)
)
define(Opcode.fmin_f64, 64, q64.quickMin64, (s, a, b) => compare.min(binary64, s, a, b))
define(Opcode.fmax_f64, 64, q64.quickMax64, (s, a, b) => compare.max(binary64, s, a, b))
define(Opcode.feq_f64, 64, q64.quickEqual64, (s, a, b) => compare.equal(binary64, s, a, b))
define(Opcode.flt_f64, 64, q64.quickLess64, (s, a, b) => compare.less(binary64, s, a, b))
define(Opcode.fle_f64, 64, q64.quickLessOrEqual64, (s, a, b) => compare.lessOrEqual(binary64, s, a, b))
define(Opcode.fclass_f64, 64, none, (_, a) => compare.classify(binary64, a))

// --- between formats -------------------------------------------------------------------------------------------------
define(
  Opcode.fcvt_f32_f64,
  64,
  (s, d, a, _b, _c, rm) => qc.numberTo32(s, d, s.f64[a]!, rm),
  (s, a) => convert(binary64, binary32, s, a)
)
define(
  Opcode.fcvt_f64_f32,
  32,
  (s, d, a) => qc.quick32To64(s, d, a),
  (s, a) => convert(binary32, binary64, s, a)
)

// --- to integers -----------------------------------------------------------------------------------------------------
const from32 =
  (min: number, max: number, wide: boolean): Quick =>
  (s, d, a, _b, _c, rm) =>
    qc.numberToInteger(s, d, s.f32[2 * a]!, rm, min, max, wide)
const from64 =
  (min: number, max: number, wide: boolean): Quick =>
  (s, d, a, _b, _c, rm) =>
    qc.numberToInteger(s, d, s.f64[a]!, rm, min, max, wide)
define(Opcode.fcvt_i32_f32, 32, from32(-(2 ** 31), 2 ** 31 - 1, false), (s, a) => toInteger(binary32, i32, s, a))
define(Opcode.fcvt_u32_f32, 32, from32(0, 2 ** 32 - 1, false), (s, a) => toInteger(binary32, u32, s, a))
define(Opcode.fcvt_i64_f32, 32, from32(-Infinity, Infinity, true), (s, a) => toInteger(binary32, i64, s, a))
define(Opcode.fcvt_u64_f32, 32, from32(0, Infinity, true), (s, a) => toInteger(binary32, u64, s, a))
define(Opcode.fcvt_i32_f64, 64, from64(-(2 ** 31), 2 ** 31 - 1, false), (s, a) => toInteger(binary64, i32, s, a))
define(Opcode.fcvt_u32_f64, 64, from64(0, 2 ** 32 - 1, false), (s, a) => toInteger(binary64, u32, s, a))
define(Opcode.fcvt_i64_f64, 64, from64(-Infinity, Infinity, true), (s, a) => toInteger(binary64, i64, s, a))
define(Opcode.fcvt_u64_f64, 64, from64(0, Infinity, true), (s, a) => toInteger(binary64, u64, s, a))

// --- from integers ---------------------------------------------------------------------------------------------------
define(
  Opcode.fcvt_f32_i32,
  64,
  (s, d, a, _b, _c, rm) => qc.numberTo32(s, d, s.i32[2 * a]!, rm),
  (s, a) => fromInteger(binary32, i32, s, a)
)
define(
  Opcode.fcvt_f32_u32,
  64,
  (s, d, a, _b, _c, rm) => qc.numberTo32(s, d, s.u32[2 * a]!, rm),
  (s, a) => fromInteger(binary32, u32, s, a)
)
define(
  Opcode.fcvt_f32_i64,
  64,
  (s, d, a, _b, _c, rm) => qc.quickFrom64To32(s, d, a, rm, true),
  (s, a) => fromInteger(binary32, i64, s, a)
)
define(
  Opcode.fcvt_f32_u64,
  64,
  (s, d, a, _b, _c, rm) => qc.quickFrom64To32(s, d, a, rm, false),
  (s, a) => fromInteger(binary32, u64, s, a)
)
define(
  Opcode.fcvt_f64_i32,
  64,
  (s, d, a) => qc.exact64(s, d, s.i32[2 * a]!),
  (s, a) => fromInteger(binary64, i32, s, a)
)
define(
  Opcode.fcvt_f64_u32,
  64,
  (s, d, a) => qc.exact64(s, d, s.u32[2 * a]!),
  (s, a) => fromInteger(binary64, u32, s, a)
)
define(
  Opcode.fcvt_f64_i64,
  64,
  (s, d, a) => qc.quickFrom64To64(s, d, a, true),
  (s, a) => fromInteger(binary64, i64, s, a)
)
define(
  Opcode.fcvt_f64_u64,
  64,
  (s, d, a) => qc.quickFrom64To64(s, d, a, false),
  (s, a) => fromInteger(binary64, u64, s, a)
)
