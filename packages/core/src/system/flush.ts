/** The code cache was flushed: flush callbacks, and memory that only old code knew. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { CallbackFlags } from "../Instrumentation.ts"
import { eventNames, PluginEvent } from "../PluginEvent.ts"
import { anyVcpu, registrations } from "../PluginState.ts"
import type { Stretch, WorkError } from "../PluginState.ts"
import * as Flush from "../transitions/flush.ts"
import { callLive, runReturned, survivesEnd, withoutRequests } from "./callbacks.ts"
import type { CallbackEnd } from "./failures.ts"
import { currentlyIn } from "./permission.ts"
import { apply, modify, queue, requestFlush, stateOf } from "./Runtime.ts"
import type { Runtime } from "./Runtime.ts"

/**
 * Told by the code cache when all code has really been dropped, perhaps in the middle of a slice:
 * calls flush handlers. They see no vCPU. What they return or throw is kept until the vCPU is out
 * of the engine.
 *
 * While handlers are called there is no code, so a flush that they ask for is this one. The Effects
 * that they return run later, when there is code again: a flush that one of them asks for is a new
 * one, which its own plugin does not hear.
 */
export const onFlushed = (runtime: Runtime): void => {
  const { freed, isFirst } = apply(runtime, Flush.beginFlush)
  if (!isFirst) return
  giveBack(runtime, freed)
  const asking = currentlyIn(eventNames[PluginEvent.flush]!)
  const delivery = { event: PluginEvent.flush, vcpu: anyVcpu, flags: CallbackFlags.noRegs }
  const invoke = (handler: () => unknown, plugin: bigint) => (plugin === asking ? undefined : handler())
  callLive(runtime, registrations(stateOf(runtime), PluginEvent.flush), delivery, invoke, (outcome, place) => {
    const survives = (end: CallbackEnd) => survivesEnd(runtime, place.plugin, end)
    if (Result.isFailure(outcome)) {
      if (!survives(outcome.failure)) later(runtime, withoutRequests(Effect.fail(outcome.failure)))
    } else if (Effect.isEffect(outcome.success)) {
      const returned = withoutRequests(runReturned(runtime, place, outcome.success))
      later(
        runtime,
        Effect.catchIf(returned, survives, () => Effect.void)
      )
    }
    return true
  })
  giveBack(runtime, apply(runtime, Flush.endFlush))
}

const giveBack = ({ memory }: Runtime, stretches: ReadonlyArray<Stretch>): void => {
  for (const { byteOffset, bytes } of stretches) memory.free(byteOffset, bytes)
}

/** Runs what flush handlers left to be run. */
export const settleFlush = (runtime: Runtime): Effect.Effect<void, WorkError> =>
  Effect.flatMap(modify(runtime, Flush.takeAfterFlush), (effect) =>
    effect === undefined ? Effect.void : Effect.andThen(effect, settleFlush(runtime))
  )

/**
 * Drops all translated code while no vCPU is in the engine, flush handlers and what they return
 * included.
 */
export const flushNow = (runtime: Runtime): Effect.Effect<void, WorkError> =>
  Effect.suspend(() => {
    requestFlush(runtime)
    return settleFlush(runtime)
  })

const later = (runtime: Runtime, effect: Effect.Effect<void, WorkError>): void => {
  apply(runtime, (state) => [undefined, Flush.leaveAfterFlush(state, effect)])
  queue(runtime, anyVcpu, { isSafe: false, run: settleFlush(runtime) })
}
