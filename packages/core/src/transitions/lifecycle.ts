/**
 * Plugins are installed, reset and uninstalled; reset and uninstall have a deferred step, run when
 * no vCPU is in the guest.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { UninstallInInstallError } from "../PluginError.ts"
import type { UnknownPluginError } from "../PluginError.ts"
import { anyVcpu, findPlugin, isLoaded, putPlugin } from "../PluginState.ts"
import type { Action, Checked, PluginPhase, PluginRecord, PluginState, Transition } from "../PluginState.ts"
import { unregisterAll } from "./registration.ts"
import { releaseTime } from "./timeControl.ts"
import { closeTraces } from "./traces.ts"

/**
 * What a request leads to: its deferred step is to be queued, or the request is dropped since one
 * like it is under way.
 */
export type Request = "queue" | "ignore"

/**
 * What became of a deferred step: carried out, or dropped since the plugin is gone or an uninstall
 * has come between (L2).
 */
export interface Deferred {
  readonly done: boolean
  readonly actions: ReadonlyArray<Action>
}

/**
 * Puts a plugin at the end of the load order, with its install running.
 *
 * @param install makes what runs its install, by the id
 * @returns its id
 */
export const beginInstall = (
  state: PluginState,
  name: string,
  args: PluginRecord["args"],
  install: (id: bigint) => PluginRecord["install"] = () => Effect.void
): Transition<bigint> => {
  const id = state.nextPlugin
  const record: PluginRecord = { id, name, args, phase: "installing", install: install(id) }
  return [id, { ...state, nextPlugin: id + 1n, plugins: [...state.plugins, record] }]
}

/** The plugin's install runs once more. */
export const repeatInstall = (state: PluginState, id: bigint): Checked<void, UnknownPluginError> =>
  Result.map(findPlugin(state, id), (plugin) => [undefined, putPlugin(state, { ...plugin, phase: "installing" })])

/** The plugin's install has succeeded. */
export const endInstall = (state: PluginState, id: bigint): Checked<void, UnknownPluginError> =>
  Result.map(findPlugin(state, id), (plugin) => {
    const phase = plugin.phase === "installing, reset pending" ? "resetting" : "loaded"
    return [undefined, putPlugin(state, { ...plugin, phase })]
  })

/** Whether a plugin's install runs. */
export const isInstalling = ({ phase }: PluginRecord): boolean =>
  phase === "installing" || phase === "installing, reset pending"

/**
 * A plugin asks to be reset. Dropped where a reset or an uninstall is under way. Allowed in
 * install.
 */
export const requestReset = (state: PluginState, id: bigint): Checked<Request, UnknownPluginError> =>
  Result.map(findPlugin(state, id), (plugin) => {
    const phase = resetting[plugin.phase]
    return phase === undefined ? ["ignore", state] : ["queue", putPlugin(state, { ...plugin, phase })]
  })

const resetting: Partial<Record<PluginPhase, PluginPhase>> = {
  loaded: "resetting",
  installing: "installing, reset pending"
}

/**
 * A plugin asks to be uninstalled. From now on its registrations are ignored; it still hears events
 * until the deferred step. An uninstall overtakes a pending reset (L2; QEMU aborts).
 */
export const requestUninstall = (
  state: PluginState,
  id: bigint
): Checked<Request, UnknownPluginError | UninstallInInstallError> =>
  Result.flatMap(findPlugin(state, id), (plugin): Checked<Request, UninstallInInstallError> => {
    if (isInstalling(plugin)) return Result.fail(new UninstallInInstallError({ plugin: plugin.name }))
    if (plugin.phase === "uninstalling") return Result.succeed(["ignore", state])
    return Result.succeed(["queue", putPlugin(state, { ...plugin, phase: "uninstalling" })])
  })

/**
 * Where a deferred step is to run: on the vCPU that asks, on `anyVcpu` (-1) where that is not known
 * or has ended, or at once where no vCPU is left that would drain its queue (in install, after the
 * end of the program).
 */
export const placeOfDeferred = (state: PluginState, asking: number): number | "now" => {
  if (state.vcpus.size === 0 || state.exited) return "now"
  return state.vcpus.has(asking) ? asking : anyVcpu
}

/**
 * The deferred step of a reset, after all code was flushed: everything the plugin registered is
 * dropped. Its `done` callback runs next, and may register anew; then `endReset`.
 */
export const performReset = (state: PluginState, id: bigint): Transition<Deferred> => perform(state, id, isResetDue)

/** The reset is over: the next one may be asked for. */
export const endReset = (state: PluginState, id: bigint): Transition<ReadonlyArray<Action>> => {
  const plugin = state.plugins.find((p) => p.id === id)
  const phase = plugin === undefined ? undefined : afterReset[plugin.phase]
  return [[], phase === undefined ? state : putPlugin(state, { ...plugin!, phase })]
}

const afterReset: Partial<Record<PluginPhase, PluginPhase>> = {
  resetting: "loaded",
  "installing, reset pending": "installing"
}

/**
 * The deferred step of an uninstall, after all code was flushed. Its `done` callback runs next;
 * then `release`.
 */
export const performUninstall = (state: PluginState, id: bigint): Transition<Deferred> => perform(state, id, isUninstallDue)

/** Whether a queued reset still has to be carried out. */
export const isResetDue = (state: PluginState, id: bigint): boolean =>
  state.plugins.some((plugin) => plugin.id === id && afterReset[plugin.phase] !== undefined)

/** Whether a queued uninstall still has to be carried out. */
export const isUninstallDue = (state: PluginState, id: bigint): boolean =>
  state.plugins.some((plugin) => plugin.id === id && plugin.phase === "uninstalling")

/**
 * A plugin goes, whichever way: it was uninstalled, its install failed, or a callback did.
 * Everything that it holds is let go, and its id is unknown from now on. Its scoreboards stay, as
 * in QEMU: others may share them.
 */
export const release = (state: PluginState, id: bigint): Transition<ReadonlyArray<Action>> => {
  if (!isLoaded(state, id)) return [[], state]
  const [actions, next] = clear(state, id)
  const plugins = next.plugins.filter((plugin) => plugin.id !== id)
  return [[...actions, { kind: "discardFiles", plugin: id }], { ...next, plugins }]
}

const perform = (state: PluginState, id: bigint, isDue: typeof isResetDue): Transition<Deferred> => {
  if (!isDue(state, id)) return [{ done: false, actions: [] }, state]
  const [actions, next] = clear(state, id)
  return [{ done: true, actions }, next]
}

/** Drops what a plugin has registered: handlers, control of time, traces. */
const clear = (state: PluginState, id: bigint): Transition<ReadonlyArray<Action>> => {
  const [unregistered, deaf] = unregisterAll(state, id)
  const [released, timeless] = releaseTime(deaf, id)
  const [closed, next] = closeTraces(timeless, id)
  return [[...unregistered, ...released, ...closed], next]
}
