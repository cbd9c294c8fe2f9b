/** The code cache was flushed: flush callbacks, and memory that only old code knew. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { CallbackFlags } from "../Instrumentation.ts"
import { eventNames, PluginEvent } from "../PluginEvent.ts"
import { anyVcpu } from "../PluginState.ts"
import * as Flush from "../transitions/flush.ts"
import { callLive, runReturned, survivesEnd } from "./callbacks.ts"
import { currentlyIn } from "./permission.ts"
import type { Place } from "./permission.ts"
import { apply, requestFlush } from "./Runtime.ts"
import type { Runtime, WorkError } from "./Runtime.ts"

/**
 * Told by the code cache when all code has really been dropped, perhaps in the middle of a slice: calls flush handlers. They
 * see no vCPU. What they return or throw is kept until the vCPU is out of the engine.
 *
 * While handlers are called there is no code, so a flush that they ask for is this one. The Effects that they return run later, when
 * there is code again: a flush that one of them asks for is a new one, which its own plugin does not hear.
 */
export const onFlushed = (runtime: Runtime): void => {
  if (!apply(runtime, Flush.beginFlush)) return
  giveBack(runtime)
  const asking = currentlyIn(eventNames[PluginEvent.flush]!)
  const delivery = { event: PluginEvent.flush, vcpu: anyVcpu, flags: CallbackFlags.noRegs }
  const invoke = (handler: () => unknown, plugin: bigint) => (plugin === asking ? undefined : handler())
  for (const { outcome, place } of callLive(runtime, delivery, invoke)) {
    if (Result.isFailure(outcome)) {
      if (!survivesEnd(runtime, place.plugin, outcome.failure)) later(runtime, Effect.fail(outcome.failure))
    } else if (Effect.isEffect(outcome.success)) later(runtime, returned(runtime, place, outcome.success))
  }
  apply(runtime, (state) => [undefined, Flush.endFlush(state)])
  giveBack(runtime)
}

const returned = (
  runtime: Runtime,
  place: Place,
  effect: Effect.Effect<unknown, unknown, unknown>
): Effect.Effect<void, WorkError> =>
  runReturned(runtime, place, effect).pipe(
    Effect.catchIf(
      (end) => survivesEnd(runtime, place.plugin, end),
      () => Effect.void
    ),
    Effect.asVoid
  )

/** No code is left that could write to retired memory. */
const giveBack = (runtime: Runtime): void => {
  for (const { byteOffset, bytes } of runtime.retired.splice(0)) runtime.memory.free(byteOffset, bytes)
}

/** Runs what flush handlers left to be run. */
export const settleFlush = (runtime: Runtime): Effect.Effect<void, WorkError> =>
  Effect.suspend(() => {
    const effect = runtime.afterFlush.shift()
    return effect === undefined ? Effect.void : Effect.andThen(effect, settleFlush(runtime))
  })

/** Drops all translated code while no vCPU is in the engine, flush handlers and what they return included. */
export const flushNow = (runtime: Runtime): Effect.Effect<void, WorkError> =>
  Effect.suspend(() => {
    requestFlush(runtime)
    return settleFlush(runtime)
  })

const later = (runtime: Runtime, effect: Effect.Effect<void, WorkError>): void => {
  runtime.afterFlush.push(effect)
  runtime.work.queue(anyVcpu, { isSafe: false, run: settleFlush(runtime) })
}
