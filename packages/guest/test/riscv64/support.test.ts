import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { renderSupport } from "./support/supportTable.ts"

describe("docs/support-riscv64.md", () => {
  it("is what scripts/support-riscv64.ts makes of the instruction table", () => {
    const file = readFileSync(new URL("../../../../docs/support-riscv64.md", import.meta.url), "utf8")
    assert.strictEqual(file, renderSupport(), "run: node scripts/support-riscv64.ts")
  })
})
