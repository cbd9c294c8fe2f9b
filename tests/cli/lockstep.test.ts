/** `--engine lockstep` on real programs: they do what they do elsewhere, once, and the engines are found to be equal. */
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { elfOf } from "../golden/corpus.ts"
import { emu, root, run } from "../support/cli.ts"

const example = (name: string) => path.join(root, `examples/${name}.elf`)

const cases: ReadonlyArray<{ readonly program: string; readonly options?: ReadonlyArray<string>; readonly stdin?: string }> =
  [
    { program: example("wc"), stdin: "one two\nthree\n" },
    { program: example("sort") },
    { program: example("mandelbrot") },
    { program: example("threads"), options: ["--plugin", "insn,inline=on"] },
    { program: example("primes"), options: ["--plugin", "bb", "--plugin", "mem,inline=on", "--plugin", "syscall"] },
    { program: example("hello"), options: ["--plugin", "execlog"] },
    { program: example("crash") },
    { program: elfOf("tiny") }
  ]

describe("--engine lockstep", () => {
  it.each(cases)("$program $options", async ({ options = [], program, stdin }) => {
    const input = stdin === undefined ? {} : { stdin }
    const expected = await run(emu, ["run", ...options, program], input)
    const got = await run(emu, ["run", "--engine", "lockstep", ...options, program], input)
    assert.strictEqual(got.stderr.toString(), expected.stderr.toString())
    assert.strictEqual(got.stdout.toString(), expected.stdout.toString())
    assert.strictEqual(got.status, expected.status)
  })
})
