/** `emu plugin new`: what it writes works as it is, wherever it is written, and type-checks without set-up. */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { bundle } from "../../scripts/bundle.ts"
import { emu, root, run, temporaryDirectory } from "../support/cli.ts"

/** A directory in the checkout, as for a plugin that is to be committed there. */
const directoryInCheckout = () => {
  const directory = fs.mkdtempSync(path.join(root, "new-plugin-test-"))
  return { path: directory, [Symbol.dispose]: () => fs.rmSync(directory, { recursive: true, force: true }) }
}

/** Runs a command that was printed behind a label, as a user would paste it. */
const paste = (text: string, label: string, cwd: string) => {
  const command = new RegExp(`^${label}: +(.*)$`, "m").exec(text)?.[1]
  assert.isDefined(command, text)
  return run("bash", ["-c", command], { cwd, env: { PATH: process.env["PATH"] ?? "" } })
}

const assertWorks = async (text: string, cwd: string) => {
  const { stderr, stdout } = await paste(text, "Run it", cwd)
  assert.strictEqual(stdout.toString(), "Hello from RISC-V!\n")
  assert.match(stderr.toString(), /^start: \d+$/m)
  const tested = await paste(text, "Test it", cwd)
  assert.strictEqual(tested.status, 0, tested.stdout.toString())
  assert.match(tested.stdout.toString(), /^(#|ℹ) pass 2$/m)
}

const assertTypeChecks = async (folder: string) => {
  const { status, stdout } = await run(path.join(root, "node_modules/.bin/tsc"), ["-p", folder], {
    env: { PATH: process.env["PATH"] ?? "" }
  })
  assert.strictEqual(stdout.toString(), "")
  assert.strictEqual(status, 0)
}

describe("emu plugin new", () => {
  it.each([
    { where: "outside of the checkout", makeDirectory: temporaryDirectory },
    { where: "inside of the checkout", makeDirectory: directoryInCheckout }
  ])("writes a plugin that runs, passes its test and type-checks, $where", async ({ makeDirectory }) => {
    using directory = makeDirectory()
    const { status, stdout } = await run(emu, ["plugin", "new", "my plugins/mine"], { cwd: directory.path })
    assert.strictEqual(status, 0)
    const folder = path.join(directory.path, "my plugins/mine")
    const files = ["hello.elf", "mine.test.ts", "mine.ts", "package.json", "tsconfig.json"]
    assert.deepStrictEqual(fs.readdirSync(folder).sort(), files)
    await assertWorks(stdout.toString(), directory.path)
    await assertTypeChecks(folder)
  })

  it("runs its test by npm test, whatever Node npm itself runs on", async () => {
    using directory = temporaryDirectory()
    await run(emu, ["plugin", "new", "mine"], { cwd: directory.path })
    const test = () => run("npm", ["test"], { cwd: path.join(directory.path, "mine") })
    const fine = await test()
    assert.strictEqual(fine.status, 0, fine.stderr.toString())
    assert.match(fine.stdout.toString(), /^(#|ℹ) pass 2$/m)
    fs.rmSync(path.join(directory.path, "mine/mine.test.ts"))
    assert.notStrictEqual((await test()).status, 0)
  })

  it("sees an Effect that nothing runs, by npm run check", async () => {
    using directory = temporaryDirectory()
    await run(emu, ["plugin", "new", "my plugins/mine"], { cwd: directory.path })
    const folder = path.join(directory.path, "my plugins/mine")
    const check = () => run("npm", ["run", "--silent", "check"], { cwd: folder })
    const fine = await check()
    assert.strictEqual(fine.status, 0, fine.stdout.toString())
    const file = path.join(folder, "mine.ts")
    fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace("yield* api.onAtExit", "api.onAtExit"))
    const { status, stdout } = await check()
    assert.match(stdout.toString(), /mine\.ts:\d+:\d+.*floatingEffect/)
    assert.strictEqual(status, 1)
  })

  it("sees type errors in the plugin", async () => {
    using directory = temporaryDirectory()
    await run(emu, ["plugin", "new", "mine"], { cwd: directory.path })
    const file = path.join(directory.path, "mine/mine.ts")
    fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace("api.report({ functions:", "api.report({ functoins:"))
    const { stdout } = await run(path.join(root, "node_modules/.bin/tsc"), ["-p", path.join(directory.path, "mine")], {
      env: { PATH: process.env["PATH"] ?? "" }
    })
    assert.match(stdout.toString(), /^\S*mine\.ts\(\d+,\d+\): error TS2561: .*'functoins'/)
  })

  it.each(["nodenext", "preserve"])("is not needed for types in the checkout: a lone file has them (%s)", async (module) => {
    using directory = directoryInCheckout()
    await run(emu, ["plugin", "new", "mine"], { cwd: directory.path })
    const lone = path.join(directory.path, "mine.ts")
    fs.copyFileSync(path.join(directory.path, "mine/mine.ts"), lone)
    const editor = ["--ignoreConfig", "--noEmit", "--strict", "--target", "esnext", "--allowImportingTsExtensions"]
    const words = [...editor, "--module", module, lone]
    const { status, stdout } = await run(path.join(root, "node_modules/.bin/tsc"), words, {
      env: { PATH: process.env["PATH"] ?? "" }
    })
    assert.strictEqual(stdout.toString(), "")
    assert.strictEqual(status, 0)
  })

  it("works from the published bundle", async () => {
    using directory = temporaryDirectory()
    const dist = path.join(directory.path, "dist")
    await bundle(dist)
    const words = [path.join(dist, "launch.cjs"), "plugin", "new", "mine"]
    const { stdout } = await run(process.execPath, words, { cwd: directory.path })
    await assertWorks(stdout.toString(), directory.path)
  })

  it.each([
    { words: [], says: "give one name: emu plugin new NAME" },
    { words: [""], says: "give one name: emu plugin new NAME" },
    { words: ["a", "b"], says: "give one name: emu plugin new NAME" },
    { words: ["Bad name"], says: '"Bad name" is no name for a plugin: use small letters, digits and dashes' },
    { words: ["there"], says: "there exists already: choose another name, or remove it" },
    { words: ["file/mine"], says: /^cannot write file\/mine: / }
  ])("refuses $words in one line, and writes nothing", async ({ says, words }) => {
    using directory = temporaryDirectory()
    fs.mkdirSync(path.join(directory.path, "there"))
    fs.writeFileSync(path.join(directory.path, "file"), "")
    const { status, stderr } = await run(emu, ["plugin", "new", ...words], { cwd: directory.path })
    const message = /^emu: emu plugin new: (.*)\n$/.exec(stderr.toString())?.[1]
    if (typeof says === "string") assert.strictEqual(message, says)
    else assert.match(message ?? "", says)
    assert.strictEqual(status, 2)
    assert.deepStrictEqual(fs.readdirSync(directory.path).sort(), ["file", "there"])
  })
})
