/** Installing a plugin. */
import * as Effect from "effect/Effect"
import { makeApi } from "../api/makeApi.ts"
import { PluginInstallFailure } from "../Plugin.ts"
import type { Plugin, PluginInfo } from "../Plugin.ts"
import { PluginCallbackError, PluginFileError } from "../PluginError.ts"
import type { PluginError } from "../PluginError.ts"
import * as PluginOptions from "../PluginOptions.ts"
import * as Lifecycle from "../transitions/lifecycle.ts"
import { closeTraces } from "./closeTraces.ts"
import { apply, applyChecked, carryOut } from "./Runtime.ts"
import type { Runtime } from "./Runtime.ts"

/** What installing fails with. */
export type InstallError = PluginError | PluginInstallFailure | PluginOptions.PluginOptionError

/** Version of the plugin API that plugins are told, and the oldest that still works. */
const apiVersion = { min: 7, current: 7 } as const

/**
 * Installs a plugin: decodes its options, gives it an id and the API, and runs its install. Where that fails or throws, all
 * that it registered is removed again.
 *
 * @param args `key=value` pairs in order
 * @returns its id
 */
export const install = <Options, Result>(
  runtime: Runtime,
  plugin: Plugin<Options, Result>,
  args: ReadonlyArray<readonly [key: string, value: string]>
): Effect.Effect<bigint, InstallError> =>
  Effect.gen(function* () {
    const options = yield* Effect.fromResult(PluginOptions.decode(plugin, args))
    const id = apply(runtime, (state) => Lifecycle.beginInstall(state, plugin.name, args))
    const api = makeApi(runtime, plugin, { id, name: plugin.name, args })
    const abort = Effect.sync(() => {
      carryOut(
        runtime,
        apply(runtime, (state) => Lifecycle.dropPlugin(state, id))
      )
      closeTraces(runtime, id)
    })
    yield* Effect.suspend(() => plugin.install(api, options, pluginInfo(runtime))).pipe(
      Effect.catchDefect((cause) => Effect.fail(installThrew(plugin.name, cause))),
      Effect.onExit((exit) => (exit._tag === "Failure" ? abort : Effect.void))
    )
    yield* Effect.fromResult(applyChecked(runtime, (state) => Lifecycle.endInstall(state, id)))
    return id
  })

const pluginInfo = (runtime: Runtime): PluginInfo => ({
  targetName: runtime.guest.program()?.target ?? "riscv64",
  apiVersion,
  systemEmulation: false
})

/** What install threw, as its failure. A file that cannot be written is a mistake of the user's, not the plugin's. */
const installThrew = (plugin: string, cause: unknown): PluginError | PluginInstallFailure =>
  cause instanceof PluginInstallFailure || cause instanceof PluginCallbackError || cause instanceof PluginFileError
    ? cause
    : new PluginCallbackError({ plugin, event: "install", pc: undefined, symbol: undefined, cause })
