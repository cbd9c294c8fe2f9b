/** The committed guest programs and the vdso are what their sources give, where the compiler is there to tell. */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { root, run } from "../support/cli.ts"

const script = path.join(root, "scripts/build-guests")
const search = { PATH: process.env["PATH"] ?? "" }

describe("build-guests", () => {
  it("finds the committed files up to date, or says why it cannot tell", async ({ skip }) => {
    const { status, stderr, stdout } = await run(script, ["--check"], { env: search })
    assert.strictEqual(status, 0, `${stdout.toString()}${stderr.toString()}`)
    if (/skipped/.test(stdout.toString())) skip(stdout.toString())
    assert.strictEqual(stdout.toString(), "build-guests: up to date\n")
  })

  it("skips with a reason where there is no compiler", async () => {
    const { status, stdout } = await run(script, ["--check"], { env: { ...search, CROSS_COMPILE: "no-such-compiler-" } })
    assert.strictEqual(status, 0)
    assert.match(stdout.toString(), /no-such-compiler-gcc is not installed.*\n.*skipped/)
  })

  const names = (directory: string, extension: string) =>
    fs
      .readdirSync(path.join(root, directory))
      .filter((f) => f.endsWith(extension))
      .map((f) => path.basename(f, extension))
      .sort()

  it.each([
    ["guests", "examples"],
    ["bench/kernels/guest", "bench/kernels/guest"]
  ])("every program in %s/ has its ELF file in %s/, and the other way round", (sources, programs) => {
    assert.deepStrictEqual(names(sources, ".c"), names(programs, ".elf"))
  })
})
