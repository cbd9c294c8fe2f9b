/** Plugins of the user that fail, wherever they can. */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { emu, type Finished, root, run, temporaryDirectory } from "../support/cli.ts"
import { assertOneLine } from "./oneLine.ts"

const hello = path.join(root, "examples/hello.elf")

/** Runs hello under a plugin file with this text. */
const runWith = async (source: string, options: ReadonlyArray<string> = []): Promise<Finished> => {
  using directory = temporaryDirectory()
  const file = path.join(directory.path, "broken.ts")
  fs.writeFileSync(file, source)
  return await run(emu, ["run", ...options, "--plugin", file, hello])
}

const plugin = (install: string) => `
  import * as Effect from "effect/Effect"
  import { MemRw } from "@emu/core/Instrumentation"
  import * as Plugin from "@emu/core/Plugin"
  import * as PluginOptions from "@emu/core/PluginOptions"
  const fail = (): never => { throw new Error("the plugin's own words") }
  export default Plugin.make({
    name: "broken",
    help: "fails",
    options: PluginOptions.struct({}),
    install: (api) => ${install}
  })
`

describe("plugin files that are none", () => {
  it.each([
    ["a syntax error", "export default {", /broken\.ts.*SyntaxError/],
    ["throws when it is imported", `throw new Error("the plugin's own words")`, /broken\.ts.*the plugin's own words/],
    ["no default export", "export const x = 1", /broken\.ts.*default export/],
    ["another default export", "export default 42", /broken\.ts.*default export/],
    ["an import that is missing", `import "./not-there.ts"`, /broken\.ts.*not-there/]
  ])("%s", async (_, source, culprit) => {
    const result = await runWith(source)
    assertOneLine(result, culprit)
    assert.strictEqual(result.stdout.toString(), "")
  })
})

describe("plugins that throw", () => {
  const places: ReadonlyArray<readonly [string, string]> = [
    ["in install", "fail()"],
    ["in install, as a defect", "Effect.sync(fail)"],
    ["in install, as a failure", `Effect.fail(new Plugin.PluginInstallFailure({ message: "the plugin's own words" }))`],
    ["when a block is translated", "api.onTbTrans(fail)"],
    ["when a block is executed", "api.onTbTrans((tb) => tb.onExec(fail))"],
    ["when an instruction is executed", "api.onTbTrans((tb) => tb.insns[0]?.onExec(fail))"],
    ["at a memory access", "api.onTbTrans((tb) => tb.insns.forEach((insn) => insn.onMem(fail, MemRw.readWrite)))"],
    ["at a system call", "api.onSyscall(fail)"],
    ["after a system call", "api.onSyscallRet(fail)"],
    ["when a vCPU starts", "api.onVcpuInit(fail)"],
    ["at exit", "api.onAtExit(fail)"]
  ]
  it.each(places)("%s", async (_, install) => {
    assertOneLine(await runWith(plugin(install)), /broken.*the plugin's own words/)
  })

  it("show where under --log-level debug", async () => {
    const { stderr } = await runWith(plugin("api.onTbTrans((tb) => tb.onExec(fail))"), ["--log-level", "debug"])
    assert.match(stderr.toString(), /the plugin's own words/)
    assert.match(stderr.toString(), /\n\s+at .*broken\.ts/)
  })

  const detach = ["--on-plugin-error", "detach"]

  it.each(places.filter(([where]) => !where.includes("as a failure")))(
    "%s, are left out where the user wants it: the guest and other plugins go on",
    async (_, install) => {
      const result = await runWith(plugin(install), ["--plugin", "insn", ...detach])
      assert.strictEqual(result.stdout.toString(), "Hello from RISC-V!\n")
      assert.match(
        result.stderr.toString(),
        /^emu: plugin broken failed in [^\n]*: the plugin's own words \([^\n]*broken\.ts:\d+:\d+\); going on without it\ncpu 0 insns: 258\ntotal insns: 258\n$/m
      )
      assert.notMatch(result.stderr.toString(), /\n\s+at /)
      assert.strictEqual(result.status, 0)
    }
  )

  it("with an async function are told what to do", async () => {
    const asynchronous = "api.onTbTrans((tb) => tb.onExec((async () => fail()) as unknown as () => void))"
    assertOneLine(await runWith(plugin(asynchronous)), /the callback is an async function: make it a plain one/)
    const result = await runWith(plugin(asynchronous), detach)
    assert.strictEqual(result.status, 0)
  })

  it("do not excuse wrong options or what is no plugin", async () => {
    const refusing = plugin(`Effect.fail(new Plugin.PluginInstallFailure({ message: "the plugin's own words" }))`)
    for (const source of [refusing, "export default 42"]) {
      const result = await runWith(source, detach)
      assertOneLine(result, /broken/)
      assert.strictEqual(result.stdout.toString(), "")
    }
    assertOneLine(
      await runWith(plugin("Effect.void"), ["--on-plugin-error", "ignore"]),
      /--on-plugin-error: there is no "ignore"/
    )
  })
})

describe("plugins that throw where emu does not call them", () => {
  // The guest waits a little in each system call, so that it is there when the timer goes off.
  const stray = (thrower: string) => plugin(`(setTimeout(${thrower}, 50), api.onSyscall(() => Effect.sleep(300)))`)
  const words = ["--plugin", "insn"]

  it.each([
    ["in a timer", "fail"],
    ["in a Promise that nobody waits for", "async () => fail()"]
  ])("%s", async (_, thrower) => {
    const line =
      "emu: plugin broken failed in its asynchronous callback: the plugin's own words \\([^\n]*broken\\.ts:\\d+:\\d+\\)"
    const aborted = await runWith(stray(thrower), words)
    assert.match(aborted.stderr.toString(), new RegExp(`^cpu 0 insns: \\d+\ntotal insns: \\d+\n${line}\n$`))
    assert.strictEqual(aborted.status, 1)
    const detached = await runWith(stray(thrower), [...words, "--on-plugin-error", "detach"])
    const results = "cpu 0 insns: 258\ntotal insns: 258\n"
    assert.match(detached.stderr.toString(), new RegExp(`^${line}; going on without it\n${results}$`))
    assert.strictEqual(detached.stdout.toString(), "Hello from RISC-V!\n")
    assert.strictEqual(detached.status, 0)
  })
})

describe("plugins that leave something running", () => {
  it("don't keep emu from ending, and finish what they write", async () => {
    using directory = temporaryDirectory()
    const file = path.join(directory.path, "written")
    const write = `import("node:fs").then((fs) => fs.createWriteStream(${JSON.stringify(file)}).end("a".repeat(1 << 24)))`
    const source = plugin(`(setInterval(() => {}, 1000), api.onAtExit(() => void ${write}))`)
    const { status, stdout } = await runWith(source)
    assert.strictEqual(stdout.toString(), "Hello from RISC-V!\n")
    assert.strictEqual(status, 0)
    assert.strictEqual(fs.statSync(file).size, 2 ** 24)
  })
})
