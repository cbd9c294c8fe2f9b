/** Options of plugins: reference section 2 (option parsing), and what `emu plugins` is told. */
import { make } from "@emu/core/Plugin"
import * as PluginOptions from "@emu/core/PluginOptions"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

const sample = make({
  name: "sample",
  help: "for a test",
  options: PluginOptions.struct({
    inline: PluginOptions.boolean({ description: "count inline", default: false }),
    limit: PluginOptions.integer({ description: "rows", default: 20 }),
    track: PluginOptions.oneOf(["r", "w", "rw"], { description: "which accesses", default: "rw" }),
    match: PluginOptions.strings({ description: "mnemonics", default: [] }),
    addr: PluginOptions.addresses({ description: "stop at", default: [] }),
    from: Schema.optionalKey(PluginOptions.address({ description: "begin at" })),
    out: PluginOptions.string({ description: "file" })
  }),
  install: () => Effect.void
})

const decode = (...pairs: ReadonlyArray<readonly [string, string]>) => PluginOptions.decode(sample, [["out", "f"], ...pairs])
const message = (...pairs: ReadonlyArray<readonly [string, string]>) =>
  Result.getOrThrow(Result.flip(decode(...pairs))).message

describe("plugin options", () => {
  it("have their defaults where no key is given", () => {
    const expected = { inline: false, limit: 20, track: "rw", match: [], addr: [], out: "f" }
    assert.deepStrictEqual(decode(), Result.succeed(expected) as ReturnType<typeof decode>)
  })

  it("take the last value of a repeated key, or all of them in order where the kind says so", () => {
    const options = Result.getOrThrow(
      decode(["limit", "1"], ["match", "b"], ["limit", "0x10"], ["match", "a"], ["addr", "0x10"], ["addr", "32"])
    )
    assert.strictEqual(options.limit, 16)
    assert.deepStrictEqual(options.match, ["b", "a"])
    assert.deepStrictEqual(options.addr, [16n, 32n])
  })

  it.each([
    ["on", true],
    ["yes", true],
    ["true", true],
    ["y", true],
    ["off", false],
    ["no", false],
    ["false", false],
    ["n", false]
  ])("switches know QEMU's word %s", (word, value) => {
    assert.strictEqual(Result.getOrThrow(decode(["inline", word])).inline, value)
  })

  it.each([
    ["inline", "TRUE", '"TRUE" is not one of on, yes, true, y, off, no, false, n'],
    ["inline", "", '"" is not one of'],
    ["limit", "many", '"many" is not a whole number such as 20 or 0x14'],
    ["limit", "-1", '"-1" is not a whole number'],
    ["limit", "9007199254740992", "is not a whole number"],
    ["from", "main", '"main" is not a 64-bit address such as 0x10158'],
    ["from", "0x10000000000000000", "is not a 64-bit address"],
    ["addr", "0x", '"0x" is not a 64-bit address'],
    ["track", "x", '"x" is not one of r, w, rw'],
    ["limt", "3", "unknown; there are inline, limit, track, match, addr, from, out"]
  ])("%s=%s is refused: %s", (key, value, problem) => {
    const text = message([key, value])
    assert.include(text, `plugin sample: option "${key}": `)
    assert.include(text, problem)
  })

  it("must be given where there is no default", () => {
    const error = Result.getOrThrow(Result.flip(PluginOptions.decode(sample, [])))
    assert.strictEqual(error.message, 'plugin sample: option "out": must be given')
  })

  it("are refused by a plugin that has none", () => {
    const bare = make({ name: "bare", help: "", options: PluginOptions.none, install: () => Effect.void })
    const error = Result.getOrThrow(Result.flip(PluginOptions.decode(bare, [["a", "1"]])))
    assert.strictEqual(error.message, 'plugin bare: option "a": it has no options')
  })

  it("describe themselves in the order of the struct", () => {
    const rows = PluginOptions.describeOptions(sample).map((o) => [
      o.name,
      o.values,
      o.default,
      o.isRequired,
      o.isRepeatable
    ])
    assert.deepStrictEqual(rows, [
      ["inline", "on|off", "off", false, false],
      ["limit", "N", "20", false, false],
      ["track", "r|w|rw", "rw", false, false],
      ["match", "TEXT", "", false, true],
      ["addr", "0xADDR", "", false, true],
      ["from", "0xADDR", undefined, false, false],
      ["out", "TEXT", undefined, true, false]
    ])
  })
})
