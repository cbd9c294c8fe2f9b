/** The translation cache as users of the command meet it. */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { emu, root, run, temporaryDirectory } from "../support/cli.ts"

const sort = path.join(root, "examples/sort.elf")
const hasBlocks = /blocks {2,}(\d+)/

const blocksTranslated = (stderr: Buffer): number => Number(hasBlocks.exec(stderr.toString())![1])

describe("emu run with a translation cache", () => {
  it.each(["jit", "interpreter"])("does not translate twice, and does the same (%s)", async (engine) => {
    using directory = temporaryDirectory()
    const cache = path.join(directory.path, "cache")
    const words = ["run", "--cache", cache, "--engine", engine, "--stats"]
    const [first, second] = [await run(emu, [...words, sort]), await run(emu, [...words, sort])]
    assert.isAbove(blocksTranslated(first.stderr), 30)
    assert.strictEqual(blocksTranslated(second.stderr), 0)
    assert.deepStrictEqual([second.status, second.stdout], [first.status, first.stdout])
    const plugin = ["run", "--cache", cache, "--plugin", "bb", "--plugin", "hotblocks", sort]
    const off = ["run", "--cache", "off", ...plugin.slice(3)]
    const [warm, without] = [await run(emu, plugin), await run(emu, off)]
    assert.deepStrictEqual(warm, without)
  })

  it("is the user's by default, and off where it is to be", async () => {
    using directory = temporaryDirectory()
    const env = { XDG_CACHE_HOME: directory.path }
    await run(emu, ["run", "--cache", "off", sort], { env })
    assert.isFalse(fs.existsSync(path.join(directory.path, "emu")))
    await run(emu, ["run", sort], { env })
    const shown = await run(emu, ["cache"], { env })
    assert.match(
      shown.stdout.toString(),
      new RegExp(`^${directory.path}/emu: 1 entry, \\d+ KiB\n\nlast use.*\n.* ${sort}\n$`)
    )
    const cleared = await run(emu, ["cache", "clear"], { env })
    assert.strictEqual(cleared.stdout.toString(), `${directory.path}/emu: removed 1 entry\n`)
    const empty = await run(emu, ["cache", "--cache", `${directory.path}/emu`])
    assert.strictEqual(empty.stdout.toString(), `${directory.path}/emu: 0 entries, 0 KiB\n`)
  })

  it("warns once of a damaged file, and mends it", async () => {
    using directory = temporaryDirectory()
    const words = ["run", "--cache", directory.path, sort]
    const right = await run(emu, words)
    const file = path.join(directory.path, fs.readdirSync(directory.path)[0]!)
    fs.truncateSync(file, 1000)
    const damaged = await run(emu, words)
    assert.deepStrictEqual([damaged.status, damaged.stdout], [right.status, right.stdout])
    assert.strictEqual(
      damaged.stderr.toString(),
      `emu: warning: the translation cache is ignored for one program: ${file}: it is cut off; emu cache clear empties it\n`
    )
    assert.strictEqual((await run(emu, words)).stderr.toString(), "")
  })

  it("goes without where there is no home, or none that can be written", async () => {
    for (const env of [{}, { HOME: "/proc/nowhere" }, { XDG_CACHE_HOME: "/dev/null" }]) {
      const { status, stderr } = await run(emu, ["run", sort], { env })
      assert.deepStrictEqual([status, stderr.toString()], [0, ""])
    }
  })

  it("says what emu cache cannot do", async () => {
    const none = await run(emu, ["cache"])
    assert.strictEqual(none.status, 2)
    assert.match(none.stderr.toString(), /^emu: there is no translation cache: neither XDG_CACHE_HOME nor HOME/)
    const wrong = await run(emu, ["cache", "purge"], { env: { HOME: "/tmp" } })
    assert.strictEqual(wrong.status, 2)
    assert.match(wrong.stderr.toString(), /^emu: emu cache: there is no purge: emu cache shows the cache/)
  })
})
