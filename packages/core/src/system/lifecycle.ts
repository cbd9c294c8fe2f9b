/**
 * Reset and uninstall: asked for now, carried out when no vCPU is in guest code. The state is changed in single synchronous
 * steps, so there is no lock that the deferred step could take twice (L1).
 */
import * as Effect from "effect/Effect"
import type * as Result from "effect/Result"
import { checkCallback } from "../transitions/instrumentation.ts"
import { CallbackFlags } from "../Instrumentation.ts"
import type { ColdResult } from "../PluginApi.ts"
import type { PluginError } from "../PluginError.ts"
import type { Checked, PluginState } from "../PluginState.ts"
import * as Lifecycle from "../transitions/lifecycle.ts"
import { callCold } from "./callbacks.ts"
import { currentCallback } from "./permission.ts"
import { closeTraces } from "./closeTraces.ts"
import { flushNow } from "./flush.ts"
import { apply, applyChecked, carryOut, stateOf } from "./Runtime.ts"
import type { Runtime, WorkError } from "./Runtime.ts"
import { drainTraces } from "./traces.ts"

/** A plugin's `done` callback of reset and uninstall. */
type Done = (() => ColdResult) | undefined

/** Asks for a reset; see `PluginApi.reset`. */
export const reset = (runtime: Runtime, id: bigint, done?: Done): Effect.Effect<void, WorkError> =>
  Effect.andThen(
    checkDone("reset", done),
    request(runtime, id, Lifecycle.requestReset, deferred(runtime, id, resetStep, done))
  )

/** Asks for removal; see `PluginApi.uninstall`. */
export const uninstall = (runtime: Runtime, id: bigint, done?: Done): Effect.Effect<void, WorkError> =>
  Effect.andThen(
    checkDone("uninstall", done),
    request(runtime, id, Lifecycle.requestUninstall, deferred(runtime, id, uninstallStep, done))
  )

/** Carries out a reset that was asked for, now. Call it in an exclusive section. */
export const performReset = (runtime: Runtime, id: bigint): Effect.Effect<void, WorkError> =>
  deferred(runtime, id, resetStep, undefined)

/** Carries out a removal that was asked for, now. Call it in an exclusive section. */
export const performUninstall = (runtime: Runtime, id: bigint): Effect.Effect<void, WorkError> =>
  deferred(runtime, id, uninstallStep, undefined)

const checkDone = (operation: string, done: Done) =>
  done === undefined ? Effect.void : Effect.fromResult(checkCallback(operation, done))

const resetStep = { event: "reset", isDue: Lifecycle.isResetDue, perform: Lifecycle.performReset, end: Lifecycle.endReset }
const uninstallStep = {
  event: "uninstall",
  isDue: Lifecycle.isUninstallDue,
  perform: Lifecycle.performUninstall,
  end: Lifecycle.endUninstall
}

/**
 * Queues the deferred step as safe work, which runs when no vCPU is in guest code, or does it at once where nobody would.
 */
const request = (
  runtime: Runtime,
  id: bigint,
  transition: (state: PluginState, id: bigint) => Checked<Lifecycle.Request>,
  step: Effect.Effect<void, WorkError>
): Effect.Effect<void, WorkError> =>
  Effect.suspend(() => {
    const answer: Result.Result<Lifecycle.Request, PluginError> = applyChecked(runtime, (state) => transition(state, id))
    if (answer._tag === "Failure") return Effect.fail(answer.failure)
    if (answer.success === "ignore") return Effect.void
    const asking = currentCallback(runtime)?.vcpu ?? runtime.exclusive.running()
    const place = Lifecycle.placeOfDeferred(stateOf(runtime), asking)
    if (place === "now") return step
    runtime.work.queue(place, { isSafe: true, run: step })
    return Effect.void
  })

/** Deliver what its traces hold, flush (the plugin's own handler still hears it), drop its registrations, call `done`, and end. */
const deferred = (runtime: Runtime, id: bigint, step: typeof resetStep, done: Done): Effect.Effect<void, WorkError> =>
  Effect.gen(function* () {
    if (!step.isDue(stateOf(runtime), id)) return
    const failed = drainTraces(runtime, id)
    if (failed !== undefined) return yield* Effect.fail(failed)
    yield* flushNow(runtime)
    const outcome = apply(runtime, (state) => step.perform(state, id))
    if (!outcome.done) return
    carryOut(runtime, outcome.actions)
    closeTraces(runtime, id)
    const place = { plugin: id, event: step.event, vcpu: -1, flags: CallbackFlags.noRegs }
    const call = done === undefined ? Effect.void : callCold(runtime, place, done)
    yield* Effect.ensuring(
      call,
      Effect.sync(() => {
        apply(runtime, (state) => [undefined, step.end(state, id)])
        if (step === uninstallStep) runtime.installs.delete(id)
      })
    )
  })
