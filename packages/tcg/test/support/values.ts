/** Values at the edges of 64-bit arithmetic on pairs of words, and random ones. */
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"

/** Signed 64-bit values at which carries, signs and widths change. */
export const edges: ReadonlyArray<bigint> = [
  0n,
  1n,
  -1n,
  2n,
  31n,
  32n,
  33n,
  63n,
  64n,
  -64n,
  0x7fn,
  0x80n,
  0xffffn,
  0x8000n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x100000000n,
  -0x80000000n,
  -0x80000001n,
  0xffffffff00000000n,
  0x7fffffffffffffffn,
  -0x8000000000000000n,
  0x123456789abcdefn,
  0x1fffffffffffffn,
  -0x20000000000001n,
  0x10000000000000n
].map((value) => BigInt.asIntN(64, value))

/** An arbitrary integer from 0 to 2^32 - 1. */
export const word: Arbitrary.Arbitrary<number> = Arbitrary.schema(
  Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 0xffffffff }))
)

/** A signed 64-bit value: often an edge, sometimes an edge's neighbour, else any. */
export const value64: Arbitrary.Arbitrary<bigint> = Arbitrary.map(Arbitrary.all([word, word, word]), ([kind, high, low]) => {
  const edge = edges[high % edges.length]!
  const any = BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low))
  return kind % 3 === 0 ? edge : kind % 3 === 1 ? BigInt.asIntN(64, edge + BigInt((low % 7) - 3)) : any
})
