/** Bit patterns to test with: biased to edges, and triples near enough to interact. */
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"

export type Width = 32 | 64

const int = (maximum: number) => Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum })))
const word = int(0xffff)

/** How a pattern is to be made, from small integers, so that shrinking stays inside the edge cases. */
const ingredients = Arbitrary.all([int(1), int(3), int(15), int(1), int(15), word, word, word, word])

const build = (
  width: Width,
  [negative, exponentKind, e, fractionKind, m, w0, w1, w2, w3]: ReadonlyArray<number>
): bigint => {
  const fractionBits = width === 32 ? 23 : 52
  const top = width === 32 ? 255 : 2047
  const bias = top >> 1
  const all = (1n << BigInt(fractionBits)) - 1n
  const half = (all + 1n) / 2n
  const random = (BigInt(w0!) << 48n) | (BigInt(w1!) << 32n) | (BigInt(w2!) << 16n) | BigInt(w3!)
  const near = [
    0,
    1,
    2,
    25,
    54,
    top,
    top - 1,
    top - 2,
    bias,
    bias - 1,
    bias + 1,
    bias + 23,
    bias + 31,
    bias + 52,
    bias + 63,
    0
  ]
  const range = [near[e!]!, bias + (w0! % 70) - 3, w0! % (top + 1), Math.max(0, bias - 160 + (w0! % 64))]
  const edges = [
    0n,
    1n,
    2n,
    3n,
    all,
    all - 1n,
    half,
    half - 1n,
    half + 1n,
    half | 1n,
    all - 2n,
    half / 2n,
    half / 2n + 1n,
    5n,
    0n,
    all ^ 5n
  ]
  const fraction = fractionKind === 0 ? edges[m!]! : w3! % 2 === 0 ? random & all : BigInt(m!) << BigInt(fractionBits - 4)
  return (
    (negative! === 1 ? 1n << BigInt(width - 1) : 0n) | (BigInt(range[exponentKind!]!) << BigInt(fractionBits)) | fraction
  )
}

/** Patterns of a format: specials, neighbours of powers of two, subnormals, few-bit numbers, anything. */
export const pattern = (width: Width): Arbitrary.Arbitrary<bigint> => ingredients.pipe(Arbitrary.map((i) => build(width, i)))

/** Any 64 bits, often a small or nearly round integer. */
export const integer: Arbitrary.Arbitrary<bigint> = Arbitrary.all([int(63), int(4), int(1), word, word, word, word]).pipe(
  Arbitrary.map(([shift, nudge, negative, w0, w1, w2, w3]) => {
    const random = (BigInt(w0) << 48n) | (BigInt(w1) << 32n) | (BigInt(w2) << 16n) | BigInt(w3)
    const magnitude = w3 % 2 === 0 ? random >> BigInt(shift) : (1n << BigInt(shift)) + BigInt(nudge - 2)
    return BigInt.asUintN(64, negative === 1 ? -magnitude : magnitude)
  })
)

/** Three patterns, often so related that sums cancel and products meet their addends. */
export const triple = (width: Width): Arbitrary.Arbitrary<readonly [bigint, bigint, bigint]> => {
  const signBit = 1n << BigInt(width - 1)
  const one = width === 32 ? 0x3f800000n : 0x3ff0000000000000n
  return Arbitrary.all([ingredients, ingredients, ingredients, int(3), int(8)]).pipe(
    Arbitrary.map(([i, j, k, relation, nudge]) => {
      const a = build(width, i)
      const near = BigInt(nudge - 4)
      const b = relation === 1 ? BigInt.asUintN(width, (a ^ (nudge % 2 === 0 ? signBit : 0n)) + near) : build(width, j)
      const c = relation === 2 ? BigInt.asUintN(width, ((a + b - one) ^ signBit) + near) : build(width, k)
      return [a, b, c] as const
    })
  )
}
