/** The files that are made from the table of operations: `node scripts/interpreter-loop.ts` makes them anew. */
import { readFileSync } from "node:fs"
import { assert, it } from "@effect/vitest"
import { codeNumbers, referenceLoop } from "./support/referenceLoop.ts"

const text = (path: string) => readFileSync(new URL(`../src/engine/interpreter/${path}`, import.meta.url), "utf8")

it("the reference loop is what the table of operations says", () => {
  assert.strictEqual(text("loop.ts"), referenceLoop())
})

it("the operations' numbers are their positions in the table", () => {
  assert.strictEqual(text("code/Code.ts"), codeNumbers())
})
