/** All translated code is dropped: a state, since what is told of it may ask for it. */
import type { PluginState, Transition } from "../PluginState.ts"

/**
 * The code has gone, and flush handlers are about to be called.
 *
 * @returns false where they are being called already: there is still no code, so they need not hear of it again
 */
export const beginFlush = (state: PluginState): Transition<boolean> =>
  state.isFlushing ? [false, state] : [true, { ...state, isFlushing: true }]

/** Flush handlers have been called. */
export const endFlush = (state: PluginState): PluginState => ({ ...state, isFlushing: false })
