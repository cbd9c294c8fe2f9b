/** How a plugin is written: one function that makes it from name, help, options and install. */
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { PluginApi } from "./PluginApi.ts"
import type { PluginError } from "./PluginError.ts"

/** What `install` is told about the emulator; QEMU's `qemu_info_t`. */
export interface PluginInfo {
  /** `riscv64`. */
  readonly targetName: string
  readonly apiVersion: { readonly min: number; readonly current: number }
  readonly systemEmulation: boolean
}

/** A plugin, as a module's default export. */
export interface Plugin<Options = unknown, Result = unknown> {
  readonly _tag: "EmuPlugin"
  readonly name: string
  /** One line. */
  readonly help: string
  /** Decodes the command line's `key=value` pairs; see `PluginOptions` for the usual kinds of option. */
  readonly options: Schema.Decoder<Options>
  /** What `api.report` takes, made of fields of `PluginResult`; it encodes to JSON. Left out where text is all there is. */
  readonly result?: Schema.Codec<Result, unknown>
  /** The result as text, newlines included. Depends on the result alone. Without it the text is the result's JSON. */
  render?(result: Result): string
  /** Registers callbacks. A method, so that a plugin with options and results of any kind is a `Plugin`. */
  install(
    api: PluginApi<Result>,
    options: Options,
    info: PluginInfo
  ): Effect.Effect<void, PluginError | PluginInstallFailure>
}

/** What install fails with when the plugin cannot work (bad combination of options, wrong target): text for the user. */
export class PluginInstallFailure extends Data.TaggedError("PluginInstallFailure")<{ readonly message: string }> {}

/** A plugin that reports a result. */
type Reporting<Options, Result> = Omit<Plugin<Options, Result>, "_tag" | "result"> & {
  readonly result: Schema.Codec<Result, unknown>
}

/** A plugin that prints text, or nothing. */
type Printing<Options> = Omit<Plugin<Options, never>, "_tag" | "result" | "render">

/**
 * Makes a plugin.
 *
 * @param definition name, one line of help, Schema of the options, Schema and text of the result where there is one, and the
 *   Effect that registers callbacks
 */
export function make<Options, Result>(definition: Reporting<Options, Result>): Plugin<Options, Result>
export function make<Options>(definition: Printing<Options>): Plugin<Options, never>
export function make<Options, Result>(definition: Omit<Plugin<Options, Result>, "_tag">): Plugin<Options, Result> {
  const problem = problemOf({ ...definition })
  if (problem !== undefined) throw new TypeError(`Plugin.make: ${problem}`)
  return { _tag: "EmuPlugin", ...definition }
}

/** What callers without types, or with wrong ones, get wrong; undefined where it is a plugin. */
const problemOf = (definition: Readonly<Record<string, unknown>>): string | undefined => {
  const { help, install, name, options, result } = definition
  if (typeof name !== "string" || name === "") return 'it has no name: write name: "..."'
  if (typeof help !== "string") return `plugin ${name} has no help: write help: "..." with one line`
  if (!Schema.isSchema(options)) {
    return `the options of plugin ${name} are no Schema: write options: PluginOptions.struct({ ... }) or PluginOptions.none`
  }
  if (result !== undefined && !Schema.isSchema(result)) {
    return `the result of plugin ${name} is no Schema: write result: PluginResult.struct({ ... })`
  }
  if (typeof install === "function") return undefined
  return `plugin ${name} has no install: write install: (api, options) => Effect.gen(function* () { ... })`
}
