/** Environments that are not as usual: no current directory, no PATH, colours where nobody looks; and reports in files. */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { emu, root, run, temporaryDirectory } from "../support/cli.ts"

const hello = path.join(root, "examples/hello.elf")
const greeting = "Hello from RISC-V!\n"

describe("emu run", () => {
  it("runs in a directory that was deleted", async () => {
    using directory = temporaryDirectory()
    const gone = path.join(directory.path, "gone")
    fs.mkdirSync(gone)
    const { status, stdout } = await run("/bin/sh", [
      "-c",
      `cd '${gone}' && rmdir '${gone}' && exec '${emu}' run '${hello}'`
    ])
    assert.strictEqual(stdout.toString(), greeting)
    assert.strictEqual(status, 0)
  })

  it.each([{}, { PATH: "" }, { PATH: "/nowhere" }])("runs with the environment %o, which the guest gets", async (env) => {
    const { stderr, stdout } = await run(emu, ["run", hello], { env })
    assert.strictEqual(stderr.toString(), "")
    assert.strictEqual(stdout.toString(), greeting)
  })

  it("has colours in a pipe where FORCE_COLOR says so, and none without", async () => {
    const words = ["run", "--plugin-format", "table", "--plugin", "insn", hello]
    const text = async (env: Record<string, string>) => (await run(emu, words, { env })).stderr.toString()
    assert.include(await text({ FORCE_COLOR: "1" }), "\u001b[")
    assert.notInclude(await text({ FORCE_COLOR: "0" }), "\u001b[")
    assert.notInclude(await text({}), "\u001b[")
  })

  it("writes the results to a file as well under --report", async () => {
    using directory = temporaryDirectory()
    const file = path.join(directory.path, "report.json")
    const { stderr } = await run(emu, ["run", "--report", file, "--plugin", "insn", hello])
    assert.match(stderr.toString(), /^total insns: 258$/m)
    const document = JSON.parse(fs.readFileSync(file, "utf8")) as { readonly plugins: ReadonlyArray<unknown> }
    assert.containSubset(document, { version: 1, status: 0, plugins: [{ name: "insn", result: { insns: 258 } }] })
    const refused = await run(emu, ["run", "--report", path.join(directory.path, "none/x"), hello])
    assert.match(refused.stderr.toString(), /^emu: option --report: cannot write [^\n]*\n$/)
  })

  it("writes nothing but lines of JSON under json, and the document last", async () => {
    using directory = temporaryDirectory()
    const file = path.join(directory.path, "log")
    const options = ["--plugin-format", "json", "--strace", "--stats", "-d", "in_asm", "-D", file, "--plugin", "insn"]
    await run(emu, ["run", ...options, hello])
    const lines = fs.readFileSync(file, "utf8").trimEnd().split("\n")
    const parsed = lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
    assert.isTrue(parsed.some(({ log }) => typeof log === "string" && log.includes("write(1,")))
    assert.isTrue(parsed.slice(0, -1).every((line) => typeof line["log"] === "string"))
    assert.strictEqual(parsed.at(-1)?.["version"], 1)
  })
})

describe("help", () => {
  it.each([
    { words: ["plugin", "--help"], says: /^Usage: emu plugin new NAME$/m },
    { words: ["plugin", "new", "--help"], says: /^Usage: emu plugin new NAME$/m },
    { words: ["completion", "--help"], says: /source <\(emu completion bash\)/ },
    { words: ["--version"], says: /^emu \d+\.\d+\.\d+\n$/ }
  ])("emu $words", async ({ says, words }) => {
    const { status, stdout } = await run(emu, words)
    assert.match(stdout.toString(), says)
    assert.strictEqual(status, 0)
  })
})
