/** Regions are not compiled again and again, each time for one more entry. */
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { emu, root, run } from "../support/cli.ts"
import { mostGrowth } from "../support/regions.ts"

describe("a region is compiled for more entries twice at most", () => {
  // The dispatch loop of an interpreter, many ways through one loop, and many functions.
  it.for(["bytecode", "state-machine", "wide"])("in %s", async (name) => {
    const elf = path.join(root, `bench/kernels/guest/${name}.elf`)
    const { status, stderr } = await run(emu, ["run", "--cache", "off", "-d", "jit", elf], { timeout: 120 })
    assert.strictEqual(status, 0)
    const { growth, regions } = mostGrowth(stderr.toString())
    assert.isAbove(regions, 0)
    assert.isAtMost(growth, 2)
  })
})
