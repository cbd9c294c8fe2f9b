/** Mistakes that are easily made in a plugin: each gives one line that names the plugin and says what to write. */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { emu, root, run, temporaryDirectory } from "../support/cli.ts"

const hello = path.join(root, "examples/hello.elf")
const greeting = "Hello from RISC-V!\n"

const source = (definition: string) => `
import * as Effect from "effect/Effect"
import * as Plugin from "@emu/core/Plugin"
import * as PluginOptions from "@emu/core/PluginOptions"

const fail = () => {
  throw new Error("enough")
}

export default Plugin.make({ name: "mine", help: "for a test", options: PluginOptions.none, ${definition} })
`

/** Runs a program under a plugin of this definition. */
const runUnder = async (definition: string, ...options: ReadonlyArray<string>) => {
  using directory = temporaryDirectory()
  fs.writeFileSync(path.join(directory.path, "mine.ts"), source(definition))
  const words = ["run", ...options, "--plugin", "./mine.ts", hello]
  const { status, stderr, stdout } = await run(emu, words, { cwd: directory.path })
  return { status, stderr: stderr.toString(), stdout: stdout.toString() }
}

const noEffect = "where an Effect is needed: write install: (api) => Effect.gen(function* () { yield* api.onAtExit(...) })"

describe("an install that returns no Effect", () => {
  it.each([
    ["a plain block", "install: (api) => { api.onSyscall(() => {}) }", "nothing"],
    ["async", "install: async (api) => { fail() }", "a Promise"],
    ["a value", "install: (api) => 3", "something else"]
  ])("is one line: %s", async (_, definition, what) => {
    const { status, stderr, stdout } = await runUnder(definition)
    assert.match(stderr, /^emu: [^\n]*\n$/)
    assert.include(stderr, `plugin mine failed in install: it returned ${what} ${noEffect}`)
    assert.strictEqual(stdout, "")
    assert.strictEqual(status, 1)
    const detached = await runUnder(definition, "--on-plugin-error", "detach")
    assert.match(detached.stderr, /^emu: [^\n]*; going on without it\n$/)
    assert.strictEqual(detached.stdout, greeting)
    assert.strictEqual(detached.status, 0)
  })
})

describe("an Effect that nothing runs", () => {
  const forgotten = (then: string) => `install: Effect.fnUntraced(function* (api) { api.onSyscall(() => {}); ${then} })`

  it("is warned of, by the function's name", async () => {
    const { stderr, stdout } = await runUnder(forgotten('yield* api.onAtExit(() => api.outs("end\\n"))'))
    const warning =
      "emu: warning: plugin mine: install calls api.onSyscall, but nothing runs the Effect that it returns: " +
      "write yield* api.onSyscall(...)\n"
    assert.strictEqual(stderr, `${warning}end\n`)
    assert.strictEqual(stdout, greeting)
  })

  it("is not warned of where nobody wants to hear it", async () => {
    assert.strictEqual((await runUnder(forgotten(""), "--quiet")).stderr, "")
  })

  it("may be kept for a callback, and is run there", async () => {
    const { stderr } = await runUnder(
      "install: (api) => api.onVcpuInit(() => api.onAtExit(() => api.outs('end\\n')).pipe(Effect.orDie))"
    )
    assert.strictEqual(stderr, "end\n")
  })

  it("leaves a plugin that has registered nothing", async () => {
    const { stderr, stdout } = await runUnder("install: () => Effect.void")
    assert.match(
      stderr,
      /^emu: warning: plugin mine: it has registered nothing, so it will see nothing: write yield\* [^\n]*\n$/
    )
    assert.strictEqual(stdout, greeting)
  })
})

describe("a definition of the wrong type", () => {
  it.each([
    ["options: { limit: 5 }", "the options of plugin mine are no Schema: write options: PluginOptions.struct({ ... })"],
    ["options: PluginOptions.struct({ limit: 5 })", "option limit is no Schema: write limit: PluginOptions.integer("],
    ["name: undefined", "it has no name: write name:"],
    ["help: 3", "plugin mine has no help: write help:"],
    ["result: {}", "the result of plugin mine is no Schema: write result: PluginResult.struct({ ... })"],
    ["install: undefined", "plugin mine has no install: write install: (api, options) =>"]
  ])("is one line: %s", async (part, problem) => {
    const { status, stderr } = await runUnder(part.startsWith("install") ? part : `install: () => Effect.void, ${part}`)
    assert.match(stderr, /^emu: plugin \.\/mine\.ts cannot be loaded: [^\n]* \(mine\.ts:10:\d+\)\n$/)
    assert.include(stderr, problem)
    assert.strictEqual(status, 1)
  })
})

describe("a plugin's own error", () => {
  const failing = "install: (api) => api.onSyscall(() => {\n  fail()\n})"

  it("has its file and line", async () => {
    const { stderr } = await runUnder(failing)
    assert.match(stderr, /^emu: plugin mine failed in its vcpuSyscall callback at pc [^\n]*: enough \(mine\.ts:7:9\)\n$/)
    const detached = await runUnder(failing, "--on-plugin-error", "detach")
    assert.match(detached.stderr, /: enough \(mine\.ts:7:9\); going on without it\n$/)
  })

  it("has the calls in its files as its stack, and none of emu's", async () => {
    const { stderr } = await runUnder(failing, "--log-level", "debug")
    const [, ...stack] = stderr.trimEnd().split("\n")
    assert.strictEqual(stack.length, 2)
    assert.match(stack[0]!, /at fail \(.*mine\.ts:7:9\)$/)
    assert.match(stack[1]!, /mine\.ts:11:3\)?$/)
  })

  it("of the API's use has the line of that use", async () => {
    const { stderr } = await runUnder("install: (api) => api.onVcpuInit(() => {\n  api.setPc(0n)\n})")
    assert.match(stderr, /setPc is not permitted [^\n]* \(mine\.ts:11:7\)\n$/)
  })
})
