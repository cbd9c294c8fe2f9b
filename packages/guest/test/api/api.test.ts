/** Every function of QEMU's plugin API: what its counterpart does to a guest that runs, on both engines. */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { engines } from "../linux/support/run.ts"
import { eventRows } from "./rows/events.ts"
import { instrumentationRows } from "./rows/instrumentation.ts"
import { lifecycleRows } from "./rows/lifecycle.ts"
import { memoryRows } from "./rows/memory.ts"
import { registerRows } from "./rows/registers.ts"
import { scoreboardRows } from "./rows/scoreboards.ts"
import { timeRows } from "./rows/time.ts"
import { on } from "./support/guest.ts"

const parts = [lifecycleRows, eventRows, instrumentationRows, memoryRows, registerRows, scoreboardRows, timeRows]
const rows = parts.flatMap((part) => Object.entries(part))

describe.each(engines)("on the $name", (engine) => {
  for (const [name, test] of rows) it.live(name, () => test(on(engine)))
})

describe("the table of QEMU's names", () => {
  it("has a test for each row, and no other test is here", () => {
    const page = fs.readFileSync(path.join(import.meta.dirname, "../../../../docs/plugins.md"), "utf8")
    const table = page.slice(page.indexOf("## QEMU's names"))
    // what a plugin exports is no function of the API
    const documented = Array.from(table.matchAll(/^\| `(\w+)` \|/gm), (match) => match[1]!).filter(
      (name) => name !== "qemu_info_t"
    )
    assert.strictEqual(documented.length, 67)
    assert.deepStrictEqual(rows.map(([name]) => name).sort(), documented.sort())
  })
})
