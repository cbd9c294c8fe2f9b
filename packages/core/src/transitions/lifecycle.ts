/** Plugins are installed, reset and uninstalled; reset and uninstall have a deferred step, run when no vCPU is in the guest. */
import * as Result from "effect/Result"
import { UninstallInInstallError } from "../PluginError.ts"
import type { UnknownPluginError } from "../PluginError.ts"
import { anyVcpu, findPlugin, putPlugin } from "../PluginState.ts"
import type { Action, Checked, PluginRecord, PluginState, Transition } from "../PluginState.ts"
import { unregisterAll } from "./registration.ts"
import { releaseTime } from "./timeControl.ts"

/** What a request leads to: its deferred step is to be queued, or the request is dropped since one like it is under way. */
export type Request = "queue" | "ignore"

/** What became of a deferred step: carried out, or dropped since the plugin is gone or an uninstall has come between (L2). */
export interface Deferred {
  readonly done: boolean
  readonly actions: ReadonlyArray<Action>
}

/** Puts a plugin at the end of the load order, with its install running. Returns its id. */
export const beginInstall = (state: PluginState, name: string, args: PluginRecord["args"]): Transition<bigint> => {
  const id = state.nextPlugin
  const record = { id, name, args, callbacks: new Map(), installing: true, uninstalling: false, resetting: false }
  return [id, { ...state, nextPlugin: id + 1n, plugins: [...state.plugins, record] }]
}

/** The plugin's install runs once more. */
export const repeatInstall = (state: PluginState, id: bigint): Checked<void, UnknownPluginError> =>
  Result.map(findPlugin(state, id), (plugin) => [undefined, putPlugin(state, { ...plugin, installing: true })])

/** The plugin's install has succeeded. */
export const endInstall = (state: PluginState, id: bigint): Checked<void, UnknownPluginError> =>
  Result.map(findPlugin(state, id), (plugin) => [undefined, putPlugin(state, { ...plugin, installing: false })])

/** Removes a plugin at once, with all that it registered: its install, or a callback, has failed. */
export const dropPlugin = (state: PluginState, id: bigint): Transition<ReadonlyArray<Action>> => {
  const [actions, next] = dropAll(state, id)
  return [actions, without(next, id)]
}

/** A plugin asks to be reset. Dropped where a reset or an uninstall is under way. Allowed in install. */
export const requestReset = (state: PluginState, id: bigint): Checked<Request, UnknownPluginError> =>
  Result.map(findPlugin(state, id), (plugin) =>
    plugin.uninstalling || plugin.resetting ? ["ignore", state] : ["queue", putPlugin(state, { ...plugin, resetting: true })]
  )

/**
 * A plugin asks to be uninstalled. From now on its registrations are ignored; it still hears events until the deferred step.
 * An uninstall overtakes a pending reset (L2; QEMU aborts).
 */
export const requestUninstall = (
  state: PluginState,
  id: bigint
): Checked<Request, UnknownPluginError | UninstallInInstallError> =>
  Result.flatMap(findPlugin(state, id), (plugin): Checked<Request, UninstallInInstallError> => {
    if (plugin.installing) return Result.fail(new UninstallInInstallError({ plugin: plugin.name }))
    if (plugin.uninstalling) return Result.succeed(["ignore", state])
    return Result.succeed(["queue", putPlugin(state, { ...plugin, resetting: false, uninstalling: true })])
  })

/**
 * Where a deferred step is to run: on the vCPU that asks, on `anyVcpu` (-1) where that is not known or has ended, or at once
 * where no vCPU is left that would drain its queue (in install, after the end of the program).
 */
export const placeOfDeferred = (state: PluginState, asking: number): number | "now" => {
  if (state.vcpus.size === 0 || state.exited) return "now"
  return state.vcpus.has(asking) ? asking : anyVcpu
}

/**
 * The deferred step of a reset, after all code was flushed: everything the plugin registered is dropped. Its `done` callback
 * runs next, and may register anew; then `endReset`.
 */
export const performReset = (state: PluginState, id: bigint): Transition<Deferred> => perform(state, id, isResetDue)

/** The reset is over: the next one may be asked for. */
export const endReset = (state: PluginState, id: bigint): PluginState => {
  const plugin = state.plugins.find((p) => p.id === id)
  return plugin === undefined ? state : putPlugin(state, { ...plugin, resetting: false })
}

/** The deferred step of an uninstall, after all code was flushed. Its `done` callback runs next; then `endUninstall`. */
export const performUninstall = (state: PluginState, id: bigint): Transition<Deferred> => perform(state, id, isUninstallDue)

/** The uninstall is over: the id is unknown from now on. Scoreboards of the plugin stay, as in QEMU. */
export const endUninstall = (state: PluginState, id: bigint): PluginState => without(state, id)

/** Whether a queued reset still has to be carried out. */
export const isResetDue = (state: PluginState, id: bigint): boolean =>
  state.plugins.some((plugin) => plugin.id === id && plugin.resetting)

/** Whether a queued uninstall still has to be carried out. */
export const isUninstallDue = (state: PluginState, id: bigint): boolean =>
  state.plugins.some((plugin) => plugin.id === id && plugin.uninstalling)

const perform = (state: PluginState, id: bigint, isDue: typeof isResetDue): Transition<Deferred> => {
  if (!isDue(state, id)) return [{ done: false, actions: [] }, state]
  const [actions, next] = dropAll(state, id)
  return [{ done: true, actions }, next]
}

/** Handlers, and control of time. */
const dropAll = (state: PluginState, id: bigint): Transition<ReadonlyArray<Action>> => {
  const [unregistered, deaf] = unregisterAll(state, id)
  const [released, next] = releaseTime(deaf, id)
  return [[...unregistered, ...released], next]
}

const without = (state: PluginState, id: bigint): PluginState => ({
  ...state,
  plugins: state.plugins.filter((p) => p.id !== id)
})
