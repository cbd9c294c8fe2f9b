/** Plugin files of the user: any place, TypeScript or JavaScript, on the very modules that emu runs on. */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { bundle } from "../../scripts/bundle.ts"
import { assertOneLine } from "../faults/oneLine.ts"
import { emu, root, run, temporaryDirectory } from "../support/cli.ts"

const hello = path.join(root, "examples/hello.elf")
const greeting = "Hello from RISC-V!\n"

/** Fails to install where Effect's or core's modules are copies: a copy's error classes are others. */
const source = (type: (text: string) => string) => `
import { Effect } from "effect"
import * as Result from "effect/Result"
import * as Plugin from "@emu/core/Plugin"
import { FreedScoreboardError } from "@emu/core/PluginError"
import * as PluginOptions from "@emu/core/PluginOptions"
import { times } from "./helper${type("") === "" ? ".js" : ".ts"}"

const twice = (n${type(": number")}) => times(n, 2)

export default Plugin.make({
  name: "mine",
  help: "a plugin of the user",
  options: PluginOptions.struct({ n: PluginOptions.integer({ default: 3, description: "a number" }) }),
  install: Effect.fn(function* (api, { n }) {
    const failed = yield* Effect.result(api.scoreboardFree(77))
    if (!Result.isFailure(failed) || !(failed.failure instanceof FreedScoreboardError)) throw new Error("another copy")
    yield* api.onAtExit(() => Effect.sync(() => api.outs("twice " + twice(n) + "\\n")))
  })
})
`
const helper = (type: (text: string) => string) =>
  `export const times = (a${type(": number")}, b${type(": number")}) => a * b\n`

const typed = (text: string) => text || " "
const untyped = () => ""

/** Writes the plugin in both languages. */
const write = (directory: string) => {
  fs.writeFileSync(path.join(directory, "mine.ts"), source(typed))
  fs.writeFileSync(path.join(directory, "helper.ts"), helper(typed))
  fs.writeFileSync(path.join(directory, "mine.js"), source(untyped))
  fs.writeFileSync(path.join(directory, "helper.js"), helper(untyped))
}

describe("plugin files", () => {
  it.each(["mine.ts", "./mine.ts,n=5", "mine.js"])("loads %s outside of the checkout", async (spec) => {
    using directory = temporaryDirectory()
    write(directory.path)
    fs.writeFileSync(path.join(directory.path, "package.json"), `{ "type": "module" }`)
    const { stderr, stdout } = await run(emu, ["run", "--plugin", spec, hello], { cwd: directory.path })
    assert.strictEqual(stderr.toString(), spec.includes("n=5") ? "twice 10\n" : "twice 6\n")
    assert.strictEqual(stdout.toString(), greeting)
  })

  it("loads TypeScript whatever the package.json around it says", async () => {
    using directory = temporaryDirectory()
    write(directory.path)
    for (const type of [undefined, "commonjs"]) {
      fs.writeFileSync(path.join(directory.path, "package.json"), JSON.stringify({ type }))
      const { stderr } = await run(emu, ["run", "--plugin", path.join(directory.path, "mine.ts"), hello])
      assert.strictEqual(stderr.toString(), "twice 6\n")
    }
  })

  it("loads them when emu runs from its sources", async () => {
    using directory = temporaryDirectory()
    write(directory.path)
    const main = path.join(root, "packages/cli/src/main.ts")
    const { stderr } = await run(process.execPath, [main, "run", "--plugin", path.join(directory.path, "mine.ts"), hello])
    assert.strictEqual(stderr.toString(), "twice 6\n")
  })

  it("explains their options", async () => {
    using directory = temporaryDirectory()
    write(directory.path)
    const { stdout } = await run(emu, ["plugins", "./mine.ts"], { cwd: directory.path })
    assert.match(stdout.toString(), /^mine: a plugin of the user$/m)
    assert.match(stdout.toString(), /^ +n=N\n +a number \(default 3\)$/m)
  })
})

describe("plugins from npm packages", () => {
  /** Installs a package, as npm does. */
  const install = (directory: string, name: string, manifest: object, files: Readonly<Record<string, string>>) => {
    const folder = path.join(directory, "node_modules", name)
    fs.mkdirSync(folder, { recursive: true })
    fs.writeFileSync(path.join(folder, "package.json"), JSON.stringify({ name, version: "1.0.0", ...manifest }))
    for (const [file, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, file), text)
  }
  const typescript = { "index.ts": source(typed), "helper.ts": helper(typed) }
  const javascript = { "index.js": source(untyped), "helper.js": helper(untyped) }

  it.each([
    { spec: "emu-plugin-mine,n=4", name: "emu-plugin-mine", manifest: { exports: "./index.ts" }, files: typescript },
    { spec: "@me/mine,n=4", name: "@me/mine", manifest: { exports: { import: "./index.ts" } }, files: typescript },
    { spec: "@me/mine/extra,n=4", name: "@me/mine", manifest: { exports: { "./extra": "./index.ts" } }, files: typescript },
    { spec: "mine,n=4", name: "mine", manifest: { type: "module", main: "index.js" }, files: javascript }
  ])("loads $spec", async ({ files, manifest, name, spec }) => {
    using directory = temporaryDirectory()
    install(directory.path, name, manifest, files)
    const below = path.join(directory.path, "below")
    fs.mkdirSync(below)
    const { stderr, stdout } = await run(emu, ["run", "--plugin", spec, hello], { cwd: below })
    assert.strictEqual(stderr.toString(), "twice 8\n")
    assert.strictEqual(stdout.toString(), greeting)
    const explained = await run(emu, ["plugins", spec.replace(/,.*/, "")], { cwd: below })
    assert.match(explained.stdout.toString(), /^mine: a plugin of the user$/m)
  })

  it("says in a line what is wrong with one", async () => {
    using directory = temporaryDirectory()
    install(directory.path, "broken", { exports: "./index.ts" }, { "index.ts": "export default {}\n" })
    install(directory.path, "closed", { exports: { "./other": "./index.ts" } }, { "index.ts": "" })
    const wrong: ReadonlyArray<readonly [string, RegExp]> = [
      ["broken", /plugin broken: its default export is no plugin/],
      ["closed", /plugin closed cannot be loaded: .*exports/i],
      ["@me/none", /there is no plugin @me\/none; .*npm packages are looked up here/],
      ["hotblock", /there is no plugin hotblock, did you mean hotblocks\?/]
    ]
    for (const [spec, error] of wrong) {
      assertOneLine(await run(emu, ["run", "--plugin", spec, hello], { cwd: directory.path }), error)
    }
  })
})

describe("the published bundle", () => {
  it("runs where there is no checkout, with plugins of both kinds", async () => {
    using directory = temporaryDirectory()
    await bundle(path.join(directory.path, "dist"))
    write(directory.path)
    fs.copyFileSync(hello, path.join(directory.path, "hello.elf"))
    fs.copyFileSync(path.join(root, "packages/plugins/src/cache.ts"), path.join(directory.path, "cache.ts"))
    const mine = ["--plugin", "./cache.ts,limit=1", "--plugin", "bb", "--plugin", "./mine.ts"]
    const launch = ["dist/launch.cjs", "run", ...mine, "hello.elf"]
    const { stderr, stdout } = await run(process.execPath, launch, { cwd: directory.path })
    assert.strictEqual(stdout.toString(), greeting)
    assert.match(stderr.toString(), /^twice 6\nCPU0: bb's: \d+, insns: \d+\nTotal: [^]*\ncore #, data accesses/)
  })
})
