/** Plugins attached to a run through its socket, as whole processes. */
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as net from "node:net"
import * as path from "node:path"
import * as readline from "node:readline"
import { assert, describe, it } from "@effect/vitest"
import { bytesOf, call } from "../../packages/guest/test/linux/support/assemble.ts"
import { buildElf } from "../../packages/guest/test/linux/support/buildElf.ts"
import { forever, fork, Sys, wait, work } from "../../packages/guest/test/linux/support/processPrograms.ts"
import { emu, root, run, temporaryDirectory } from "../support/cli.ts"
import { assertOneLine } from "../faults/oneLine.ts"

const wc = path.join(root, "examples/wc.elf")
const mandelbrot = path.join(root, "examples/mandelbrot.elf")

const until = async (holds: () => boolean): Promise<void> => {
  for (let i = 0; i < 1000 && !holds(); i++) await new Promise((resolve) => setTimeout(resolve, 50))
  assert.isTrue(holds(), "waited in vain")
}

/** A program that runs with a socket, `s` in a directory. */
const start = async (directory: string, options: ReadonlyArray<string>) => {
  const child = spawn(emu, ["run", "--control", "s", ...options], { cwd: directory, env: {} })
  const output = { stdout: "", stderr: "" }
  child.stdout.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()))
  child.stderr.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()))
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve))
  const socket = path.join(directory, "s")
  await until(() => fs.existsSync(socket) || child.exitCode !== null)
  // harmless where it has ended
  return { child, output, ended, socket, [Symbol.dispose]: () => void child.kill("SIGKILL") }
}

/** Sends lines, and gives the responses. */
const ask = async (socket: string, lines: ReadonlyArray<string>): Promise<ReadonlyArray<Record<string, unknown>>> => {
  const connection = net.connect(socket)
  connection.write(lines.map((line) => `${line}\n`).join(""))
  const responses: Array<Record<string, unknown>> = []
  for await (const line of readline.createInterface(connection)) {
    responses.push(JSON.parse(line) as Record<string, unknown>)
    if (responses.length === lines.length) break
  }
  connection.destroy()
  return responses
}

const blocks = (word: string) => `
  import * as Effect from "effect/Effect"
  import * as Plugin from "@emu/core/Plugin"
  import * as PluginOptions from "@emu/core/PluginOptions"
  export default Plugin.make({
    name: "blocks",
    help: "counts blocks",
    options: PluginOptions.struct({ unit: PluginOptions.string({ description: "what to call them" }) }),
    install: Effect.fnUntraced(function* (api, { unit }) {
      let n = 0
      // what a test waits for: the guest has come to a block
      yield* api.onTbTrans((tb) => tb.onExec(() => n++ === 0 && api.outs("first\\n")))
      yield* api.onAtExit(() => api.outs(\`${word} \${n > 0 ? "some" : "no"} \${unit}\\n\`))
    })
  })
`

/** A child that computes for ever, and others that come and go. */
const processes = buildElf({
  code: bytesOf([...fork(forever(work(1000))), ...forever([...fork([...work(20), ...call(Sys.exitGroup, 3)]), ...wait])]),
  bss: 65536
})

const vcpus = `
  import * as Effect from "effect/Effect"
  import * as Plugin from "@emu/core/Plugin"
  import * as PluginOptions from "@emu/core/PluginOptions"
  export default Plugin.make({
    name: "vcpus",
    help: "says which vCPUs there were, and which ran code",
    options: PluginOptions.none,
    install: Effect.fnUntraced(function* (api) {
      const [begun, ended, ran] = [new Set(), new Set(), new Set()]
      const list = (vcpus) => [...vcpus].sort().join()
      const text = () => \`begun \${list(begun)}, ended \${list(ended)}, ran \${list(ran)}\\n\`
      // vCPU 2 is one child after another; a test waits for one of them to have begun, run and ended
      let isComplete = false
      const check = () => {
        if (isComplete || begun.size < 3 || ran.size < 3 || ended.size === 0) return
        isComplete = true
        api.outs("complete: " + text())
      }
      yield* api.onVcpuInit((vcpu) => void begun.add(vcpu + (api.vcpuInfo(vcpu).pid === api.process().pid ? "" : "!")))
      yield* api.onVcpuExit((vcpu) => void ended.add(vcpu))
      yield* api.onTbTrans((tb) => tb.onExec((vcpu) => (ran.add(vcpu), check())))
      yield* api.onAtExit(() => api.outs(text()))
    })
  })
`

/** Asks on the socket of `start` by the command, which must succeed; gives what it prints. */
const controlIn =
  (cwd: string) =>
  async (...words: ReadonlyArray<string>): Promise<string> => {
    const { status, stderr, stdout } = await run(emu, ["control", "s", ...words], { cwd })
    assert.strictEqual(stderr.toString(), "")
    assert.strictEqual(status, 0)
    return stdout.toString()
  }

describe("emu run --control", () => {
  it.each(["interpreter", "jit"])(
    "attaches, lists, resets and removes plugins of a program that computes (%s)",
    async (engine) => {
      using directory = temporaryDirectory()
      const file = path.join(directory.path, "blocks.ts")
      fs.writeFileSync(file, blocks("saw"))
      using running = await start(directory.path, ["--engine", engine, mandelbrot, "1000000"])
      const { child, ended, output, socket } = running
      const control = controlIn(directory.path)
      assert.strictEqual(await control("attach", "./blocks.ts,unit=blocks"), "attached blocks.ts, id 1\n")
      assert.strictEqual(await control("list"), "1 blocks,unit=blocks: vcpuTbTrans, atExit\n")
      await until(() => output.stderr === "first\n")
      assert.deepStrictEqual(await ask(socket, [`{"request":"reset","id":1}`]), [{ ok: true }])
      await until(() => output.stderr === "first\nfirst\n")
      assert.strictEqual(await control("uninstall", "1"), "uninstalled 1\n")
      await until(() => output.stderr === "first\nfirst\nsaw some blocks\n")
      // a file that was changed is loaded anew
      fs.writeFileSync(file, blocks("now saw"))
      fs.utimesSync(file, new Date(), new Date(Date.now() + 5000))
      const [attached] = await ask(socket, [JSON.stringify({ request: "attach", plugin: file, args: ["unit=b"] })])
      assert.deepStrictEqual(attached, { ok: true, id: 2 })
      await until(() => output.stderr.endsWith("saw some blocks\nfirst\n"))
      child.kill("SIGTERM")
      assert.strictEqual(await ended, 143)
      assert.match(output.stderr, /\nnow saw some b\n/)
      assert.isFalse(fs.existsSync(socket))
    }
  )

  it.each(["interpreter", "jit"])("attaches to all processes, those that come later included (%s)", async (engine) => {
    using directory = temporaryDirectory()
    fs.writeFileSync(path.join(directory.path, "vcpus.ts"), vcpus)
    fs.writeFileSync(path.join(directory.path, "forks"), processes, { mode: 0o755 })
    using running = await start(directory.path, ["--engine", engine, "forks"])
    const { child, ended, output } = running
    const control = controlIn(directory.path)
    assert.strictEqual(await control("attach", "./vcpus.ts"), "attached vcpus.ts, id 1\n")
    assert.strictEqual(await control("attach", "insn,inline=on"), "attached insn, id 2\n")
    assert.strictEqual(
      await control("list"),
      "1 vcpus: vcpuInit, vcpuExit, vcpuTbTrans, atExit\n2 insn,inline=on: vcpuTbTrans, atExit\n"
    )
    const seen = "begun 0,1,2, ended 2, ran 0,1,2\n"
    await until(() => output.stderr === `complete: ${seen}`)
    await control("reset", "1")
    await until(() => output.stderr === `complete: ${seen}`.repeat(2))
    await control("uninstall", "1")
    await until(() => output.stderr === `complete: ${seen}`.repeat(2) + seen)
    await control("reset", "2")
    await control("attach", "./vcpus.ts")
    await until(() => output.stderr.endsWith(`${seen}complete: ${seen}`))
    child.kill("SIGINT")
    assert.strictEqual(await ended, 130)
    assert.match(output.stderr, /\ncpu 0 insns: \d+\ncpu 1 insns: \d+\ncpu 2 insns: \d+\ntotal insns: \d+\n/)
  })

  it("sees that a file has changed which a plugin imports, through another one", async () => {
    using directory = temporaryDirectory()
    const write = (name: string, text: string) => fs.writeFileSync(path.join(directory.path, name), text)
    write("word.ts", `export const word: string = "old"\n`)
    write("middle.ts", `export { word } from "./word.ts"\n`)
    for (const name of ["one", "two"]) {
      write(
        `${name}.ts`,
        `import * as Plugin from "@emu/core/Plugin"
        import * as PluginOptions from "@emu/core/PluginOptions"
        import * as Effect from "effect/Effect"
        import { word } from "./middle.ts"
        export default Plugin.make({
          name: "${name}", help: "says a word", options: PluginOptions.none,
          install: (api) => Effect.andThen(api.onFlush(() => {}), Effect.sync(() => api.outs("${name} " + word + ", ")))
        })`
      )
    }
    using running = await start(directory.path, [wc])
    const { child, ended, output } = running
    const control = controlIn(directory.path)
    await control("attach", "./one.ts")
    await until(() => output.stderr === "one old, ")
    write("word.ts", `export const word: string = "new"\n`)
    fs.utimesSync(path.join(directory.path, "word.ts"), new Date(), new Date(Date.now() + 5000))
    for (const name of ["two", "one", "one"]) await control("attach", `./${name}.ts`)
    child.stdin.end("one two\n")
    assert.strictEqual(await ended, 0)
    assert.strictEqual(output.stderr, "one old, two new, one new, one new, ")
  })

  it("answers bad requests with an error; the guest, which waits for input, does not notice", async () => {
    using directory = temporaryDirectory()
    using running = await start(directory.path, [wc])
    const { child, ended, output, socket } = running
    const refused: ReadonlyArray<readonly [string, RegExp]> = [
      ["", /no JSON/],
      ["hello", /no JSON/],
      ["null", /there is no request/],
      [`{"request":"stop"}`, /there is no request "stop": there are attach, list, reset, uninstall/],
      [`{"request":"reset"}`, /request reset: /],
      [`{"request":"reset","id":"1"}`, /request reset: /],
      [`{"request":"reset","id":1.5}`, /request reset: /],
      [`{"request":"reset","id":7}`, /no plugin has the id 7/],
      [`{"request":"list","id":7}`, /request list: /],
      [`{"request":"attach","plugin":"insn","args":["=1"]}`, /has no key/],
      [`{"request":"attach","plugin":"insn","args":["inlin=on"]}`, /option "inlin": unknown/],
      [`{"request":"attach","plugin":"nope"}`, /there is no plugin nope/],
      [`{"request":"attach","plugin":"/nope.ts"}`, /there is no such file/]
    ]
    const responses = await ask(
      socket,
      refused.map(([line]) => line)
    )
    refused.forEach(([line, error], i) => {
      assert.isFalse(responses[i]!["ok"], line)
      assert.match(String(responses[i]!["error"]), error)
    })
    const [long] = await ask(socket, ["x".repeat(100_000)])
    assert.match(String(long!["error"]), /longer than/)
    assert.deepStrictEqual(await ask(socket, [`{"request":"list"}`]), [{ ok: true, plugins: [] }])
    child.stdin.end("one two\n")
    assert.strictEqual(await ended, 0)
    assert.match(output.stdout, /1\s+2\s+8/)
    assert.strictEqual(output.stderr, "")
    assert.isFalse(fs.existsSync(socket))
  })

  it("says what is wrong with a socket", async () => {
    using directory = temporaryDirectory()
    const at = (name: string) => path.join(directory.path, name)
    const server = net.createServer().listen(at("used"))
    await until(() => fs.existsSync(at("used")))
    fs.writeFileSync(at("file"), "")
    // what a killed run leaves behind
    await run(process.execPath, [
      "-e",
      `require("net").createServer().listen(${JSON.stringify(at("stale"))}, () => process.kill(process.pid, 9))`
    ])
    const options = { cwd: directory.path }
    const runs: ReadonlyArray<readonly [string, RegExp]> = [
      ["used", /--control: used is in use by another run/],
      ["file", /--control: file exists, and is no socket/],
      ["stale", /--control: stale is left over from a run that was killed: remove it/],
      ["none/s", /--control: cannot make the socket none\/s: there is no such directory/],
      ["", /--control: give the path of a socket/],
      ["x".repeat(200), /too long for a socket/]
    ]
    for (const [name, error] of runs) {
      const result = await run(emu, ["run", "--control", name, wc], options)
      assertOneLine(result, error)
      assert.strictEqual(result.stdout.toString(), "")
    }
    const asked: ReadonlyArray<readonly [ReadonlyArray<string>, RegExp]> = [
      [["none", "list"], /there is no socket none/],
      [["stale", "list"], /nobody listens on stale any more/],
      [["file", "list"], /cannot ask on file: it is no socket/],
      [["none"], /needs a socket and what to do/],
      [["none", "lst"], /there is no lst/],
      [["none", "reset", "x"], /"x" is no plugin's id/],
      [["none", "attach"], /needs a plugin/]
    ]
    for (const [words, error] of asked) assertOneLine(await run(emu, ["control", ...words], options), error)
    server.close()
  })

  it("publishes the protocol", async () => {
    const { stdout } = await run(emu, ["control", "--schema"])
    const schema = JSON.parse(stdout.toString()) as { readonly $defs: Record<string, unknown> }
    assert.containsAllKeys(schema.$defs, ["Request", "Response"])
  })
})
