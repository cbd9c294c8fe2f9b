/** The project's pages as data: fences with their text, links, and what stands between backquotes. */
import * as fs from "node:fs"
import * as path from "node:path"
import { root } from "../support/cli.ts"

/** A fenced block. */
export interface Fence {
  /** The word behind the backquotes: `ts`, `console`. */
  readonly language: string
  /** What follows it, such as `file=mine.ts`. */
  readonly note: string
  readonly text: string
}

/** Names of all pages, relative to the root. */
export const pages: ReadonlyArray<string> = ["README.md", "guests/README.md"].concat(
  fs
    .readdirSync(path.join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`)
    .sort()
)

export const readPage = (page: string): string => fs.readFileSync(path.join(root, page), "utf8")

const fencePattern = /^```(\w+)?(?: (.*))?\n([^]*?)^```$/gm

/** The fenced blocks of a page, in order. */
export const fencesOf = (text: string): ReadonlyArray<Fence> =>
  Array.from(text.matchAll(fencePattern), ([, language = "", note = "", body = ""]) => ({ language, note, text: body }))

/** The page with each fenced block replaced. */
export const mapFences = (text: string, change: (fence: Fence) => string): string =>
  text.replace(fencePattern, (whole: string, language = "", note = "", body = "") =>
    whole.replace(body, () => change({ language, note, text: body }))
  )

/** The page without fenced blocks. */
export const proseOf = (text: string): string => text.replace(fencePattern, "")

/** Targets of the links of a page. */
export const linksOf = (text: string): ReadonlyArray<string> =>
  Array.from(proseOf(text).matchAll(/\]\(([^)\s]+)\)/g), (match) => match[1]!)

/** What stands between backquotes in the prose of a page. */
export const codeSpansOf = (text: string): ReadonlyArray<string> =>
  Array.from(proseOf(text).matchAll(/`([^`\n]+)`/g), (match) => match[1]!)

/** The anchors of a page: its headings, as GitHub names them. */
export const anchorsOf = (text: string): ReadonlyArray<string> =>
  Array.from(proseOf(text).matchAll(/^#+ (.*)$/gm), (match) =>
    match[1]!
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-")
  )
