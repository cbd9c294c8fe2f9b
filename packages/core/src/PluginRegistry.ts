/** Which plugins there are: they are installed, reset and removed. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Plugin, PluginInstallFailure } from "./Plugin.ts"
import type { ColdResult } from "./PluginApi.ts"
import type { CallbackTypeError, PluginError, UninstallInInstallError, UnknownPluginError } from "./PluginError.ts"
import type { PluginOptionError } from "./PluginOptions.ts"
import type { PluginState, WorkError } from "./PluginState.ts"

/**
 * What installing fails with: whatever the plugin's own install fails with, and options that do not
 * fit.
 */
export type InstallError = PluginError | PluginInstallFailure | PluginOptionError

/**
 * What asking for a reset fails with; and, where it is carried out at once, what that fails with.
 */
export type ResetError = UnknownPluginError | CallbackTypeError | WorkError

/** As `ResetError`, for uninstall, which install must not ask for. */
export type UninstallError = ResetError | UninstallInInstallError

/** A callback of reset or uninstall. */
type Done = () => ColdResult

/**
 * Registration of plugins, before the guest runs or from a callback; while it runs, `PluginHost` is
 * for that.
 */
export class PluginRegistry extends Context.Service<
  PluginRegistry,
  {
    /** All that the plugin system knows, as it is now. */
    readonly state: () => PluginState
    /** Loads a plugin with `key=value` pairs in order; its id. */
    readonly install: <Options, Result>(
      plugin: Plugin<Options, Result>,
      args: ReadonlyArray<readonly [key: string, value: string]>
    ) => Effect.Effect<bigint, InstallError>
    readonly reset: (id: bigint, done?: Done) => Effect.Effect<void, ResetError>
    readonly uninstall: (id: bigint, done?: Done) => Effect.Effect<void, UninstallError>
  }
>()("@emu/core/PluginRegistry") {}
