/** Which plugin says what time it is for the guest. */
import * as Result from "effect/Result"
import type { UnknownPluginError } from "../PluginError.ts"
import { findPlugin } from "../PluginState.ts"
import type { Action, Checked, PluginState, Transition } from "../PluginState.ts"

/**
 * A plugin asks for control of time. One plugin can have it, and keeps it until it is reset or
 * uninstalled.
 *
 * @returns whether it was given: not where another plugin has it, nor to one that is being
 *   uninstalled
 */
export const requestTime = (state: PluginState, id: bigint): Checked<boolean, UnknownPluginError> =>
  Result.map(findPlugin(state, id), (plugin) => {
    if (plugin.phase === "uninstalling" || (state.timeHolder !== undefined && state.timeHolder !== id)) return [false, state]
    return [true, { ...state, timeHolder: id }]
  })

/** A plugin is reset or goes: time is the host's again if it was that plugin's. */
export const releaseTime = (state: PluginState, id: bigint): Transition<ReadonlyArray<Action>> =>
  state.timeHolder === id ? [[{ kind: "releaseTime" }], { ...state, timeHolder: undefined }] : [[], state]
