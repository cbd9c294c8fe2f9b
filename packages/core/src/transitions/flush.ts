/** All translated code is dropped: a state, since those who are told of it may ask for it. */
import * as Chunk from "effect/Chunk"
import * as Option from "effect/Option"
import type { PluginState, Stretch, Transition } from "../PluginState.ts"
import { takeRetired } from "./memory.ts"

/** What a flush begins with. */
export interface FlushBegin {
  /**
   * False where flush handlers are being called already: there is still no code, so they need not
   * hear of it again.
   */
  readonly isFirst: boolean
  /** Memory that may be used again. */
  readonly freed: ReadonlyArray<Stretch>
}

/** The code has gone, and flush handlers are about to be called. */
export const beginFlush = (state: PluginState): Transition<FlushBegin> => {
  if (state.isFlushing) return [{ isFirst: false, freed: [] }, state]
  const [freed, next] = takeRetired(state)
  return [
    { isFirst: true, freed },
    { ...next, isFlushing: true }
  ]
}

/** Flush handlers have been called. What they have retired may be used again: there was no code. */
export const endFlush = (state: PluginState): Transition<ReadonlyArray<Stretch>> =>
  takeRetired({ ...state, isFlushing: false })

/** A flush handler has left something to be run. */
export const leaveAfterFlush = (state: PluginState, effect: AfterFlush): PluginState => ({
  ...state,
  afterFlush: Chunk.append(state.afterFlush, effect)
})

/** Takes the next thing that flush handlers have left to be run. */
export const takeAfterFlush = (state: PluginState): Transition<AfterFlush | undefined> => {
  const next = Option.getOrUndefined(Chunk.head(state.afterFlush))
  return next === undefined ? [undefined, state] : [next, { ...state, afterFlush: Chunk.drop(state.afterFlush, 1) }]
}

type AfterFlush = PluginState["afterFlush"] extends Chunk.Chunk<infer A> ? A : never
