/** The code cache was flushed: flush callbacks, and memory that only old code knew. */
import * as Effect from "effect/Effect"
import { CallbackFlags } from "../Instrumentation.ts"
import { eventNames, PluginEvent } from "../PluginEvent.ts"
import { anyVcpu, registrations } from "../PluginState.ts"
import { currentHandler } from "../transitions/registration.ts"
import { callCold, inScope, notPromise } from "./callbacks.ts"
import { errorOf, survives } from "./failures.ts"
import { stateOf } from "./Runtime.ts"
import type { Runtime } from "./Runtime.ts"

/**
 * Told by the code cache when all code has really been dropped, perhaps in the middle of a slice: calls flush handlers. They
 * see no vCPU. What they return or throw is kept until the vCPU is out of the engine.
 */
export const onFlushed = (runtime: Runtime): void => {
  for (const { byteOffset, bytes } of runtime.retired.splice(0)) runtime.memory.free(byteOffset, bytes)
  for (const node of registrations(stateOf(runtime), PluginEvent.flush)) {
    const handler = currentHandler(stateOf(runtime), node)
    if (handler === undefined) continue
    const { plugin } = node
    const place = { plugin, event: eventNames[PluginEvent.flush]!, vcpu: -1, flags: CallbackFlags.noRegs }
    try {
      const result = notPromise(inScope(runtime, place.vcpu, place.flags, handler))
      if (Effect.isEffect(result)) later(runtime, Effect.asVoid(callCold(runtime, place, () => result)))
    } catch (thrown) {
      const error = errorOf(runtime, { plugin, event: place.event, pc: undefined }, thrown)
      if (!survives(runtime, plugin, error, false)) later(runtime, Effect.fail(error))
    }
  }
}

/** Runs what flush handlers left to be run. */
export const settleFlush = (runtime: Runtime): Effect.Effect<void, Effect.Error<(typeof runtime.afterFlush)[number]>> =>
  Effect.suspend(() => {
    const effect = runtime.afterFlush.shift()
    return effect === undefined ? Effect.void : Effect.andThen(effect, settleFlush(runtime))
  })

/** Drops all translated code while no vCPU is in the engine, flush handlers and what they return included. */
export const flushNow = (runtime: Runtime) =>
  Effect.suspend(() => {
    runtime.cache.flush()
    return settleFlush(runtime)
  })

const later = (runtime: Runtime, effect: (typeof runtime.afterFlush)[number]): void => {
  runtime.afterFlush.push(effect)
  runtime.work.queue(anyVcpu, { isSafe: false, run: settleFlush(runtime) })
}
