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
  for (const { language, note, text } of fences) {
    const file = /^file=(\S+)$/.exec(note)?.[1]
    if (language === "ts" && file !== undefined) fs.writeFileSync(path.join(directory.path, file), text)
  }
  return directory
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

for (const page of ["README.md", "docs/plugins.md", "docs/testing.md"]) {
  if (update) await bringUpToDate(page)
  const fences = fencesOf(readPage(page))
  const sessions = fences.filter(({ language }) => language === "console")
  describe(page, () => {
    it.each(sessions.map((fence) => [commandsOf(fence)[0] ?? "no command", fence] as const))("%s", async (_, fence) => {
      using directory = readersDirectory(fences)
      assert.strictEqual(await session(fence, directory.path), fence.text)
    })
  })
}
