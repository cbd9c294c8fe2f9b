/**
 * What plugins throw where emu does not call them: in timers of their own, in Promises that nobody waits for. Node would end the
 * process, with the guest and all results.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import * as url from "node:url"
import * as Effect from "effect/Effect"
import type { GuestPlugins } from "@emu/emulator/Guest"

/** Where the plugins that came from files came from, by id. */
const locations = new Map<bigint, string>()

/** Remembers the file of a plugin. */
export const rememberFile = (id: bigint, file: string): void => {
  locations.set(id, url.pathToFileURL(fs.realpathSync(path.resolve(file))).href)
}

/** The plugin that an error comes from, by its stack; without a stack the only one that there is. */
const culpritOf = (error: unknown): bigint | undefined => {
  const candidates = [...locations]
  const stack = error instanceof Error ? error.stack : undefined
  if (stack === undefined) return candidates.length === 1 ? candidates[0]![0] : undefined
  return candidates.find(([, location]) => stack.includes(location))?.[0]
}

/** Treats such errors like those of callbacks, as long as the scope is open. Errors of nobody's plugin stay Node's to report. */
export const catchStrayErrors = ({ fail }: GuestPlugins) => {
  const listener = (error: unknown) => {
    const culprit = culpritOf(error)
    if (culprit === undefined) throw error
    fail(culprit, error)
  }
  return Effect.acquireRelease(
    Effect.sync(() => process.on("uncaughtException", listener)),
    () => Effect.sync(() => process.off("uncaughtException", listener))
  )
}
