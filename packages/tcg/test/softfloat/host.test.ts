/** Against the host's own arithmetic, which is IEEE 754 round to nearest: doubles directly, singles through Math.fround. */
import { assert, describe, it } from "@effect/vitest"
import * as soft from "@emu/tcg/softfloat/index"
import { triple } from "./patterns.ts"

const buffer = new DataView(new ArrayBuffer(8))
const toDouble = (bits: bigint) => (buffer.setBigUint64(0, bits), buffer.getFloat64(0))
const toSingle = (bits: bigint) => (buffer.setUint32(0, Number(bits)), buffer.getFloat32(0))
const ofDouble = (x: number) => (buffer.setFloat64(0, x), buffer.getBigUint64(0))
const ofSingle = (x: number) => (buffer.setFloat32(0, x), BigInt(buffer.getUint32(0)))

const operations = [
  ["add", soft.add, (x: number, y: number) => x + y],
  ["sub", soft.sub, (x: number, y: number) => x - y],
  ["mul", soft.mul, (x: number, y: number) => x * y],
  ["div", soft.div, (x: number, y: number) => x / y],
  ["sqrt", soft.sqrt, (x: number) => Math.sqrt(x)]
] as const

const formats = [
  ["binary64", soft.binary64, 64, toDouble, ofDouble],
  ["binary32", soft.binary32, 32, toSingle, ofSingle]
] as const

for (const [name, f, width, to, of] of formats) {
  describe(name, () => {
    for (const [operation, exact, host] of operations) {
      it.prop(
        operation,
        [triple(width)],
        ([[a, b]]) => {
          const wanted = host(to(a), to(b))
          const got = exact(f, { round: 0, flags: 0 }, a, b)
          // Singles: a double result rounded to single is the single result for these operations (Figueroa, 1995).
          assert.strictEqual(got, Number.isNaN(wanted) ? f.canonicalNaN : of(wanted))
        },
        { arbitrary: { runs: 1000 } }
      )
    }

    it.prop(
      "comparisons",
      [triple(width)],
      ([[a, b]]) => {
        const status = { round: 0, flags: 0 }
        const bit = (value: boolean) => (value ? 1n : 0n)
        assert.strictEqual(soft.equal(f, status, a, b), bit(to(a) === to(b)))
        assert.strictEqual(soft.less(f, status, a, b), bit(to(a) < to(b)))
        assert.strictEqual(soft.lessOrEqual(f, status, a, b), bit(to(a) <= to(b)))
      },
      { arbitrary: { runs: 1000 } }
    )

    it.prop(
      "minimum and maximum of numbers",
      [triple(width)],
      ([[a, b]]) => {
        if (Number.isNaN(to(a)) || Number.isNaN(to(b))) return
        const status = { round: 0, flags: 0 }
        assert.strictEqual(soft.min(f, status, a, b), of(Math.min(to(a), to(b))))
        assert.strictEqual(soft.max(f, status, a, b), of(Math.max(to(a), to(b))))
        assert.strictEqual(status.flags, 0)
      },
      { arbitrary: { runs: 1000 } }
    )
  })
}
