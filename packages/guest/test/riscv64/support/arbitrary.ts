/** Generators biased to the edges of 64-bit arithmetic and of instruction fields. */
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import type { Field } from "@emu/guest/riscv64/isa/pattern"
import { insnTable } from "@emu/guest/riscv64/isa/table"
import type { InsnRow } from "@emu/guest/riscv64/isa/Row"

/** An integer from 0 to 2^32 - 1. */
export const word: Arbitrary.Arbitrary<number> = Arbitrary.schema(
  Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 0xffffffff }))
)

const edges: ReadonlyArray<bigint> = [0n, 1n, -1n, 2n, 31n, 32n, 63n, 64n, 0x7fn, 0x80n, 0x8000n, 0xffffn].concat([
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x100000000n,
  -0x80000000n,
  -0x80000001n,
  0x7fffffffffffffffn,
  -0x8000000000000000n,
  0x0100000001000000n,
  0x123456789abcdefn
])

/** A 64-bit value from three random words: an edge, a neighbour of one, or anything; signed. */
const value64 = (kind: number, high: number, low: number): bigint => {
  const edge = edges[high % edges.length]!
  if (kind % 3 === 0) return edge
  if (kind % 3 === 1) return BigInt.asIntN(64, edge + BigInt((low % 7) - 3))
  return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low))
}

/** A signed 64-bit value, often at an edge. */
export const Value64: Arbitrary.Arbitrary<bigint> = Arbitrary.map(Arbitrary.all([word, word, word]), ([kind, high, low]) =>
  value64(kind, high, low)
)

/** A value that a field can hold: often its least, its greatest or zero. */
export const fieldValue = (field: Field, kind: number, random: number): number => {
  const lowest = Math.min(...field.segments.map((segment) => segment.valueLow))
  const step = 2 ** lowest
  const values = 2 ** (field.width - lowest)
  const choice = [0, 1, values / 2 - 1, values / 2, values - 1, random % values][kind % 6]!
  const unsigned = (Math.floor(choice) % values) * step
  const signed = field.isSigned && unsigned >= 2 ** (field.width - 1) ? unsigned - 2 ** field.width : unsigned
  return signed + field.bias
}

/** A row of the table with random operands for its fields. */
export const RowWithOperands: Arbitrary.Arbitrary<readonly [row: InsnRow, operands: Record<string, number>]> = Arbitrary.map(
  Arbitrary.all([word, word, word, word, word, word]),
  ([index, ...random]) => {
    const row = insnTable[index % insnTable.length]!
    const operands: Record<string, number> = {}
    let n = 0
    for (const field of row.pattern.fields.values()) {
      const value = random[n++ % random.length]!
      operands[field.name] = fieldValue(field, value >>> 8, Math.imul(value, 2654435761) >>> 0)
    }
    return [row, operands] as const
  }
)
