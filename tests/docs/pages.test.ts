/** The pages speak of what there is: links, anchors, files, scripts, API functions, plugins and their options. */
import * as fs from "node:fs"
import * as path from "node:path"
import * as PluginOptions from "@emu/core/PluginOptions"
import { plugins } from "@emu/plugins"
import { assert, describe, it } from "@effect/vitest"
import { root } from "../support/cli.ts"
import { anchorsOf, codeSpansOf, linksOf, pages, proseOf, readPage } from "./markdown.ts"

const exists = (file: string) => fs.existsSync(path.join(root, file))

describe.each(pages)("%s", (page) => {
  it("has links that lead somewhere", () => {
    for (const link of linksOf(readPage(page))) {
      if (/^https?:/.test(link)) continue
      const [file = "", anchor] = link.split("#")
      const target = file === "" ? page : path.join(path.dirname(page), file)
      assert.isTrue(exists(target), `${link}: there is no ${target}`)
      if (anchor !== undefined) assert.include(anchorsOf(readPage(target)), anchor, link)
    }
  })

  it("names files that exist", () => {
    const isPath = (span: string) => /^(packages|tests|scripts|docs|bin|examples|guests)\/[\w./-]+$/.test(span)
    for (const file of codeSpansOf(readPage(page)).filter(isPath)) assert.isTrue(exists(file), `there is no ${file}`)
  })

  it("names scripts of package.json", () => {
    const { scripts } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8")) as { scripts: object }
    const known = [...Object.keys(scripts), "exec", "install", "pack"]
    for (const [, script] of readPage(page).matchAll(/pnpm@12 ([\w:]+)/g)) assert.include(known, script)
  })
})

describe("docs/plugins.md", () => {
  const text = readPage("docs/plugins.md")
  const words = new Set(codeSpansOf(text).flatMap((span) => span.match(/[\w-]+/g) ?? []))

  it("has every function of the API", () => {
    const source = fs.readFileSync(path.join(root, "packages/core/src/PluginApi.ts"), "utf8")
    const names = Array.from(source.matchAll(/^ {2}readonly (\w+):/gm), (match) => match[1]!)
    assert.isAbove(names.length, 40)
    assert.deepStrictEqual(
      names.filter((name) => !words.has(name) && name !== "index"),
      []
    )
  })

  it("has every error of the API", () => {
    const source = fs.readFileSync(path.join(root, "packages/core/src/PluginError.ts"), "utf8")
    const names = Array.from(source.matchAll(/^export class (\w+)/gm), (match) => match[1]!)
    // Errors of whoever drives the plugin system; a plugin cannot cause them.
    const ofDriver = ["VcpuAlreadyLiveError", "VcpuNotLiveError", "InvalidVcpuIndexError", "ExclusiveError"]
    assert.deepStrictEqual(
      names.filter((name) => !words.has(name)),
      ofDriver
    )
  })

  it.each(Object.entries(plugins))("has %s with its options", async (name, load) => {
    const section = proseOf(text)
      .split(new RegExp(`^### ${name}$`, "m"))[1]
      ?.split(/^##/m)[0]
    assert.isDefined(section, `there is no section ${name}`)
    for (const option of PluginOptions.describeOptions(await load())) {
      assert.match(section, new RegExp(`\`${option.name}[=\`]`), `option ${option.name} of ${name}`)
    }
  })

  it("maps all 67 names of QEMU's API, each once", () => {
    const table = text.slice(text.indexOf("## QEMU's names"))
    const names = Array.from(table.matchAll(/^\| `(\w+)` \|/gm), (match) => match[1]!).filter(
      (name) => name !== "qemu_info_t"
    )
    assert.strictEqual(names.length, 67)
    assert.strictEqual(new Set(names).size, 67)
  })
})

describe("docs/decisions", () => {
  const files = fs.readdirSync(path.join(root, "docs/decisions")).sort()

  it("are numbered from 1, without gaps", () => {
    files.forEach((file, i) => assert.match(file, new RegExp(`^${String(i + 1).padStart(4, "0")}-[a-z0-9-]+\\.md$`)))
  })

  it.each(files)("%s has context and decision", (file) => {
    const text = readPage(`docs/decisions/${file}`)
    assert.match(text, new RegExp(`^# ${Number(file.slice(0, 4))}\\. `))
    assert.match(text, /^## Context$[^]*^## Decision$/m)
  })
})
