/** The packages as they are published: unpacked beside nothing but Effect, they run, and have types. */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { fencesOf, readPage } from "../docs/markdown.ts"
import { root, run, temporaryDirectory } from "../support/cli.ts"

const directory = temporaryDirectory()
const project = directory.path
const names = ["core", "tcg", "guest", "plugins", "emulator", "node", "cli"]
const examples = ["primes.ts", "wc.ts", "page.ts"]
// all of the environment: pnpm may have to go through a proxy
const env: Readonly<Record<string, string>> = {
  ...(process.env as Record<string, string>),
  PATH: `${path.dirname(process.execPath)}:${process.env["PATH"] ?? ""}`
}
let built = ""

/** Installs the tarballs by hand: what is in them is what counts, and no registry has to be asked for Effect. */
beforeAll(async () => {
  const tarballs = path.join(project, "tarballs")
  const build = await run(process.execPath, [path.join(root, "scripts/build.ts"), "--pack", tarballs], { env, timeout: 280 })
  built = build.stdout.toString()
  assert.strictEqual(build.status, 0, build.stderr.toString() + built)
  for (const name of names) {
    const target = path.join(project, "node_modules/@emu", name)
    fs.mkdirSync(target, { recursive: true })
    const [tarball] = fs.globSync(`emu-${name}-*.tgz`, { cwd: tarballs })
    const { status } = await run("tar", ["xzf", path.join(tarballs, tarball!), "-C", target, "--strip-components=1"], {
      env
    })
    assert.strictEqual(status, 0)
  }
  // a copy, so that it is not found from the packages' sources
  fs.cpSync(fs.realpathSync(path.join(root, "node_modules/effect")), path.join(project, "node_modules/effect"), {
    recursive: true,
    dereference: true
  })
  fs.symlinkSync(path.join(root, "examples"), path.join(project, "examples"))
  fs.writeFileSync(path.join(project, "package.json"), `{ "type": "module" }\n`)
  for (const { note, text } of fencesOf(readPage("docs/embedding.md"))) {
    const file = /^file=(\S+)$/.exec(note)?.[1]
    if (file !== undefined) fs.writeFileSync(path.join(project, file), text)
  }
  return () => directory[Symbol.dispose]()
}, 300_000)

describe("the packed packages", () => {
  it("have their sizes in the build's output", () => {
    for (const name of names) assert.match(built, new RegExp(`^emu-${name}-\\S+ +\\d+ KiB$`, "m"))
  })

  it.each(names)("%s says who may use it, and how", (name) => {
    const folder = path.join(project, "node_modules/@emu", name)
    const manifest = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8")) as Record<string, unknown>
    for (const field of ["description", "license", "keywords", "engines", "exports"]) assert.property(manifest, field)
    for (const file of ["README.md", "LICENSE"]) assert.isTrue(fs.existsSync(path.join(folder, file)), file)
  })

  it("run the command", async () => {
    const { stdout } = await run("node_modules/@emu/cli/dist/emu", ["run", "examples/hello.elf"], { cwd: project, env })
    assert.strictEqual(stdout.toString(), "Hello from RISC-V!\n")
  })

  it("run a guest from code", async () => {
    const { stderr, stdout } = await run(process.execPath, ["primes.ts"], { cwd: project, env })
    assert.strictEqual(stderr.toString(), "")
    assert.match(stdout.toString(), /9592 primes below 100000/)
  })

  it.each([
    ["nodenext", "nodenext"],
    ["bundler", "preserve"]
  ])("have types that resolve as %s", async (resolution, module) => {
    const options = ["--noEmit", "--strict", "--skipLibCheck", "false", "--exactOptionalPropertyTypes", "--target", "es2024"]
    const lib = ["--lib", "es2024,esnext.iterator,esnext.collection,dom", "--types", ""]
    const words = [...options, ...lib, "--module", module, "--moduleResolution", resolution, ...examples]
    const { stdout } = await run(path.join(root, "node_modules/.bin/tsc"), words, { cwd: project, env })
    assert.strictEqual(stdout.toString(), "")
  })
})
