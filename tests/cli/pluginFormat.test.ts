/** `--plugin-format`: every plugin's result as text, as a table and as JSON says the same. */
import * as fs from "node:fs"
import * as path from "node:path"
import * as Schema from "effect/Schema"
import type { Plugin } from "@emu/core/Plugin"
import { plugins } from "@emu/plugins"
import { assert, describe, it } from "@effect/vitest"
import { makeDocument } from "../../packages/cli/src/report/documentSchema.ts"
import { emu, root, run, temporaryDirectory } from "../support/cli.ts"

const primes = path.join(root, "examples/primes.elf")
const loaded: ReadonlyArray<Plugin> = await Promise.all(Object.values(plugins).map((load) => load()))
const reporting = loaded.filter(({ result }) => result !== undefined)

/** Options with which a plugin has more to say; some have to be given. */
const options: Readonly<Record<string, ReadonlyArray<string>>> = {
  bb: ["", "inline=on"],
  bbv: ["outfile=bbv,interval=500"],
  // An instruction that the program does not have.
  patch: ["target=ffffffff,patch=00000000"],
  hotblocks: ["limit=3", "symbols=on"],
  insn: ["", "sizes=on", "match=mul"],
  dump: ["at=put"],
  ltrace: ["internal=on,summary=on"],
  watch: ["at=output_length"],
  stoptrigger: ["icount=50", "addr=0x1"],
  mem: ["", "haddr=on,region-summary=on"]
}

/** What a run writes to its log, with the text of plugins and results in it. */
const logOf = async (words: ReadonlyArray<string>): Promise<string> => {
  using directory = temporaryDirectory()
  const log = path.join(directory.path, "log")
  const { status, stderr } = await run(emu, ["run", "-D", log, ...words], { cwd: directory.path })
  assert.strictEqual(stderr.toString(), "")
  assert.strictEqual(status, 0)
  return fs.readFileSync(log, "utf8")
}

const pluginOption = (name: string, settings: string) => `${name}${settings === "" ? "" : ","}${settings}`

// Lockstep needs a second emu to talk to: tests/plugins/lockstep.test.ts runs it.
const cases = reporting
  .filter(({ name }) => name !== "lockstep")
  .flatMap((plugin) => (options[plugin.name] ?? [""]).map((settings) => [plugin.name, settings, plugin] as const))

describe("--plugin-format json", () => {
  it.each(cases)("has of %s,%s what the text says", async (name, settings, plugin) => {
    const words = ["--plugin", pluginOption(name, settings), primes, "200"]
    const text = await logOf(words)
    const lines = (await logOf(["--plugin-format", "json", ...words])).trimEnd().split("\n")
    const document = Schema.decodeUnknownSync(makeDocument([]))(JSON.parse(lines.at(-1)!))
    const pieces = lines.slice(0, -1).map((line) => (JSON.parse(line) as { readonly text: string }).text)
    const result = Schema.decodeUnknownSync(plugin.result!)(document.plugins[0]!.result)
    assert.strictEqual([...pieces, plugin.render?.(result)].join(""), text)
  })

  it("is a document with the run's facts, and with every plugin in the order of loading", async () => {
    const words = [
      "--plugin-format",
      "json",
      "--plugin",
      "execlog,ifilter=ecall",
      "--plugin",
      "bb,inline=on",
      "--plugin",
      "empty"
    ]
    const lines = (await logOf([...words, primes, "9"])).trimEnd().split("\n")
    const document = Schema.decodeUnknownSync(makeDocument(loaded))(JSON.parse(lines.at(-1)!))
    const facts = { version: document.version, args: document.args, status: document.status }
    assert.deepStrictEqual(facts, { version: 1, args: ["9"], status: 0 })
    assert.deepStrictEqual(
      document.plugins.map(({ args, id, name }) => ({ name, id, args })),
      [
        { name: "execlog", id: 1, args: ["ifilter=ecall"] },
        { name: "bb", id: 2, args: ["inline=on"] },
        { name: "empty", id: 3, args: [] }
      ]
    )
    const { id, plugin, text } = JSON.parse(lines[0]!)
    assert.deepStrictEqual([plugin, id], ["execlog", 1])
    assert.match(text, /"ecall *"\n$/)
  })

  it("has no status where a plugin ended the run", async () => {
    using directory = temporaryDirectory()
    const file = path.join(directory.path, "bad.ts")
    fs.writeFileSync(
      file,
      `import * as Plugin from "@emu/core/Plugin"
import * as PluginOptions from "@emu/core/PluginOptions"
export default Plugin.make({
  name: "bad", help: "fails", options: PluginOptions.none,
  install: (api) => api.onSyscall(() => { throw new Error("so") })
})
`
    )
    const words = ["run", "--plugin-format", "json", "--plugin", "bb", "--plugin", file, primes]
    const { status, stderr } = await run(emu, words)
    const lines = stderr.toString().split("\n")
    const document = JSON.parse(lines.find((line) => line.startsWith("{"))!)
    assert.strictEqual(status, 1)
    assert.strictEqual(document.status, null)
    assert.strictEqual(document.plugins[0].name, "bb")
    assert.isAbove(document.plugins[0].result.insns, 0)
  })
})

describe("--plugin-format table", () => {
  it.each(cases)("shows of %s,%s a table, without colours where there is no terminal", async (name, settings) => {
    const text = await logOf(["--plugin-format", "table", "--plugin", pluginOption(name, settings), primes, "200"])
    assert.match(text, new RegExp(`^${name}\n {2}`, "m"))
    assert.notInclude(text, "\u001b")
  })
})

describe("emu plugins --schema", () => {
  const schemaOf = async (...words: Array<string>) =>
    JSON.parse((await run(emu, ["plugins", "--schema", ...words])).stdout.toString())

  it("describes the result of each plugin that has one", async () => {
    const { $defs } = await schemaOf()
    assert.deepStrictEqual(Object.keys($defs).sort(), reporting.map(({ name }) => name).sort())
    const { properties } = await schemaOf("bb")
    assert.deepStrictEqual(properties, $defs.bb.properties)
    assert.deepStrictEqual(properties.insns, { type: "integer", minimum: 0, description: "instructions in them" })
  })

  it.each([
    { words: ["empty"], says: "emu: plugin empty prints text only: there is no result to describe\n" },
    { words: ["bb", "mem"], says: "emu: emu plugins --schema takes one plugin, or none for the whole document\n" }
  ])("refuses $words", async ({ says, words }) => {
    const { status, stderr } = await run(emu, ["plugins", "--schema", ...words])
    assert.strictEqual(stderr.toString(), says)
    assert.strictEqual(status, 2)
  })
})

describe("on a terminal", () => {
  const inTerminal = (command: string, env: Record<string, string>) =>
    run("script", ["-qec", command, "/dev/null"], { env: { PATH: process.env["PATH"] ?? "", TERM: "xterm", ...env } })
  const hasScript = fs.existsSync("/usr/bin/script")
  const command = `${emu} run --plugin bb ${primes} 9`

  it("results are tables with colours", async ({ skip }) => {
    if (!hasScript) return skip("util-linux's script, which makes terminals, is not installed")
    const { stdout } = await inTerminal(command, {})
    assert.include(stdout.toString(), "\u001b[1mbb\u001b[0m\r\n")
  })

  it("NO_COLOR takes the colours away, --plugin-format text the table", async ({ skip }) => {
    if (!hasScript) return skip("util-linux's script, which makes terminals, is not installed")
    const { stdout } = await inTerminal(command, { NO_COLOR: "1" })
    assert.match(stdout.toString(), /^bb\r\n {2}blocks/m)
    assert.notInclude(stdout.toString(), "\u001b")
    const text = await inTerminal(command.replace("run", "run --plugin-format text"), {})
    assert.match(text.stdout.toString(), /^CPU0: bb's:/m)
  })
})
