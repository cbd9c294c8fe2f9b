/** What a shell hands over with a program (nohup, nice). */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { emu, run } from "../support/cli.ts"

const compiler = "riscv64-linux-gnu-gcc"
const missing = spawnSync(compiler, ["--version"]).status === 0 ? undefined : `${compiler} is not installed`
const directory = fs.mkdtempSync(path.join(os.tmpdir(), "emu-inherited-"))
afterAll(() => fs.rmSync(directory, { recursive: true, force: true }))

describe("a program of the command", () => {
  it("has the ignored signals and the nice value that emu was started with", async ({ skip }) => {
    if (missing !== undefined) return skip(missing)
    const program = path.join(directory, "status")
    const built = spawnSync(compiler, ["-static", "-o", program, path.join(import.meta.dirname, "inherited/status.c")])
    assert.strictEqual(built.status, 0)
    const before = os.getPriority()
    const line = 'trap "" HUP USR1; exec nice -n 3 "$1" run "$2"'
    const { stdout } = await run("sh", ["-c", line, "sh", emu, program], { env: { PATH: process.env["PATH"] ?? "" } })
    const mask = (bits: number): string => bits.toString(16).padStart(16, "0")
    assert.strictEqual(
      stdout.toString(),
      `SigBlk:\t${mask(0)}\nSigIgn:\t${mask(0x201)}\nnice ${Math.min(19, before + 3)}, environment as it was\n`
    )
  })
})
