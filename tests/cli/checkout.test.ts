/** bin/emu as the command of a checkout: from anywhere, under any environment, always up to date. */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { emu, root, run, temporaryDirectory } from "../support/cli.ts"

const hello = path.join(root, "examples/hello.elf")
const layout = path.join(root, "tests/golden/programs/layout.elf")
const greeting = "Hello from RISC-V!\n"

/** How many variables the guest's environment has: layout.elf prints a row for each. */
const variables = (stdout: Buffer): number => stdout.toString().match(/^envp /gm)?.length ?? 0

describe("bin/emu", () => {
  it("runs through a symbolic link, from another directory", async () => {
    using directory = temporaryDirectory()
    const link = path.join(directory.path, "link")
    fs.symlinkSync(emu, path.join(directory.path, "first"))
    fs.symlinkSync("first", link)
    const { stdout } = await run(link, ["run", hello], { cwd: directory.path })
    assert.strictEqual(stdout.toString(), greeting)
  })

  it("gives the guest the environment as it is", async () => {
    const empty = await run(emu, ["run", layout], { env: {} })
    assert.strictEqual(variables(empty.stdout), 0)
    const two = await run(emu, ["run", layout], { env: { PWD: root, A: "1" } })
    assert.strictEqual(variables(two.stdout), 2)
    const changed = await run(emu, ["run", "-E", "B=2,C=3", "-U", "A,PWD", layout], { env: { PWD: root, A: "1" } })
    assert.strictEqual(variables(changed.stdout), 2)
  })

  it("bundles again when sources are newer, also where two runs do it at once", async () => {
    await run(emu, ["--version"])
    const stamp = path.join(root, "node_modules/.cache/emu/current/stamp")
    fs.utimesSync(stamp, 0, 0)
    const runs = await Promise.all([run(emu, ["run", hello]), run(emu, ["run", hello])])
    for (const { stdout, stderr } of runs) {
      assert.strictEqual(stdout.toString(), greeting)
      assert.strictEqual(stderr.toString(), "")
    }
    assert.isAbove(fs.statSync(stamp).mtimeMs, 0)
  })
})
