/** Traces are opened and closed. */
import type { Action, OwnedTrace, PluginState, Transition } from "../PluginState.ts"
import { retire } from "./memory.ts"

/** A plugin has made a trace. */
export const openTrace = (state: PluginState, trace: OwnedTrace): PluginState => ({
  ...state,
  traces: [...state.traces, trace]
})

/**
 * Closes the traces of a plugin: what is in them is lost. The next flush gives their bytes back,
 * for code may write there.
 */
export const closeTraces = (state: PluginState, plugin: bigint): Transition<ReadonlyArray<Action>> => {
  const closed = state.traces.filter((owned) => owned.plugin === plugin)
  if (closed.length === 0) return [[], state]
  const traces = state.traces.filter((owned) => owned.plugin !== plugin)
  const places = closed.map(({ place }) => place)
  return [closed.map(({ trace }) => ({ kind: "closeTrace", trace })), retire({ ...state, traces }, places)]
}
