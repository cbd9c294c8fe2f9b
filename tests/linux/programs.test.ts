/**
 * Small C programs about what Linux promises, with what it says (`NAME.expected`: stdout, then the status), built here. Their first line
 * may have flags for the compiler. Where there is none, they are skipped.
 */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { emu, run } from "../support/cli.ts"

const compiler = "riscv64-linux-gnu-gcc"
const sources = path.join(import.meta.dirname, "programs")
const names = fs.readdirSync(sources).flatMap((file) => (file.endsWith(".c") ? [path.basename(file, ".c")] : []))
const missing = spawnSync(compiler, ["--version"]).status === 0 ? undefined : `${compiler} is not installed`
const directory = fs.mkdtempSync(path.join(os.tmpdir(), "emu-linux-"))
afterAll(() => fs.rmSync(directory, { recursive: true, force: true }))

/** Programs that start a shell, which a sysroot has to have. */
const needsShell: ReadonlySet<string> = new Set(["sigchld-system"])
const sysroot = process.env["EMU_SYSROOT"]
const hasShell = sysroot !== undefined && fs.existsSync(path.join(sysroot, "bin/sh"))

/** Why a program cannot run here. */
const obstacle = (name: string): string | undefined =>
  missing ?? (needsShell.has(name) && !hasShell ? "EMU_SYSROOT names no sysroot with bin/sh" : undefined)

const build = (name: string): string => {
  const source = path.join(sources, `${name}.c`)
  const flags = /^\/\/ flags: (.*)$/m.exec(fs.readFileSync(source, "utf8"))?.[1] ?? "-O1 -static -pthread"
  const program = path.join(directory, name)
  const built = spawnSync(compiler, ["-w", "-o", program, source, ...flags.split(" ")], { encoding: "utf8" })
  assert.strictEqual(built.status, 0, built.stderr)
  return program
}

describe("programs about Linux", () => {
  it.for(names)("%s", async (name, { skip }) => {
    const reason = obstacle(name)
    if (reason !== undefined) return skip(reason)
    const program = build(name)
    const at = fs.mkdtempSync(path.join(directory, `${name}-`))
    const options = needsShell.has(name) ? ["-L", sysroot!] : []
    const { status, stderr, stdout } = await run(emu, ["run", ...options, program], { cwd: at, timeout: 60 })
    const expected = fs.readFileSync(path.join(sources, `${name}.expected`), "utf8")
    assert.strictEqual(`${stdout.toString()}status ${status}\n`, expected, stderr.toString())
  })
})
