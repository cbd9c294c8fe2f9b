/** Signs of zero results, which fractions cannot tell, and the special values (IEEE 754 sections 6 and 7; RISC-V F). */
import { assert, describe, it } from "@effect/vitest"
import { Opcode, RoundingMode } from "@emu/tcg/ir/Opcode"
import { evaluate } from "@emu/tcg/softfloat/index"

const zero = 0n
const negativeZero = 1n << 63n
const one = 0x3ff0000000000000n
const infinity = 0x7ff0000000000000n
const quiet = 0x7ff8000000000000n
const signalling = 0x7ff0000000000001n
const minus = (x: bigint) => x ^ negativeZero
const { rne, rtz, rdn, rup, rmm } = RoundingMode

const run = (opcode: Opcode, round: number, ...operands: ReadonlyArray<bigint>) => {
  const status = { round, flags: 0 }
  const bits = BigInt.asUintN(64, evaluate(opcode, status, operands[0]!, operands[1] ?? 0n, operands[2] ?? 0n, 0))
  return [bits, status.flags] as const
}

describe("zero results", () => {
  for (const mode of [rne, rtz, rdn, rup, rmm]) {
    const sum = mode === rdn ? negativeZero : zero
    it(`mode ${mode}`, () => {
      assert.deepStrictEqual(run(Opcode.fadd_f64, mode, one, minus(one)), [sum, 0])
      assert.deepStrictEqual(run(Opcode.fadd_f64, mode, zero, negativeZero), [sum, 0])
      assert.deepStrictEqual(run(Opcode.fadd_f64, mode, negativeZero, negativeZero), [negativeZero, 0])
      assert.deepStrictEqual(run(Opcode.fsub_f64, mode, zero, zero), [sum, 0])
      assert.deepStrictEqual(run(Opcode.fma_f64, mode, one, one, minus(one)), [sum, 0])
      assert.deepStrictEqual(run(Opcode.fma_f64, mode, zero, minus(one), negativeZero), [negativeZero, 0])
      assert.deepStrictEqual(run(Opcode.fmul_f64, mode, negativeZero, one), [negativeZero, 0])
      assert.deepStrictEqual(run(Opcode.fdiv_f64, mode, one, minus(infinity)), [negativeZero, 0])
      assert.deepStrictEqual(run(Opcode.fsqrt_f64, mode, negativeZero), [negativeZero, 0])
    })
  }
})

const invalid = 16
const special: ReadonlyArray<readonly [string, Opcode, ReadonlyArray<bigint>, bigint, number]> = [
  ["infinity - infinity", Opcode.fsub_f64, [infinity, infinity], quiet, invalid],
  ["0 * infinity", Opcode.fmul_f64, [zero, infinity], quiet, invalid],
  ["0 / 0", Opcode.fdiv_f64, [zero, zero], quiet, invalid],
  ["infinity / infinity", Opcode.fdiv_f64, [infinity, infinity], quiet, invalid],
  ["-1 / 0", Opcode.fdiv_f64, [minus(one), zero], minus(infinity), 8],
  ["infinity / 0", Opcode.fdiv_f64, [infinity, zero], infinity, 0],
  ["sqrt(-1)", Opcode.fsqrt_f64, [minus(one)], quiet, invalid],
  ["sqrt(infinity)", Opcode.fsqrt_f64, [infinity], infinity, 0],
  ["infinity * 0 + NaN", Opcode.fma_f64, [infinity, zero, quiet], quiet, invalid],
  ["1 * 1 + NaN", Opcode.fma_f64, [one, one, quiet], quiet, 0],
  ["infinity * 1 - infinity", Opcode.fma_f64, [infinity, one, minus(infinity)], quiet, invalid],
  ["a negative quiet NaN with payload", Opcode.fadd_f64, [0xfff8000000000123n, one], quiet, 0],
  ["a signalling NaN", Opcode.fadd_f64, [one, signalling], quiet, invalid],
  ["min(-0, +0)", Opcode.fmin_f64, [zero, negativeZero], negativeZero, 0],
  ["max(-0, +0)", Opcode.fmax_f64, [negativeZero, zero], zero, 0],
  ["min(NaN, 1)", Opcode.fmin_f64, [quiet, one], one, 0],
  ["max(1, signalling)", Opcode.fmax_f64, [one, signalling], one, invalid],
  ["min(NaN, NaN)", Opcode.fmin_f64, [minus(quiet), quiet + 5n], quiet, 0],
  ["NaN = NaN", Opcode.feq_f64, [quiet, quiet], 0n, 0],
  ["signalling = 1", Opcode.feq_f64, [signalling, one], 0n, invalid],
  ["NaN < 1", Opcode.flt_f64, [quiet, one], 0n, invalid],
  ["NaN <= 1", Opcode.fle_f64, [quiet, one], 0n, invalid],
  ["-0 < +0", Opcode.flt_f64, [negativeZero, zero], 0n, 0],
  ["NaN to i32", Opcode.fcvt_i32_f64, [minus(quiet)], 0x7fffffffn, invalid],
  ["NaN to u32", Opcode.fcvt_u32_f64, [quiet], 2n ** 64n - 1n, invalid],
  ["NaN to u64", Opcode.fcvt_u64_f64, [quiet], 2n ** 64n - 1n, invalid],
  ["-infinity to i64", Opcode.fcvt_i64_f64, [minus(infinity)], 2n ** 63n, invalid],
  ["-0.25 to u32", Opcode.fcvt_u32_f64, [0xbfd0000000000000n], 0n, 1],
  ["-1 to u32", Opcode.fcvt_u32_f64, [minus(one)], 0n, invalid],
  ["2^31 to u32, sign-extended", Opcode.fcvt_u32_f64, [0x41e0000000000000n], 0xffffffff80000000n, 0],
  ["a signalling double to single", Opcode.fcvt_f32_f64, [signalling], 0x7fc00000n, invalid]
]

describe("special values", () => {
  it.each(special)("%s", (_, opcode, operands, bits, flags) => {
    assert.deepStrictEqual(run(opcode, rne, ...operands), [bits, flags])
  })

  const classes = [
    minus(infinity),
    minus(one),
    0x8000000000000001n,
    negativeZero,
    zero,
    1n,
    one,
    infinity,
    signalling,
    quiet
  ]
  it.each(classes.map((bits, n) => [n, bits] as const))("class %i", (n, bits) => {
    assert.deepStrictEqual(run(Opcode.fclass_f64, rne, bits), [1n << BigInt(n), 0])
  })
})

describe("tininess after rounding", () => {
  // Both round to the smallest normal number, 2^-1022. With an unbounded exponent (1 - 2^-56) * 2^-1022 rounds there too,
  // so it is not tiny; (1 - 2^-53) * 2^-1022 is a number of its own, below the normal range.
  it.each([
    ["rounds into the normal range", 0x0010000001000000n, 0x3feffffffe000000n, 0x0010000000000000n, 1],
    ["stays below it", 0x0010000000000000n, 0x3fefffffffffffffn, 0x0010000000000000n, 3]
  ] as const)("%s", (_, a, b, bits, flags) => {
    assert.deepStrictEqual(run(Opcode.fmul_f64, rne, a, b), [bits, flags])
  })
})
