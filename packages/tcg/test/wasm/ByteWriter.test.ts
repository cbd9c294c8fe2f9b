/** LEB128 and the other encodings of the binary format, read back by a decoder written from the spec (chapter 5.2). */
import { assert, describe, it } from "@effect/vitest"
import { ByteWriter } from "@emu/tcg/wasm/ByteWriter"
import * as Arbitrary from "effect/Arbitrary"
import { word } from "../support/values.ts"

const written = (write: (to: ByteWriter) => void): Array<number> => {
  const writer = new ByteWriter(1)
  write(writer)
  return [...writer.view()]
}

/** The value of LEB128 bytes; the last one's sign bit counts where `signed`. */
const decoded = (bytes: ReadonlyArray<number>, signed: boolean): bigint => {
  let value = 0n
  bytes.forEach((byte, i) => {
    assert.strictEqual((byte & 128) !== 0, i < bytes.length - 1, "only the last byte ends the number")
    value |= BigInt(byte & 127) << BigInt(7 * i)
  })
  return signed ? BigInt.asIntN(7 * bytes.length, value) : value
}

/** A 64-bit value with a random number of significant bits: encodings change length at every seventh. */
const Value = Arbitrary.map(
  Arbitrary.all([word, word, word]),
  ([a, b, shift]) => BigInt.asIntN(64, (BigInt(a) << 32n) | BigInt(b)) >> BigInt(shift % 64)
)

describe("LEB128", () => {
  it.prop("unsigned numbers come back", [Value], ([value]) => {
    const number = Number(BigInt.asUintN(53, value))
    assert.strictEqual(
      decoded(
        written((to) => to.u32(number)),
        false
      ),
      BigInt(number)
    )
  })

  it.prop("signed 32-bit numbers come back, in five bytes at most", [Value], ([value]) => {
    const number = Number(BigInt.asIntN(32, value))
    const bytes = written((to) => to.s32(number))
    assert.strictEqual(decoded(bytes, true), BigInt(number))
    assert.isAtMost(bytes.length, 5)
  })

  it.prop("signed 64-bit numbers come back, in ten bytes at most", [Value], ([value]) => {
    const bytes = written((to) => to.s64(value))
    assert.strictEqual(decoded(bytes, true), value)
    assert.isAtMost(bytes.length, 10)
  })

  it.each([
    ["u32", 0, [0]],
    ["u32", 127, [0x7f]],
    ["u32", 128, [0x80, 1]],
    ["u32", 624485, [0xe5, 0x8e, 0x26]],
    ["u32", 0xffffffff, [0xff, 0xff, 0xff, 0xff, 0x0f]],
    ["s32", 63, [0x3f]],
    ["s32", 64, [0xc0, 0]],
    ["s32", -1, [0x7f]],
    ["s32", -64, [0x40]],
    ["s32", -65, [0xbf, 0x7f]],
    ["s32", -123456, [0xc0, 0xbb, 0x78]],
    ["s32", -0x80000000, [0x80, 0x80, 0x80, 0x80, 0x78]]
  ] as const)("%s of %d", (kind, value, bytes) => {
    assert.deepStrictEqual(
      written((to) => to[kind](value)),
      [...bytes]
    )
  })
})

describe("other encodings", () => {
  it("vectors and names carry their length in bytes", () => {
    assert.deepStrictEqual(
      written((to) => to.name("é")),
      [2, 0xc3, 0xa9]
    )
    assert.deepStrictEqual(
      written((to) => to.vector(Uint8Array.of(7, 8))),
      [2, 7, 8]
    )
  })

  it.prop("a double is its eight bytes", [Value], ([value]) => {
    const bytes = new Uint8Array(new BigInt64Array([value]).buffer)
    const number = new Float64Array(bytes.buffer)[0]!
    if (Number.isNaN(number)) return
    assert.deepStrictEqual(
      written((to) => to.f64(number)),
      [...bytes]
    )
  })
})
