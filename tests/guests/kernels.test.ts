/**
 * The benchmark kernels print under emu what they print under QEMU. Each is a second or more of work for QEMU, and many times
 * that for the interpreter: so only the engine that compiles runs them.
 */
import { assert, describe, it } from "@effect/vitest"
import { kernels } from "../../bench/kernels/kernels.ts"
import { emu, run } from "../support/cli.ts"

describe("kernels under --engine jit", () => {
  it.for(kernels)("$name", async ({ elf, stdout }) => {
    const result = await run(emu, ["run", "--engine", "jit", elf])
    assert.strictEqual(result.stderr.toString(), "")
    assert.strictEqual(result.stdout.toString(), stdout)
    assert.strictEqual(result.status, 0)
  })
})
