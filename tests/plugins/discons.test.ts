/** traps, discons and patch on guests that run. */
import { assert, describe, it } from "@effect/vitest"
import * as path from "node:path"
import { elfOf } from "../golden/corpus.ts"
import { emu, root, run } from "../support/cli.ts"

/** What a plugin printed, and the program. */
const runWith = async (engine: string, plugin: string, program: string, ...args: ReadonlyArray<string>) => {
  const { stderr, stdout } = await run(emu, [
    "run",
    "--quiet",
    "--engine",
    engine,
    "--plugin",
    plugin,
    "--",
    program,
    ...args
  ])
  return { text: stderr.toString(), stdout: stdout.toString() }
}

/** addi s3,s3,1, which counts primes, and addi s3,s3,2: the words 0x0985 and 0x0989. */
const patch = "patch,target=8509,patch=8909"
const primes = path.join(root, "examples/primes.elf")

describe.concurrent.each(["interpreter", "jit"])("under the %s", (engine) => {
  it.each([
    ["signals", "24, 30, 54"],
    ["threads", "0, 0, 0"],
    ["crash-null", "0, 1, 0"],
    ["crash-jump", "0, 1, 0"],
    ["crash-illegal", "0, 1, 0"]
  ])("traps counts what happens in %s", async (program, counts) => {
    const { text } = await runWith(engine, "traps", elfOf(program))
    assert.match(text, new RegExp(`^VCPU, interrupts, exceptions, hostcalls\n0, ${counts}\n`))
  })

  it.each(["signals", "threads", "quirks", "crash-jump", "smc"])("discons finds nothing wrong in %s", async (program) => {
    const { text } = await runWith(engine, "discons", elfOf(program))
    assert.match(text, /^interrupts: \d+, exceptions: \d+, host calls: \d+, mismatches: 0\n/)
  })

  it("patch replaces an instruction for good, before it runs once", async () => {
    const { stdout, text } = await runWith(engine, patch, primes, "1000")
    assert.strictEqual(stdout, "336 primes below 1000, the last is 997\n")
    assert.strictEqual(text, "patching: @0x112ae\nWriting memory (vaddr)...\nReading memory (vaddr)...\nSuccess!\n")
  })

  it("patch changes nothing through physical addresses, which do not exist", async () => {
    const { stdout, text } = await runWith(engine, `${patch},use_hwaddr=on`, primes, "10")
    assert.strictEqual(stdout, "4 primes below 10, the last is 7\n")
    const end = "patch: nothing was replaced: no such instruction has run, or it could not be written\n"
    assert.strictEqual(text, "patching: @0x112ae\nFailed to translate vaddr\n".repeat(4) + end)
  })
})

describe("patch", () => {
  it.each([
    ["target=85,patch=8909", "target has 1 bytes, patch has 2: they must be equally long"],
    ["target=850,patch=8909", "target=850: write bytes as pairs of hexadecimal digits, in memory order, such as 13050500"],
    ["target=8509,patch=zz", "patch=zz: write bytes as pairs of hexadecimal digits, in memory order, such as 13050500"],
    ["target=8509,patch=8509", "target and patch are the same"],
    ["target=8509", 'option "patch"']
  ])("refuses %s", async (options, message) => {
    const { status, stderr } = await run(emu, ["run", "--plugin", `patch,${options}`, "--", primes])
    assert.strictEqual(status, 2)
    assert.include(stderr.toString(), `emu: plugin patch: ${message}`)
    assert.strictEqual(stderr.toString().split("\n").length, 2)
  })
})
