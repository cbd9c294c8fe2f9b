/** Plugins on a dynamically linked program: addresses in libraries get the symbols of the right library. */
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { emu, run } from "../support/cli.ts"
import { prepare } from "./machine.ts"

const machine = prepare()

describe.skipIf(machine._tag === "Missing")("hotblocks on python3", () => {
  if (machine._tag === "Missing") return
  const { sysroot } = machine
  const program = "print(sum(len(str(n)) for n in range(20000)))"

  it("prints its table with symbols of the interpreter and of the C library", async () => {
    const args = [
      "run",
      "--quiet",
      "--plugin",
      "hotblocks,limit=0",
      "-L",
      sysroot,
      "--",
      path.join(sysroot, "usr/bin/python3")
    ]
    const { status, stderr, stdout } = await run(emu, [...args, "-c", program], { timeout: 280 })
    assert.strictEqual(stdout.toString(), "88890\n")
    assert.strictEqual(status, 0)
    const rows = stderr
      .toString()
      .split("\n")
      .flatMap((line) => {
        const row = /^(0x[0-9a-f]{16}), \d+, \d+, (\d+), (.*)$/.exec(line)
        return row === null ? [] : [{ address: BigInt(row[1]!), count: BigInt(row[2]!), symbol: row[3]! }]
      })
    assert.isAbove(rows.length, 1000)
    for (let i = 1; i < rows.length; i++) assert.isTrue(rows[i - 1]!.count >= rows[i]!.count)
    // Each name belongs to one place: the interpreter's own, and those that only the C library has.
    const addresses = (pattern: RegExp) => rows.filter(({ symbol }) => pattern.test(symbol)).map(({ address }) => address)
    const own = addresses(/^_?Py[A-Z]/)
    const library = addresses(/^(malloc|free|memcpy|memset|strlen|strcmp|memmove)\b/)
    assert.isAbove(own.length, 100)
    assert.isAbove(library.length, 5)
    const spread = (all: ReadonlyArray<bigint>) =>
      all.reduce((a, b) => (a > b ? a : b)) - all.reduce((a, b) => (a < b ? a : b))
    assert.isBelow(Number(spread(own)), 16 << 20)
    assert.isBelow(Number(spread(library)), 4 << 20)
    assert.isFalse(library.some((address) => own.includes(address)))
  })
})
