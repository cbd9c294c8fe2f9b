/** `api.onCall`, symbols and backtraces in a program of gcc and glibc: every way in which a function is called and left. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { emu, root, run, temporaryDirectory } from "../support/cli.ts"

const prefix = "riscv64-linux-gnu-"
const hasCompiler = spawnSync(`${prefix}gcc`, ["--version"]).status === 0
if (!hasCompiler) console.log(`skipped: ${prefix}gcc is not installed (Debian: apt-get install gcc-riscv64-linux-gnu)`)

const folder = path.join(root, "tests/plugins/calls")
const watcher = path.join(folder, "watcher.ts")
const engines = ["interpreter", "jit"]

describe.skipIf(!hasCompiler)("calls of functions", () => {
  const directory = temporaryDirectory()
  const program = path.join(directory.path, "calls")
  const tool = (name: string, ...words: ReadonlyArray<string>) => {
    const { status, stderr } = spawnSync(prefix + name, words, { cwd: directory.path, encoding: "utf8" })
    assert.strictEqual(status, 0, stderr)
  }
  beforeAll(() => tool("gcc", "-O2", "-static", path.join(folder, "calls.c"), "-o", program))
  afterAll(() => directory[Symbol.dispose]())

  const watch = async (names: ReadonlyArray<string>, words: ReadonlyArray<string>) => {
    const options = names.map((name) => `,names=${name}`).join("")
    const { stderr, stdout } = await run(emu, ["run", "--plugin", watcher + options, ...words], { cwd: directory.path })
    return { text: stderr.toString(), stdout: stdout.toString() }
  }

  it.each(engines)("follows recursion, tail calls, longjmp, threads and forks (%s)", async (engine) => {
    const names = ["main", "fact", "tail", "leaf", "jumper", "outer", "inner", "forked"]
    const { stdout, text } = await watch(names, ["--engine", engine, program])
    assert.strictEqual(stdout, "24 41 4\n6 24 12\n")
    // the threads run in turns, so each one's lines are compared
    const lines = text.trimEnd().split("\n")
    const of = (vcpu: string) => lines.filter((line) => line.startsWith(vcpu)).join("\n")
    assert.strictEqual(lines.at(-1), "saw blocks")
    for (const vcpu of ["0", "1", "2"]) {
      assert.strictEqual(`${of(vcpu)}\n`, fs.readFileSync(path.join(folder, `vcpu${vcpu}.expected`), "utf8"))
    }
  })

  it.each(engines)("lets exit change the result, also of a function that was jumped to (%s)", async (engine) => {
    const { stdout } = await watch(["leaf"], ["--engine", engine, program])
    assert.match(stdout, /^24 41 4\n/)
    const { stdout: changed } = await run(emu, ["run", "--plugin", `${watcher},names=leaf,change=on`, program])
    assert.match(changed.toString(), /^24 1000 4\n/)
  })

  const dying = /^abort \(\w+\)( < die\+0x[0-9a-f]+ \(\w+\)){3} < main\+0x[0-9a-f]+ \(\w+\) < /m

  it.each(engines)("tells who has called whom, and a fatal signal's line, too (%s)", async (engine) => {
    const { text } = await watch(["none"], ["--engine", engine, program, "die"])
    assert.match(text, dying)
    const killed = /emu: .* was ended by SIGABRT \(Aborted\) at pc .*\n( {2}.*\n)+/.exec(text)?.[0]
    assert.match(killed ?? "", /^ +ra [0-9a-f]{16} +sp [0-9a-f]{16} /m)
    assert.match(killed ?? "", /^ {2}#0 .*\n(.*\n)* {2}#\d 0x[0-9a-f]+ die\+0x[0-9a-f]+ \(calls\)\n {2}#/m)
  })

  it("finds the symbols of a stripped program: in a file that is named, or by its build id in the sysroot", async () => {
    tool("objcopy", "--only-keep-debug", program, "calls.debug")
    tool("strip", "--strip-all", "-o", "stripped", program)
    const stripped = await watch(["fact"], ["./stripped"])
    assert.strictEqual(stripped.text, "saw blocks\n")
    const named = await watch(["fact"], ["--symbols", "calls.debug", "./stripped", "die"])
    assert.match(named.text, /^0 fact\(4\)$/m)
    assert.match(named.text, dying)
    const notes = spawnSync(`${prefix}readelf`, ["-n", "stripped"], { cwd: directory.path, encoding: "utf8" }).stdout
    const id = /Build ID: ([0-9a-f]+)/.exec(notes)![1]!
    const below = path.join(directory.path, "sysroot/usr/lib/debug/.build-id", id.slice(0, 2))
    fs.mkdirSync(below, { recursive: true })
    fs.copyFileSync(path.join(directory.path, "calls.debug"), path.join(below, `${id.slice(2)}.debug`))
    const found = await watch(["fact"], ["-L", "sysroot", "./stripped"])
    assert.match(found.text, /^0 fact\(4\)$/m)
  })

  it("says in a line that a file has no symbols", async () => {
    const { status, stderr } = await run(emu, ["run", "--symbols", path.join(root, "README.md"), program])
    assert.match(stderr.toString(), /^emu: cannot run with the symbols of .*README\.md: it has no symbols\n$/)
    assert.strictEqual(status, 1)
  })
})
