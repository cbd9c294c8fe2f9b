/** The progress line on a terminal; packages/cli/test/platform/terminal/StatusLine.test.ts has what it looks like in between. */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { emu, root, run } from "../support/cli.ts"

/** A program that prints a line at its end, where it takes several seconds. */
const slow = `--engine interpreter -D /dev/null ${"--plugin inline ".repeat(3)}${path.join(root, "examples/primes.elf")} 1048576`
const answer = "82025 primes below 1048576, the last is 1048573\r\n"

/** What a terminal gets while a command runs in it. */
const inTerminal = async (command: string) => {
  const options = { env: { PATH: process.env["PATH"] ?? "", TERM: "xterm" } }
  return (await run("script", ["-qec", command, "/dev/null"], options)).stdout.toString()
}

describe.skipIf(!fs.existsSync("/usr/bin/script"))("progress (needs util-linux's script, which makes terminals)", () => {
  it("comes after two seconds and is gone before the guest writes", async () => {
    const text = await inTerminal(`${emu} run ${slow}`)
    assert.match(text, /emu: \d+ s, \d+ million instructions, \d+ MIPS/)
    assert.isTrue(text.endsWith(`\r\u001b[K${answer}`), JSON.stringify(text))
  })

  it.each([
    { what: "under --quiet", command: `${emu} run --quiet ${slow}` },
    { what: "where stdout is a pipe", command: `${emu} run ${slow} | cat` }
  ])("does not come $what", async ({ command }) => {
    assert.strictEqual(await inTerminal(command), answer)
  })
})
