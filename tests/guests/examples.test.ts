/** The example programs through the command, as the README shows them. */
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { emu, root, run } from "../support/cli.ts"

const example = (name: string, args: ReadonlyArray<string> = [], stdin?: string) =>
  run(emu, ["run", path.join(root, `examples/${name}.elf`), ...args], stdin === undefined ? {} : { stdin })

const cases: ReadonlyArray<readonly [string, ReadonlyArray<string>, string]> = [
  ["hello", [], "Hello from RISC-V!\n"],
  ["hello", ["a", "b c", ""], "Hello from RISC-V!\nargument 1: a\nargument 2: b c\nargument 3: \n"],
  ["primes", [], "9592 primes below 100000, the last is 99991\n"],
  ["primes", ["2"], "0 primes below 2\n"],
  [
    "sort",
    ["1000"],
    "ascending: first 1172, middle 523142, last 996703\ndescending: first 996703, middle 522903, last 1172\n"
  ],
  ["threads", ["3"], "4203 primes below 40000, counted by 3 threads\n"],
  ["processes", ["3"], "4203 primes below 40000, counted by 3 processes\n"]
]

describe("examples", () => {
  it.each(cases)("%s %j", async (name, args, expected) => {
    const { status, stderr, stdout } = await example(name, args)
    assert.strictEqual(stderr.toString(), "")
    assert.strictEqual(stdout.toString(), expected)
    assert.strictEqual(status, 0)
  })

  it("mandelbrot is symmetric", async () => {
    const { stdout } = await example("mandelbrot", ["24"])
    const rows = stdout.toString().trimEnd().split("\n")
    assert.strictEqual(rows.length, 24)
    assert.isTrue(rows.every((row) => row.length === 72))
    for (let i = 1; i < 12; i++) assert.strictEqual(rows[12 - i], rows[12 + i])
    assert.match(rows[12]!, /#{9}/)
  })

  it("wc reads its input", async () => {
    const { status, stdout } = await example("wc", [], "one two\nthree  \n")
    assert.strictEqual(stdout.toString(), "2 3 16\n")
    assert.strictEqual(status, 0)
  })

  it("wc reads files and reports those that are missing", async () => {
    const { status, stdout } = await example("wc", [path.join(root, "guests/toolchain"), "/no/such/file"])
    assert.match(stdout.toString(), /^2 \d+ \d+ \S+toolchain\nwc: cannot open \/no\/such\/file\n$/)
    assert.strictEqual(status, 1)
  })

  it("crash ends like a program that SIGSEGV killed, and emu names the place", async () => {
    const { status, stderr, stdout } = await example("crash")
    assert.strictEqual(stdout.toString(), "the list has two nodes; reading three\n")
    assert.strictEqual(status, 139)
    assert.match(stderr.toString(), /^[^\n]*SIGSEGV[^\n]*\n( {2}.*\n)+$/)
    assert.match(
      stderr.toString(),
      /#0 0x[0-9a-f]+ value_of \(crash\.elf\)\n {2}#1 0x[0-9a-f]+ sum_of[^\n]*\n {2}#2 0x[0-9a-f]+ start/
    )
    assert.match(stderr.toString(), /0x8\b/)
  })
})
