/** The integer path against exact fractions: every rounding operation, every mode, both formats. */
import { assert, describe, it } from "@effect/vitest"
import { RoundingMode } from "@emu/tcg/ir/Opcode"
import * as soft from "@emu/tcg/softfloat/index"
import { double, type Fields, type Fraction, product, quotient, round, single, sum, valueOf } from "./model.ts"
import { integer, pattern, triple, type Width } from "./patterns.ts"

const modes = [0, 1, 2, 3, 4]
const formats: ReadonlyArray<readonly [Width, soft.Format, Fields]> = [
  [32, soft.binary32, single],
  [64, soft.binary64, double]
]
const options = { arbitrary: { runs: 400 } }
const run = (mode: number, operation: (status: soft.FpStatus) => bigint) => {
  const status: soft.FpStatus = { round: mode, flags: 0 }
  return { bits: operation(status), flags: status.flags }
}

for (const [width, f, fields] of formats) {
  const magnitude = (bits: bigint) => bits & ~f.signBit
  const finite = (bits: bigint) => magnitude(bits) < f.infinity
  const agrees = (x: Fraction, operation: (status: soft.FpStatus) => bigint) => {
    // Zero results carry a sign that a fraction does not have; special.test covers them.
    if (x.num === 0n) return
    for (const mode of modes) assert.deepStrictEqual(run(mode, operation), round(fields, x, mode), `mode ${mode}`)
  }

  describe(`binary${width}`, () => {
    it.prop(
      "add and sub round the exact sum",
      [triple(width)],
      ([[a, b]]) => {
        if (!finite(a) || !finite(b)) return
        agrees(sum(valueOf(fields, a), valueOf(fields, b)), (s) => soft.add(f, s, a, b))
        agrees(sum(valueOf(fields, a), valueOf(fields, b ^ f.signBit)), (s) => soft.sub(f, s, a, b))
      },
      options
    )

    it.prop(
      "mul rounds the exact product",
      [triple(width)],
      ([[a, b]]) => {
        if (!finite(a) || !finite(b)) return
        agrees(product(valueOf(fields, a), valueOf(fields, b)), (s) => soft.mul(f, s, a, b))
      },
      options
    )

    it.prop(
      "div rounds the exact quotient",
      [triple(width)],
      ([[a, b]]) => {
        if (!finite(a) || !finite(b) || magnitude(b) === 0n) return
        agrees(quotient(valueOf(fields, a), valueOf(fields, b)), (s) => soft.div(f, s, a, b))
      },
      options
    )

    it.prop(
      "fma rounds the exact product and sum once",
      [triple(width)],
      ([[a, b, c]]) => {
        if (!finite(a) || !finite(b) || !finite(c)) return
        const exact = sum(product(valueOf(fields, a), valueOf(fields, b)), valueOf(fields, c))
        agrees(exact, (s) => soft.fma(f, s, a, b, c))
      },
      options
    )

    it.prop(
      "sqrt gives the two neighbours of the root under rdn and rup",
      [pattern(width)],
      ([bits]) => {
        const a = magnitude(bits)
        if (!finite(a) || a === 0n) return
        const x = valueOf(fields, a)
        const square = (root: bigint) => product(valueOf(fields, root), valueOf(fields, root))
        const order = (root: bigint) => square(root).num * x.den - x.num * square(root).den
        const down = run(RoundingMode.rdn, (s) => soft.sqrt(f, s, a))
        const up = run(RoundingMode.rup, (s) => soft.sqrt(f, s, a))
        const exact = order(down.bits) === 0n
        assert.isTrue(order(down.bits) <= 0n && order(up.bits) >= 0n)
        assert.strictEqual(up.bits - down.bits, exact ? 0n : 1n)
        assert.deepStrictEqual([down.flags, up.flags], exact ? [0, 0] : [1, 1])
        // A root is never a tie, so nearest is the neighbour whose middle the root lies beyond.
        const middle = sum(valueOf(fields, down.bits), valueOf(fields, up.bits))
        const beyond = !exact && 4n * x.num * middle.den * middle.den > middle.num * middle.num * x.den
        for (const mode of [RoundingMode.rne, RoundingMode.rmm]) {
          assert.strictEqual(run(mode, (s) => soft.sqrt(f, s, a)).bits, beyond ? up.bits : down.bits)
        }
        assert.strictEqual(run(RoundingMode.rtz, (s) => soft.sqrt(f, s, a)).bits, down.bits)
      },
      options
    )

    it.prop(
      "integers round like the fractions they are",
      [integer],
      ([n]) => {
        for (const type of [soft.i32, soft.u32, soft.i64, soft.u64]) {
          const value = type.signed ? BigInt.asIntN(type.width, n) : BigInt.asUintN(type.width, n)
          agrees({ num: value, den: 1n }, (s) => soft.fromInteger(f, type, s, n))
        }
      },
      options
    )

    it.prop(
      "conversion to integers rounds, saturates and tells invalid from inexact",
      [pattern(width)],
      ([a]) => {
        if (!finite(a)) return
        const { num, den } = valueOf(fields, a)
        const floor = num >= 0n ? num / den : -((-num + den - 1n) / den)
        const exact = floor * den === num
        const twice = 2n * (num - floor * den) - den
        for (const mode of modes) {
          const nearest = twice > 0n || (twice === 0n && (mode === 4 ? num > 0n : (floor & 1n) === 1n)) ? floor + 1n : floor
          const wanted =
            exact || mode === 2 ? floor : mode === 3 ? floor + 1n : mode === 1 ? (num > 0n ? floor : floor + 1n) : nearest
          for (const type of [soft.i32, soft.u32, soft.i64, soft.u64]) {
            const result = run(mode, (s) => soft.toInteger(f, type, s, a))
            const limited = wanted < type.min ? type.min : wanted > type.max ? type.max : wanted
            assert.strictEqual(result.bits, BigInt.asIntN(type.width, limited))
            assert.strictEqual(result.flags, limited !== wanted ? 16 : exact ? 0 : 1)
          }
        }
      },
      options
    )
  })
}

describe("between formats", () => {
  it.prop(
    "narrowing rounds",
    [pattern(64)],
    ([a]) => {
      if ((a & ~soft.binary64.signBit) >= soft.binary64.infinity) return
      const x = valueOf(double, a)
      if (x.num === 0n) return
      for (const mode of modes) {
        assert.deepStrictEqual(
          run(mode, (s) => soft.convert(soft.binary64, soft.binary32, s, a)),
          round(single, x, mode)
        )
      }
    },
    options
  )

  it.prop(
    "widening and narrowing again gives the same number",
    [pattern(32)],
    ([a]) => {
      if ((a & ~soft.binary32.signBit) > soft.binary32.infinity) return
      const there = run(0, (s) => soft.convert(soft.binary32, soft.binary64, s, a))
      assert.deepStrictEqual(
        run(1, (s) => soft.convert(soft.binary64, soft.binary32, s, there.bits)),
        { bits: a, flags: 0 }
      )
      assert.strictEqual(there.flags, 0)
    },
    options
  )
})
