/** From the value of `--plugin` to an installed plugin, and what is said about plugins that fail. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { PluginCallbackError, ProgramEndedError } from "@emu/core/PluginError"
import type { PluginFailurePolicy } from "@emu/core/PluginFailures"
import { PluginOptionError } from "@emu/core/PluginOptions"
import type { GuestPlugins } from "@emu/emulator/Guest"
import { complain, writeAll } from "../hostText.ts"
import type { LogSink } from "../LogSink.ts"
import { pluginKind, type PluginSpec } from "../options/pluginSpec.ts"
import type { RunOptions } from "../options/RunOptions.ts"
import { UsageError } from "../UsageError.ts"
import { loadPlugin } from "./loadPlugin.ts"
import { placeOf, pluginStack } from "./pluginFrames.ts"
import { rememberFile } from "./strayErrors.ts"

/** What a run does about plugins that fail. What is said comes after what they have printed. */
export const failurePolicy = ({ debug, onPluginError }: RunOptions, sink: LogSink): PluginFailurePolicy => ({
  onError: onPluginError,
  report: (error) => {
    sink.flush()
    const message = `${error.message}${placeOf(error.cause)}`
    complain(onPluginError === "detach" ? `${message}; going on without it` : message)
    if (debug) writeAll(2, pluginStack(error.cause) ?? `${Cause.pretty(Cause.fail(error))}\n`)
  }
})

/**
 * Loads a plugin and installs it with its arguments: before the program begins, or while it runs.
 *
 * @returns its id. Fails with UsageError for bad options and where the plugin says that it cannot work, with PluginLoadError for a
 *   file that is no plugin, with PluginCallbackError where install threw
 */
export const installPlugin = (plugins: GuestPlugins, { args, plugin: name }: PluginSpec) =>
  Effect.flatMap(loadPlugin(name), (plugin) =>
    plugins.add(plugin, args).pipe(
      Effect.tap((id) => Effect.sync(() => pluginKind(name) === "file" && rememberFile(id, name))),
      Effect.mapError((error) => {
        if (error instanceof PluginOptionError) return new UsageError(error.message, { cause: error })
        if (error instanceof PluginCallbackError || error instanceof ProgramEndedError) return error
        return new UsageError(`plugin ${name}: ${error.message}`, { cause: error })
      })
    )
  )

/** Installs plugins in their order. One whose install throws is left out, where failing plugins are to be. */
export const installPlugins = (
  plugins: GuestPlugins,
  specs: ReadonlyArray<PluginSpec>,
  { onError, report }: PluginFailurePolicy
) =>
  Effect.forEach(
    specs,
    (spec) =>
      installPlugin(plugins, spec).pipe(
        Effect.catch((error) => {
          const isSurvived = error instanceof PluginCallbackError && onError === "detach"
          return isSurvived ? Effect.sync(() => report(error)) : Effect.fail(error)
        })
      ),
    { discard: true }
  )
