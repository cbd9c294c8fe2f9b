/** bbv, drcov and uftrace write files that others read: what is in them, on both engines, however the guest ends. */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { buildElf } from "../../packages/guest/test/linux/support/buildElf.ts"
import { elfOf } from "../golden/corpus.ts"
import { emu, root, run, temporaryDirectory } from "../support/cli.ts"
import { type Drcov, parseDrcov } from "../support/drcov.ts"
import { parseUftrace } from "../support/uftrace.ts"

const example = (name: string) => path.join(root, "examples", `${name}.elf`)
const dynamic = (name: string) => path.join(import.meta.dirname, "dynamic", `${name}.elf`)

interface Guest {
  readonly engine: string
  readonly program: string
  readonly options?: ReadonlyArray<string>
  readonly args?: ReadonlyArray<string>
}

/** Runs a guest in a directory; its status. */
const runIn = async (cwd: string, plugin: string, { args = [], engine, options = [], program }: Guest): Promise<number> => {
  const words = ["run", "--quiet", "--engine", engine, ...options, "--plugin", plugin, "--", program, ...args]
  return (await run(emu, words, { cwd })).status
}

const coverage = async (guest: Guest): Promise<Drcov & { readonly status: number }> => {
  using directory = temporaryDirectory()
  const status = await runIn(directory.path, "drcov,filename=coverage", guest)
  assert.deepStrictEqual(
    fs.readdirSync(directory.path).filter((name) => name !== "lib"),
    ["coverage"]
  )
  return { status, ...parseDrcov(fs.readFileSync(path.join(directory.path, "coverage"))) }
}

/** A directory of libraries for the dynamic program. */
const sysroot = () => {
  const directory = temporaryDirectory()
  fs.mkdirSync(path.join(directory.path, "lib"))
  for (const name of ["loader", "library"]) fs.copyFileSync(dynamic(name), path.join(directory.path, "lib", `${name}.elf`))
  return directory
}

const entryOf = (file: string) => Number(fs.readFileSync(file).readBigUInt64LE(24))

describe.concurrent.each(["interpreter", "jit"])("under the %s", (engine) => {
  it("drcov knows the program, its loader, and a library at each place where it was", async () => {
    using libraries = sysroot()
    const options = ["-L", libraries.path]
    const { blocks, modules, status } = await coverage({ engine, program: dynamic("program"), options })
    assert.strictEqual(status, 15)
    assert.deepStrictEqual(
      modules.map((module) => path.basename(module.path)),
      ["program.elf", "loader.elf", "library.elf", "library.elf"]
    )
    for (const { base, end, entry, id, path: file } of modules) {
      assert.strictEqual(entry - base, entryOf(dynamic(path.basename(file, ".elf"))))
      const own = blocks.filter((block) => block.module === id)
      // The library was called at its first place only.
      assert.strictEqual(
        own.some(({ start }) => start === entry - base),
        id !== 3
      )
      for (const { size, start } of own) assert.isAtMost(start + size, end - base)
    }
    assert.isTrue(blocks.every(({ module }) => module < modules.length))
  })

  it.each([
    ["by a signal", elfOf("crash-null"), 139],
    ["by exit_group in a thread's process", example("threads"), 0]
  ])("drcov is complete where the guest ends %s", async (_, program, expected) => {
    const { blocks, modules, status } = await coverage({ engine, program })
    assert.strictEqual(status, expected)
    assert.strictEqual(modules.length, 1)
    assert.isTrue(blocks.some(({ start }) => start === entryOf(program) - modules[0]!.base))
  })

  it("drcov gives code in no module by its address", async () => {
    const { blocks } = await coverage({ engine, program: elfOf("smc") })
    const outside = blocks.filter(({ module }) => module === 0xffff)
    assert.isNotEmpty(outside)
    assert.isTrue(outside.every(({ start }) => start >= 0x55d59000))
  })

  it("bbv writes a file for each vCPU, with a line for each interval", async () => {
    using directory = temporaryDirectory()
    const interval = 5000
    assert.strictEqual(
      await runIn(directory.path, `bbv,interval=${interval},outfile=v`, { engine, program: example("threads") }),
      0
    )
    const files = fs.readdirSync(directory.path).sort()
    assert.deepStrictEqual(files, ["v.0.bb", "v.1.bb", "v.2.bb", "v.3.bb", "v.4.bb"])
    let intervals = 0
    for (const file of files) {
      let insns = 0
      const lines = fs.readFileSync(path.join(directory.path, file), "utf8").split("\n").slice(0, -1)
      intervals += lines.length
      lines.forEach((line, i) => {
        assert.match(line, /^T(:\d+:\d+ )+$/)
        for (const [, count] of line.matchAll(/:\d+:(\d+)/g)) insns += Number(count)
        // An interval ends with the first block that reaches its end.
        assert.isAtLeast(insns, (i + 1) * interval)
        assert.isBelow(insns, (i + 1) * interval + 512)
      })
    }
    assert.isAbove(intervals, 100)
  })

  it("uftrace writes each call of a program", async () => {
    using directory = temporaryDirectory()
    await runIn(directory.path, "uftrace,dir=trace", { engine, program: example("sort"), args: ["100"] })
    const [{ records }, ...others] = parseUftrace(path.join(directory.path, "trace")) as [
      ReturnType<typeof parseUftrace>[number]
    ]
    assert.isEmpty(others)
    const entries = records.filter(({ type }) => type === "entry")
    assert.deepStrictEqual(
      entries.slice(0, 4).map(({ depth, name }) => `${depth} ${name}`),
      ["0 _start", "0 start", "1 check", "2 quick_sort"]
    )
    assert.strictEqual(entries.filter(({ name }) => name === "check").length, 2)
  })

  it("uftrace follows a return, and a jump, through code without symbols", async () => {
    using directory = temporaryDirectory()
    // jal f; then, where f returns to, a block that jumps to main
    const start = [0x010000ef, 0x00010337, 0x02030313, 0x00030067]
    const f = [0x00008067, 0, 0, 0]
    const main = [0x00700513, 0x05d00893, 0x00000073]
    const code = new Uint8Array(Uint32Array.from([...start, ...f, ...main]).buffer)
    const program = path.join(directory.path, "unnamed.elf")
    fs.writeFileSync(program, buildElf({ code, symbols: [{ name: "main", address: 0x10020, size: 12 }] }))
    assert.strictEqual(await runIn(directory.path, "uftrace", { engine, program }), 7)
    const [task] = parseUftrace(path.join(directory.path, "uftrace.data"))
    assert.deepStrictEqual(
      task?.records.map(({ depth, name, type }) => `${type} ${depth} ${name}`),
      ["entry 0 0x10000", "entry 1 0x10010", "exit 1 0x10010", "exit 0 0x10000", "entry 0 main", "exit 0 main"]
    )
  })

  it.each([
    ["signals", [100]],
    ["branches", [100]],
    ["threads", [100, 200, 300, 400, 500]]
  ])("uftrace keeps calls of %s nested", async (program, tids) => {
    using directory = temporaryDirectory()
    await runIn(directory.path, "uftrace", { engine, program: program === "threads" ? example(program) : elfOf(program) })
    const tasks = parseUftrace(path.join(directory.path, "uftrace.data"))
    assert.deepStrictEqual(
      tasks.map(({ tid }) => tid),
      tids
    )
    for (const { records } of tasks) assert.isAbove(records.length, 2)
  })

  it("stoptrigger stops after exactly so many instructions", async () => {
    for (const icount of [1, 1000, 1500, 100_000]) {
      const words = ["--plugin", "insn,inline=on", "--plugin", `stoptrigger,icount=${icount}:5`, example("primes"), "100000"]
      const { status, stderr } = await run(emu, ["run", "--engine", engine, ...words])
      assert.match(stderr.toString(), new RegExp(`^icount reached at 0x[0-9a-f]+, exiting\ncpu 0 insns: ${icount}\n`))
      assert.strictEqual(status, 5)
    }
  })
})

describe("what cannot be written", () => {
  it.each([
    ["bbv,outfile=none/there", "cannot write none/there.0.bb: ENOENT: no such file or directory"],
    ["drcov,filename=none/there", "cannot write none/there: ENOENT: no such file or directory"],
    ["drcov,filename=", 'cannot write "": a file needs a name'],
    ["drcov,filename=.", "cannot write .: EISDIR: illegal operation on a directory"],
    ["uftrace,dir=none/there", "cannot write none/there: ENOENT: no such file or directory"]
  ])("%s ends the run before the guest starts", async (plugin, problem) => {
    using directory = temporaryDirectory()
    const words = ["run", "--plugin", plugin, example("hello")]
    const { status, stderr, stdout } = await run(emu, words, { cwd: directory.path })
    assert.strictEqual(stderr.toString(), `emu: plugin ${plugin.split(",")[0]}: ${problem}\n`)
    assert.strictEqual(stdout.toString(), "")
    assert.strictEqual(status, 2)
    assert.deepStrictEqual(fs.readdirSync(directory.path), [])
  })

  it("is told where the disk is full at the end", async () => {
    const { status, stderr } = await run(emu, ["run", "--plugin", "drcov,filename=/dev/full", example("hello")])
    assert.match(
      stderr.toString(),
      /^emu: plugin drcov failed in its atExit callback.*cannot write \/dev\/full: ENOSPC: .*\n$/
    )
    assert.strictEqual(status, 1)
  })

  it("two plugins don't write the same file", async () => {
    using directory = temporaryDirectory()
    const words = ["run", "--plugin", "drcov", "--plugin", "drcov", example("hello")]
    const { status, stderr } = await run(emu, words, { cwd: directory.path })
    assert.strictEqual(stderr.toString(), "emu: plugin drcov: cannot write file.drcov.trace: another plugin is writing it\n")
    assert.strictEqual(status, 2)
  })
})
