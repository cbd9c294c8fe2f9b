/** Results of plugins: what their Schemas accept and encode to, and the forms that a report has. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Plugin from "@emu/core/Plugin"
import * as PluginOptions from "@emu/core/PluginOptions"
import * as PluginResult from "@emu/core/PluginResult"
import type { PluginReport } from "@emu/core/Ports"
import { makeReport } from "@emu/core/api/report"

const source = { id: 1n, name: "reporting", args: [["n", "3"]] } as const

const result = PluginResult.struct({
  insns: PluginResult.count("instructions"),
  blocks: PluginResult.rows(
    { pc: PluginResult.address("where"), symbol: PluginResult.optional(PluginResult.text("what")) },
    "blocks"
  )
})

/** What a plugin hands on that reports a count. */
const reportOf = (insns: number | bigint, render?: (found: typeof result.Type) => string): PluginReport => {
  const plugin = Plugin.make({
    name: "reporting",
    help: "for a test",
    options: PluginOptions.none,
    result,
    ...(render !== undefined && { render }),
    install: () => Effect.void
  })
  const reports: Array<PluginReport> = []
  const report = makeReport({ write: () => {}, report: (given) => reports.push(given) }, plugin, source)
  report({ insns, blocks: [{ pc: 0x10n, symbol: "f" }, { pc: 32 }] })
  return reports[0]!
}

describe("a report", () => {
  it("is JSON by the plugin's Schema, from numbers and bigints alike", () => {
    const expected = { insns: 5, blocks: [{ pc: "0x10", symbol: "f" }, { pc: "0x20" }] }
    assert.deepStrictEqual(reportOf(5n).json(), expected)
    assert.deepStrictEqual(reportOf(5).json(), expected)
  })

  it("is text by the plugin's render, or its JSON", () => {
    assert.strictEqual(reportOf(5n, ({ insns }) => `${insns}!\n`).text(), "5!\n")
    assert.deepStrictEqual(JSON.parse(reportOf(5n).text()), reportOf(5n).json())
  })

  it("says whose it is", () => {
    assert.strictEqual(reportOf(1).source, source)
  })

  it.each([-1, 1.5, Number.NaN])("is refused where a count is %d", (insns) => {
    assert.throws(() => reportOf(insns).json(), /insns/)
  })
})

describe("kinds of fields", () => {
  it.prop("encode numbers that decode to the same", [Schema.Int, Schema.BigInt], ([small, big]) => {
    for (const value of [Math.abs(small), BigInt.asUintN(64, big)]) {
      const hex = Schema.encodeSync(PluginResult.address("any"))(value)
      assert.strictEqual(BigInt(hex), BigInt(value))
      const decoded = Schema.decodeSync(PluginResult.count("any"))(Schema.encodeSync(PluginResult.count("any"))(value))
      assert.strictEqual(Number(decoded), Number(value))
    }
  })

  it("tell JSON Schema what they mean", () => {
    const { schema } = Schema.toJsonSchemaDocument(result)
    assert.deepInclude(JSON.parse(JSON.stringify(schema)).properties.insns, {
      type: "integer",
      minimum: 0,
      description: "instructions"
    })
    assert.deepInclude(JSON.parse(JSON.stringify(schema)).properties.blocks.items.properties.pc, {
      type: "string",
      pattern: "^0x[0-9a-f]+$",
      description: "where"
    })
  })
})
