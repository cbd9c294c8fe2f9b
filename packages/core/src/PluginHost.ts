/** What the host does to plugins while a guest runs. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Plugin } from "./Plugin.ts"
import type { PluginBusyError, PluginCallbackError, ProgramEndedError, UnknownPluginError } from "./PluginError.ts"
import type { PluginEventName } from "./PluginEvent.ts"
import type { InstallError } from "./PluginRegistry.ts"
import type { PluginSource } from "./Ports.ts"

/** A plugin as the host sees it. */
export interface LoadedPlugin extends PluginSource {
  /** What it listens to now. */
  readonly events: ReadonlyArray<PluginEventName>
}

/** Why a request about a plugin is refused. */
export type RequestError = UnknownPluginError | PluginBusyError | ProgramEndedError

/**
 * The host's requests: attaches and detaches plugins while the guest runs, from any fiber but a
 * vCPU's. Each is done when its answer is there, in an exclusive section. The guest does not have
 * to get anywhere for that: a program that waits for input can be looked at, too. What goes wrong
 * is the answer's, not the run's. Ids are those of `install` and `attach`.
 */
export class PluginHost extends Context.Service<
  PluginHost,
  {
    /** All plugins, in the order of loading. */
    readonly list: () => ReadonlyArray<LoadedPlugin>
    /**
     * Tells a plain listener what `list` gives, now and after each change, until what it returns is
     * called; see `PluginChanges`.
     */
    readonly watch: (listener: (plugins: ReadonlyArray<LoadedPlugin>) => void) => () => void
    /**
     * Installs a plugin in a running guest: all code is dropped, so that it sees every block from
     * now on, and its `onVcpuInit` is called for every vCPU that is live. Where that fails, nothing
     * is left of the plugin.
     */
    readonly attach: <Options, Report>(
      plugin: Plugin<Options, Report>,
      args: ReadonlyArray<readonly [key: string, value: string]>
    ) => Effect.Effect<bigint, InstallError | ProgramEndedError>
    /**
     * Lets a plugin begin anew: its handlers and callbacks are dropped, and it is installed again,
     * as the same plugin with the same options. Where that fails, the plugin is gone.
     */
    readonly reset: (id: bigint) => Effect.Effect<void, InstallError | RequestError>
    /**
     * Removes a plugin. Unlike when it removes itself, its atexit handler is called first, so that
     * it can report what it has.
     */
    readonly uninstall: (id: bigint) => Effect.Effect<void, PluginCallbackError | RequestError>
    /**
     * Tells of what a plugin has thrown where nobody of the plugin system has called it: in a timer
     * of its own, say. It counts as a failed callback: the plugin is taken out, or the run ends
     * before its next block, as the user wants it. One that is gone is not heard.
     */
    readonly fail: (id: bigint, cause: unknown) => void
  }
>()("@emu/core/PluginHost") {}
