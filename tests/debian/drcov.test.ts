/** drcov and uftrace on dynamically linked programs: what ran is found in the right library. */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { emu, run, temporaryDirectory } from "../support/cli.ts"
import { parseDrcov } from "../support/drcov.ts"
import { parseUftrace } from "../support/uftrace.ts"
import { prepare } from "./machine.ts"

const machine = prepare()

describe.skipIf(machine._tag === "Missing")("on coreutils", () => {
  if (machine._tag === "Missing") return
  const { sysroot } = machine

  const runWith = async (cwd: string, plugins: ReadonlyArray<string>, program: string, ...args: ReadonlyArray<string>) => {
    const words = plugins.flatMap((plugin) => ["--plugin", plugin])
    const command = ["run", "--quiet", "-L", sysroot, ...words, "--", path.join(sysroot, "bin", program), ...args]
    return await run(emu, command, { cwd, timeout: 110 })
  }

  it("drcov's blocks are those of hotblocks, in the program, its loader and its libraries", async () => {
    using directory = temporaryDirectory()
    const { status, stderr } = await runWith(
      directory.path,
      ["hotblocks,limit=0,symbols=off", "drcov,filename=c"],
      "ls",
      "/"
    )
    assert.strictEqual(status, 0)
    const { blocks, modules } = parseDrcov(fs.readFileSync(path.join(directory.path, "c")))
    const names = modules.map((module) => path.basename(module.path))
    assert.strictEqual(names[0], "ls")
    for (const name of [/^ld-linux/, /^libc\.so/, /^libselinux/])
      assert.isTrue(
        names.some((file) => name.test(file)),
        `${name}`
      )
    const known = blocks.filter(({ module }) => module !== 0xffff)
    for (const { module, size, start } of known) assert.isAtMost(start + size, modules[module]!.end - modules[module]!.base)
    const addresses = blocks.map(({ module, start }) => start + (modules[module]?.base ?? 0))
    const rows = Array.from(stderr.toString().matchAll(/^0x([0-9a-f]{16}), \d+, \d+, (\d+)$/gm))
    const executed = rows.filter(([, , count]) => count !== "0").map(([, pc]) => Number(`0x${pc}`))
    assert.isAbove(executed.length, 1000)
    assert.deepStrictEqual(new Set(addresses), new Set(executed))
  })

  it("uftrace nests calls through the PLT, and names functions of the C library", async () => {
    using directory = temporaryDirectory()
    const { status } = await runWith(directory.path, ["uftrace"], "ls", "/")
    assert.strictEqual(status, 0)
    const [task] = parseUftrace(path.join(directory.path, "uftrace.data"))
    const names = new Set(task!.records.map(({ name }) => name))
    for (const name of ["__libc_start_main", "setlocale", "malloc", "strlen"]) assert.isTrue(names.has(name), name)
    const inside = task!.records.find(({ name }) => name === "setlocale")!
    assert.isAbove(inside.depth, task!.records.find(({ name }) => name === "__libc_start_main")!.depth)
  })
})
