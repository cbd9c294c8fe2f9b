/**
 * What the pages show really happens: plugin files in `ts file=NAME` fences are written, commands in `console` fences (lines that begin
 * with `$ `) are run, and their output is compared. `UPDATE=1` rewrites the output in the pages instead.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { root, run, temporaryDirectory } from "../support/cli.ts"
import { type Fence, fencesOf, mapFences, readPage } from "./markdown.ts"

const update = process.env["UPDATE"] !== undefined

/** A directory that looks like the checkout's root to a reader who typed the page's files into it. */
const readersDirectory = (fences: ReadonlyArray<Fence>) => {
  const directory = temporaryDirectory()
  fs.mkdirSync(path.join(directory.path, "bin"))
  for (const name of ["bin/emu", "examples", "tests"]) fs.symlinkSync(path.join(root, name), path.join(directory.path, name))
  fs.mkdirSync(path.join(directory.path, "node_modules"))
  fs.writeFileSync(path.join(directory.path, "package.json"), `{ "type": "module" }\n`)
  for (const [name, source] of [
    ["@emu", "tests/node_modules/@emu"],
    ["effect", "tests/node_modules/effect"],
    ["vitest", "node_modules/vitest"],
    ["@types", "node_modules/@types"]
  ] as const) {
    fs.symlinkSync(path.join(root, source), path.join(directory.path, "node_modules", name))
  }
  for (const { language, note, text } of fences) {
    const file = /^file=(\S+)$/.exec(note)?.[1]
    if (language === "ts" && file !== undefined) fs.writeFileSync(path.join(directory.path, file), text)
  }
  return directory
}

/** What tsc says to the page's TypeScript files; they are modules of a project in strict mode. */
const complaints = async (directory: string): Promise<string> => {
  const { compilerOptions } = JSON.parse(fs.readFileSync(path.join(root, "tsconfig.base.json"), "utf8")) as {
    compilerOptions: object
  }
  const options = { ...compilerOptions, noEmit: true, composite: false, types: ["node"], plugins: [] }
  const include = fs.readdirSync(directory).filter((name) => name.endsWith(".ts"))
  fs.writeFileSync(path.join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files: include }))
  const { stdout } = await run(path.join(root, "node_modules/.bin/tsc"), ["-p", directory], {})
  return stdout.toString()
}

const commandsOf = (fence: Fence): ReadonlyArray<string> =>
  Array.from(fence.text.matchAll(/^\$ (.*)$/gm), (match) => match[1]!)

/** What a terminal shows after a fence's commands were typed. */
const session = async (fence: Fence, cwd: string): Promise<string> => {
  let text = ""
  for (const command of commandsOf(fence)) {
    const { stdout } = await run("bash", ["-c", `{ ${command}\n} 2>&1`], { cwd, env: { PATH: process.env["PATH"] ?? "" } })
    text += `$ ${command}\n${stdout.toString()}`
  }
  return text
}

const bringUpToDate = async (page: string): Promise<void> => {
  const fences = fencesOf(readPage(page))
  using directory = readersDirectory(fences)
  const texts = new Map<string, string>()
  for (const fence of fences) {
    if (fence.language === "console") texts.set(fence.text, await session(fence, directory.path))
  }
  fs.writeFileSync(
    path.join(root, page),
    mapFences(readPage(page), ({ text }) => texts.get(text) ?? text)
  )
}

for (const page of ["README.md", "docs/plugins.md", "docs/testing.md", "docs/embedding.md"]) {
  if (update) await bringUpToDate(page)
  const fences = fencesOf(readPage(page))
  const sessions = fences.filter(({ language }) => language === "console")
  describe(page, () => {
    it.runIf(fences.some(({ language, note }) => language === "ts" && note !== ""))(
      "has TypeScript that type-checks",
      async () => {
        using directory = readersDirectory(fences)
        assert.strictEqual(await complaints(directory.path), "")
      }
    )

    it.each(sessions.map((fence) => [commandsOf(fence)[0] ?? "no command", fence] as const))("%s", async (_, fence) => {
      using directory = readersDirectory(fences)
      assert.strictEqual(await session(fence, directory.path), fence.text)
    })
  })
}
