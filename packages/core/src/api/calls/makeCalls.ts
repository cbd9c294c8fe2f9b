/** The part of the API that watches calls of functions: `onCall`, and the events that it takes part in. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { CallHooks, CallTarget } from "../../FunctionCalls.ts"
import type { PluginApi, RegistrationError } from "../../PluginApi.ts"
import { PluginEvent } from "../../PluginEvent.ts"
import { registrations } from "../../PluginState.ts"
import { stateOf } from "../../system/Runtime.ts"
import type { Runtime } from "../../system/Runtime.ts"
import { checkCallback, checkFlags } from "../../transitions/instrumentation.ts"
import { type Api, Calls } from "./Calls.ts"

/** The events that calls need. */
type Shared = "onTbTrans" | "onVcpuInit" | "onVcpuExit"

/**
 * Adds `onCall` to a plugin's events.
 *
 * @param events registers handlers
 */
export const makeCalls = <Events extends Pick<PluginApi, Shared>>(
  runtime: Runtime,
  id: bigint,
  events: Events,
  api: Api
): Events & Pick<PluginApi, "onCall"> => {
  const calls = new Calls(api, runtime.guest)
  let isListening = false

  /** Whether calls are watched; a reset or an uninstall ends that with all handlers. */
  const isActive = (): boolean => {
    if (calls.watches.length === 0) return false
    if (registrations(stateOf(runtime), PluginEvent.vcpuTbTrans).some(({ plugin }) => plugin === id)) return true
    calls.clear()
    return false
  }

  const watch = <State>(target: CallTarget, hooks: CallHooks<State>): Effect.Effect<void, RegistrationError> =>
    Effect.gen(function* () {
      for (const hook of [hooks.enter, hooks.exit]) {
        if (hook !== undefined) Result.getOrThrow(checkCallback("onCall", hook))
      }
      if (hooks.flags !== undefined) Result.getOrThrow(checkFlags(hooks.flags))
      isActive()
      calls.watches.push({ target, hooks: hooks as unknown as CallHooks<unknown> })
      if (!isListening) {
        isListening = true
        runtime.makers.add((vcpu, by) => {
          if (isActive()) calls.made(vcpu, by)
        })
      }
      // a new function each time: replacing the handler drops the code that is there
      yield* events.onTbTrans((tb) => calls.onTbTrans(tb))
      yield* events.onVcpuInit(calls.onVcpuInit)
      yield* events.onVcpuExit(calls.onVcpuExit)
    })

  return {
    ...events,
    onTbTrans: (callback) =>
      Effect.suspend(() => {
        calls.tbTrans = callback
        return isActive() ? events.onTbTrans((tb) => calls.onTbTrans(tb)) : events.onTbTrans(callback)
      }),
    onVcpuInit: (callback) =>
      Effect.suspend(() => {
        calls.vcpuInit = callback
        return isActive() ? events.onVcpuInit(calls.onVcpuInit) : events.onVcpuInit(callback)
      }),
    onVcpuExit: (callback) =>
      Effect.suspend(() => {
        calls.vcpuExit = callback
        return isActive() ? events.onVcpuExit(calls.onVcpuExit) : events.onVcpuExit(callback)
      }),
    onCall: watch
  }
}
