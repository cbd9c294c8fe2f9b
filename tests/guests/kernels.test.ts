/**
 * The benchmark kernels print under emu what they print under QEMU. Each is a second or more of work for QEMU, and many times
 * that for the interpreter: so only the engine that compiles runs them.
 */
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { kernels } from "../../scripts/bench/kernels.ts"
import { emu, root, run } from "../support/cli.ts"

const engine = "jit"
const probe = await run(emu, ["run", "--engine", engine, path.join(root, "examples/hello.elf")])
const refusal = /option --engine/.test(probe.stderr.toString()) ? probe.stderr.toString().trimEnd() : undefined

describe(`kernels under --engine ${engine}`, () => {
  it.for(kernels)("$name", async ({ elf, stdout }, { skip }) => {
    if (refusal !== undefined) skip(refusal)
    const result = await run(emu, ["run", "--engine", engine, elf])
    assert.strictEqual(result.stderr.toString(), "")
    assert.strictEqual(result.stdout.toString(), stdout)
    assert.strictEqual(result.status, 0)
  })
})
