/** Scoreboard memory that is not used any more, but that code may still write to. */
import * as HashMap from "effect/HashMap"
import type { PluginState, Stretch, Transition } from "../PluginState.ts"

/** Memory is not used any more. */
export const retire = (state: PluginState, stretches: ReadonlyArray<Stretch>): PluginState => ({
  ...state,
  retired: stretches.reduce((map, { byteOffset, bytes }) => HashMap.set(map, byteOffset, bytes), state.retired)
})

/** All code has gone. Gives what may be used again. */
export const takeRetired = (state: PluginState): Transition<ReadonlyArray<Stretch>> => {
  if (HashMap.isEmpty(state.retired)) return [[], state]
  const stretches = Array.from(HashMap.entries(state.retired), ([byteOffset, bytes]) => ({ byteOffset, bytes }))
  return [stretches.sort((a, b) => a.byteOffset - b.byteOffset), { ...state, retired: HashMap.empty() }]
}
