/** From the value of `--plugin` to a plugin: one of emu's by name, a file of the user, or an npm package. */
import * as fs from "node:fs"
import * as path from "node:path"
import * as url from "node:url"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { Plugin } from "@emu/core/Plugin"
import { findPlugin } from "@emu/plugins"
import { pluginNames } from "@emu/plugins/names"
import { pluginKind } from "../options/pluginSpec.ts"
import { didYouMean } from "../suggest.ts"
import { UsageError } from "../UsageError.ts"
import { placeOf } from "./pluginFrames.ts"
import { pluginLocation } from "./moduleGraph.ts"

/** A plugin file that cannot be used; the message is one line for the user. */
export class PluginLoadError extends Data.TaggedError("PluginLoadError")<{
  readonly message: string
  readonly cause?: unknown
}> {}

/** Loaded when a plugin of the user is: only then emu runs as the variant that has it (scripts/bundle.ts). */
const moduleHooks = Effect.promise(() => import("./moduleHooks.ts"))

/**
 * Loads a plugin.
 *
 * @param plugin a name, the path of a file, relative to the current directory, or an npm package installed there or above
 * @returns fails with UsageError where there is no such plugin, with PluginLoadError where a file is no plugin
 */
export const loadPlugin = (plugin: string): Effect.Effect<Plugin, UsageError | PluginLoadError> => {
  const own = findPlugin(plugin)
  if (own !== undefined) return Effect.promise(own)
  return pluginKind(plugin) === "file" ? loadFile(plugin) : loadPackage(plugin)
}

const loadFile = Effect.fnUntraced(function* (file: string) {
  const absolute = path.resolve(file)
  const stat = fs.statSync(absolute, { throwIfNoEntry: false })
  if (stat === undefined) return yield* new PluginLoadError({ message: `plugin ${file}: there is no such file` })
  if (!stat.isFile()) return yield* new PluginLoadError({ message: `plugin ${file}: this is no file` })
  const { installModuleHooks } = yield* moduleHooks
  installModuleHooks()
  return yield* importPlugin(file, pluginLocation(url.pathToFileURL(absolute).href))
})

const loadPackage = Effect.fnUntraced(function* (name: string) {
  const { installModuleHooks, packageLocation } = yield* moduleHooks
  installModuleHooks()
  const location = yield* Effect.try({
    try: () => packageLocation(name),
    catch: (cause) => (isMissing(cause) ? unknownPlugin(name) : notLoaded(name, cause))
  })
  return yield* importPlugin(name, pluginLocation(location))
})

/** Whether a package is not there, rather than broken. */
const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND"

const unknownPlugin = (name: string): UsageError => {
  const problem = `there is no plugin ${name}${didYouMean(name, pluginNames)}`
  const hint = "emu plugins lists those that come with emu, npm packages are looked up here, a file is written with a /"
  return new UsageError(problem.endsWith("?") ? `${problem} (${hint})` : `${problem}; ${hint}`)
}

const notLoaded = (plugin: string, cause: unknown): PluginLoadError =>
  new PluginLoadError({ message: `plugin ${plugin} cannot be loaded: ${describe(cause)}`, cause })

const importPlugin = Effect.fnUntraced(function* (plugin: string, location: string) {
  const loaded: Record<string, unknown> = yield* Effect.tryPromise({
    try: () => import(location),
    catch: (cause) => notLoaded(plugin, cause)
  })
  if (!isPlugin(loaded.default)) {
    const problem = loaded.default === undefined ? "it has no default export" : "its default export is no plugin"
    return yield* new PluginLoadError({ message: `plugin ${plugin}: ${problem}; write export default Plugin.make({ ... })` })
  }
  return loaded.default
})

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
