/** The program ends. */
import { PluginEvent } from "../PluginEvent.ts"
import type { Action, PluginState, Transition } from "../PluginState.ts"
import { unregisterAll } from "./registration.ts"

/** What the end of the program leads to. */
export interface UserExit {
  /** False where the program has ended before: atexit handlers run once (B7). */
  readonly first: boolean
  readonly actions: ReadonlyArray<Action>
}

/**
 * Unregisters everything but atexit handlers. All code is to be flushed after it, which flush
 * handlers no longer hear; then the atexit handlers run. Live vCPUs stay: the exit of all
 * but the one that ends the program was reported before.
 */
export const userExit = (state: PluginState): Transition<UserExit> => {
  if (state.exited) return [{ first: false, actions: [] }, state]
  const actions: Array<Action> = []
  let next: PluginState = { ...state, exited: true }
  for (const plugin of state.plugins) {
    const [more, after] = unregisterAll(next, plugin.id, [PluginEvent.atExit])
    actions.push(...more)
    next = after
  }
  return [{ first: true, actions }, next]
}
