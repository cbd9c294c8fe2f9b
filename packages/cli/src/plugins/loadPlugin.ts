/** From the value of `--plugin` to a plugin: one of emu's by name, or a file of the user. */
import * as fs from "node:fs"
import * as path from "node:path"
import * as url from "node:url"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { Plugin } from "@emu/core/Plugin"
import { findPlugin, plugins } from "@emu/plugins"
import { isPluginFile } from "../options/pluginSpec.ts"
import { didYouMean } from "../suggest.ts"
import { UsageError } from "../UsageError.ts"
import { placeOf } from "./pluginFrames.ts"
import { installModuleHooks } from "./moduleHooks.ts"

/** A plugin file that cannot be used; the message is one line for the user. */
export class PluginLoadError extends Data.TaggedError("PluginLoadError")<{
  readonly message: string
  readonly cause?: unknown
}> {}

/**
 * Loads a plugin.
 *
 * @param plugin a name, or the path of a file, relative to the current directory
 * @returns fails with UsageError where there is no such plugin, with PluginLoadError where a file is no plugin
 */
export const loadPlugin = (plugin: string): Effect.Effect<Plugin, UsageError | PluginLoadError> =>
  isPluginFile(plugin) ? loadFile(plugin) : loadByName(plugin)

const loadByName = (name: string): Effect.Effect<Plugin, UsageError> => {
  const load = findPlugin(name)
  if (load !== undefined) return Effect.promise(load)
  const near = didYouMean(name, Object.keys(plugins))
  return Effect.fail(
    new UsageError(
      `there is no plugin ${name}${near || ""}${near ? " (" : "; "}emu plugins lists them, a file is written with a /${near ? ")" : ""}`
    )
  )
}

const loadFile = Effect.fnUntraced(function* (file: string) {
  const absolute = path.resolve(file)
  const stat = fs.statSync(absolute, { throwIfNoEntry: false })
  if (stat === undefined) return yield* new PluginLoadError({ message: `plugin ${file}: there is no such file` })
  if (!stat.isFile()) return yield* new PluginLoadError({ message: `plugin ${file}: this is no file` })
  const location = locationOf(absolute, stat.mtimeMs)
  installModuleHooks(location)
  const loaded: Record<string, unknown> = yield* Effect.tryPromise({
    try: () => import(location),
    catch: (cause) => new PluginLoadError({ message: `plugin ${file} cannot be loaded: ${describe(cause)}`, cause })
  })
  if (!isPlugin(loaded.default)) {
    const problem = loaded.default === undefined ? "it has no default export" : "its default export is no plugin"
    return yield* new PluginLoadError({ message: `plugin ${file}: ${problem}; write export default Plugin.make({ ... })` })
  }
  return loaded.default
})

/** When each file that was loaded had been changed. */
const loadedFiles = new Map<string, number>()

/** The URL to import a file from: another one where the file has changed since, as Node imports each URL once. */
const locationOf = (absolute: string, changed: number): string => {
  const { href } = url.pathToFileURL(absolute)
  const known = loadedFiles.get(absolute) ?? changed
  loadedFiles.set(absolute, known)
  return known === changed ? href : `${href}?changed=${changed}`
}

const isPlugin = (value: unknown): value is Plugin =>
  typeof value === "object" &&
  value !== null &&
  "_tag" in value &&
  value._tag === "EmuPlugin" &&
  "install" in value &&
  typeof value.install === "function"

/** What was thrown, as one line. A syntax error's place is in its stack's first line only. */
const describe = (cause: unknown): string => {
  if (!(cause instanceof Error)) return String(cause)
  const message = `${cause.name}: ${cause.message}`.split("\n", 1)[0]!
  const place = /^(file:\/\/.*:\d+)$/m.exec(cause.stack?.split("\n", 1)[0] ?? "")?.[1]
  return place === undefined
    ? `${message}${placeOf(cause)}`
    : `${message} (${url.fileURLToPath(place.replace(/:\d+$/, ""))}:${/:(\d+)$/.exec(place)?.[1]})`
}
