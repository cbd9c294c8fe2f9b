/** The numbers in the loop's case labels are those of the table: JavaScript has no constants that a switch can jump by. */
import { readFileSync } from "node:fs"
import { assert, it } from "@effect/vitest"
import { Code } from "@emu/tcg/engine/interpreter/code/Code"

it("case labels of the loop agree with Code", () => {
  const source = readFileSync(new URL("../src/engine/interpreter/loop.ts", import.meta.url), "utf8")
  const labels = [...source.matchAll(/case (\d+): \{\s*\/\/ (\w+)/g)].map(([, number, name]) => [name, Number(number)])
  assert.deepStrictEqual(labels, Object.entries(Code))
})
