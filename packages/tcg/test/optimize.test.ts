/**
 * The optimiser on IR text: each file of `optimize/` holds cases `# name`, IR, `=>`, optimised IR. `UPDATE=1` rewrites what
 * is expected; read the difference before you commit it.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import type { DynCallback } from "@emu/core/Instrumentation"
import { parse } from "@emu/tcg/ir/Parse"
import { print } from "@emu/tcg/ir/Print"
import { optimize } from "@emu/tcg/optimize/optimize"
import { globals } from "./support/Guest.ts"

const folder = new URL("optimize/", import.meta.url)
const update = process.env["UPDATE"] !== undefined

const inline = (offset: number, op: 0 | 1): DynCallback => ({
  kind: "inline",
  plugin: 1n,
  op,
  entry: { scoreboard: 1, offset },
  imm: 1n
})
const exec = (flags: 0 | 2): DynCallback => ({ kind: "exec", plugin: 1n, flags, callback: () => {} })
/** Callback numbers in the files: 0 to 2 add 1 to slot 0, 3 adds to slot 8, 4 stores to slot 0, 5 reads nothing, 6 writes registers. */
const callbacks = [inline(0, 0), inline(0, 0), inline(0, 0), inline(8, 0), inline(0, 1), exec(0), exec(2)]

const optimized = (text: string): string => {
  const block = parse(text, globals)
  block.callbacks.push(...callbacks.map((callback) => ({ callback, insn: 0, memop: 0, store: false })))
  optimize(block)
  const sums = block.callbacks
    .slice(callbacks.length)
    .map(({ callback }, i) => ("imm" in callback ? `# ${callbacks.length + i}: adds ${callback.imm}\n` : ""))
  return print(block, globals).replace(/^tb .*\n/, "") + sums.join("")
}

const readCases = (path: URL) =>
  readFileSync(path, "utf8")
    .split(/^(?=# )(?!# \d)/m)
    .map((text) => {
      const [head = "", expected = ""] = text.split("=>\n")
      return { name: /^# (.*)/.exec(head)?.[1] ?? "", head, expected: expected.trimEnd() }
    })

for (const file of readdirSync(folder)) {
  const path = new URL(file, folder)
  if (update)
    writeFileSync(
      path,
      readCases(path)
        .map(({ head }) => `${head}=>\n${optimized(head)}`)
        .join("\n")
    )
  describe(file, () => {
    it.each(readCases(path).map((each) => [each.name, each] as const))("%s", (_, { expected, head }) => {
      assert.strictEqual(optimized(head).trimEnd(), expected)
    })
  })
}
