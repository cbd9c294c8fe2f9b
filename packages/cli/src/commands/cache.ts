/** `emu cache`: what is in the translation cache, and emptying it. */
import * as path from "node:path"
import * as NodeTranslationCache from "@emu/node/NodeTranslationCache"
import * as Effect from "effect/Effect"
import { UsageError } from "../UsageError.ts"

/** A number of bytes for people. */
const sizeText = (bytes: number): string => {
  if (bytes < 1024 * 1024) return `${Math.ceil(bytes / 1024)} KiB`
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`
}

const timeText = (time: Date): string => time.toISOString().replace("T", " ").slice(0, 19)

const listing = (directory: string, entries: ReadonlyArray<NodeTranslationCache.CacheEntry>): string => {
  const total = entries.reduce((sum, { bytes }) => sum + bytes, 0)
  const count = entries.length === 1 ? "1 entry" : `${entries.length} entries`
  const head = `${directory}: ${count}, ${sizeText(total)}\n`
  if (entries.length === 0) return head
  const rows = entries.map(
    ({ bytes, file, lastUse, program }) =>
      `${timeText(lastUse)}  ${sizeText(bytes).padStart(10)}  ${program ?? `${path.basename(file)} (damaged)`}\n`
  )
  return `${head}\n${"last use (UTC)".padEnd(19)}  ${"size".padStart(10)}  program\n${rows.join("")}`
}

/**
 * Does what the words behind `emu cache` ask for.
 *
 * @param given the directory, where it is not to be the user's
 * @returns text for stdout
 */
export const cache = (
  operands: ReadonlyArray<string>,
  given: string | undefined,
  environment: Readonly<Record<string, string | undefined>>
): Effect.Effect<string, UsageError> => {
  const directory = given === undefined ? NodeTranslationCache.userCacheDirectory(environment) : path.resolve(given)
  if (directory === undefined) {
    return Effect.fail(
      new UsageError("there is no translation cache: neither XDG_CACHE_HOME nor HOME is set; --cache DIR names one")
    )
  }
  const [action, ...rest] = operands
  if (action === undefined) {
    return Effect.map(NodeTranslationCache.entries(directory), (entries) => listing(directory, entries))
  }
  if (action === "clear" && rest.length === 0) {
    return Effect.map(
      NodeTranslationCache.clear(directory),
      (count) => `${directory}: removed ${count === 1 ? "1 entry" : `${count} entries`}\n`
    )
  }
  return Effect.fail(
    new UsageError(`emu cache: there is no ${operands.join(" ")}: emu cache shows the cache, emu cache clear empties it`)
  )
}
