/** The published bundle: what stands in packages/cli/dist, where there is no checkout. */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { bundle } from "../../scripts/bundle.ts"
import { root, run, temporaryDirectory } from "../support/cli.ts"

const hello = path.join(root, "examples/hello.elf")
const greeting = "Hello from RISC-V!\n"

/** A bundle, and how to run it. */
const published = async (directory: string) => {
  const dist = path.join(directory, "dist")
  await bundle(dist)
  const launch = async (...words: ReadonlyArray<string>) => {
    const { status, stderr, stdout } = await run(process.execPath, [path.join(dist, "launch.cjs"), ...words])
    assert.strictEqual(stderr.toString(), "")
    assert.strictEqual(status, 0)
    return stdout.toString()
  }
  /** The caches of one of its scripts, with their contents. */
  const caches = (script: string) => {
    const files = fs.globSync(`cache/*/${script}.*`, { cwd: dist }).map((file) => path.join(dist, file))
    return files.map((file) => ({ file, name: path.basename(file), contents: fs.readFileSync(file) }))
  }
  return { dist, launch, caches }
}

describe("the published command", () => {
  it("starts through the symbolic link that npm makes, with any Node in PATH", async () => {
    using directory = temporaryDirectory()
    await published(directory.path)
    const bin = path.join(directory.path, "bin")
    fs.mkdirSync(bin)
    fs.symlinkSync("../dist/emu", path.join(bin, "emu"))
    fs.symlinkSync(process.execPath, path.join(bin, "node"))
    const env = { PATH: `${bin}:${process.env["PATH"] ?? ""}` }
    const { stdout } = await run("emu", ["run", hello], { env })
    assert.strictEqual(stdout.toString(), greeting)
  })

  it("says which Node it needs", async ({ skip }) => {
    const search = (process.env["PATH"] ?? "").split(":").map((directory) => path.join(directory, "node"))
    const nodes = search.filter((file) => fs.existsSync(file))
    const versions = await Promise.all(
      nodes.map(async (node) => ({ node, text: (await run(node, ["--version"])).stdout.toString() }))
    )
    const old = versions.find(({ text }) => Number(/^v(\d+)/.exec(text)?.[1]) < 26)
    if (old === undefined) return skip("there is no older Node here")
    using directory = temporaryDirectory()
    const { dist } = await published(directory.path)
    const env = { PATH: `${path.dirname(old.node)}:${process.env["PATH"] ?? ""}` }
    const { status, stderr } = await run(path.join(dist, "emu"), ["run", hello], { env })
    assert.strictEqual(status, 1)
    assert.match(stderr.toString(), /^emu: needs Node 26 or newer, but this is Node [\d.]+:[^\n]+\n$/)
  })
})

describe("the code cache", () => {
  it("is made by the first run, and kept by short ones", async () => {
    using directory = temporaryDirectory()
    const { caches, launch } = await published(directory.path)
    assert.strictEqual(await launch("run", hello), greeting)
    const [first, ...more] = caches("shared.cjs")
    if (first === undefined || more.length > 0) throw new Error("there is not just one cache")
    assert.strictEqual(first.name, "shared.cjs.0")
    assert.strictEqual(await launch("run", hello), greeting)
    assert.isTrue(caches("shared.cjs")[0]?.contents.equals(first.contents))
  })

  it("gets the functions that a long run has called besides", async () => {
    using directory = temporaryDirectory()
    const { caches, dist, launch } = await published(directory.path)
    await launch("run", hello)
    const before = caches("shared.cjs")[0]!
    const wc = path.join(root, "examples/wc.elf")
    const words = [process.execPath, path.join(dist, "launch.cjs"), "run", wc]
    const { stdout } = await run("/bin/sh", ["-c", '(sleep 1.2; echo two words) | "$@"', "sh", ...words])
    assert.match(stdout.toString(), /1 +2 +10/)
    const [after, ...more] = caches("shared.cjs")
    if (after === undefined || more.length > 0) throw new Error("there is not just one cache")
    assert.strictEqual(after.name, "shared.cjs.1")
    assert.isAbove(after.contents.length, before.contents.length)
    assert.strictEqual(await launch("run", hello), greeting)
  })

  it("is made anew where V8 refuses it", async () => {
    using directory = temporaryDirectory()
    const { caches, launch } = await published(directory.path)
    await launch("run", hello)
    for (const { file } of caches("shared.cjs")) fs.writeFileSync(file, "no cache")
    assert.strictEqual(await launch("run", hello), greeting)
    const [made] = caches("shared.cjs")
    assert.isAbove(made?.contents.length ?? 0, 100_000)
  })

  it("is gone when another bundle comes into the same place", async () => {
    using directory = temporaryDirectory()
    const { caches, dist, launch } = await published(directory.path)
    await launch("run", hello)
    await bundle(dist)
    assert.deepStrictEqual(caches("shared.cjs"), [])
  })

  it("is done without where it cannot be written", async () => {
    using directory = temporaryDirectory()
    const { dist, launch } = await published(directory.path)
    fs.writeFileSync(path.join(dist, "cache"), "no directory")
    assert.strictEqual(await launch("run", hello), greeting)
    assert.strictEqual(await launch("run", hello), greeting)
  })
})
