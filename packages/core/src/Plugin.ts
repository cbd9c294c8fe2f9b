/** How a plugin is written: one function that makes it from name, help, options and install. */
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
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
export interface Plugin<Options = unknown> {
  readonly _tag: "EmuPlugin"
  readonly name: string
  /** One line. */
  readonly help: string
  /** Decodes the command line's `key=value` pairs; see `PluginOptions` for the usual kinds of option. */
  readonly options: Schema.Decoder<Options>
  /** Registers callbacks. A method, so that a plugin with options of any kind is a `Plugin`. */
  install(api: PluginApi, options: Options, info: PluginInfo): Effect.Effect<void, PluginError | PluginInstallFailure>
}

/** What install fails with when the plugin cannot work (bad combination of options, wrong target): text for the user. */
export class PluginInstallFailure extends Data.TaggedError("PluginInstallFailure")<{ readonly message: string }> {}

/**
 * Makes a plugin.
 *
 * @param definition name, one line of help, Schema of the options, and the Effect that registers callbacks
 */
export const make = <Options>(definition: Omit<Plugin<Options>, "_tag">): Plugin<Options> => ({
  _tag: "EmuPlugin",
  ...definition
})
