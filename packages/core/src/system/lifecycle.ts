/**
 * Reset and uninstall: asked for now, carried out when no vCPU is in guest code. The state is
 * changed in single synchronous steps, so there is no lock that the deferred step could take twice
 * (L1).
 */
import * as Effect from "effect/Effect"
import { CallbackFlags } from "../Instrumentation.ts"
import type { ColdResult } from "../PluginApi.ts"
import type { CallbackTypeError, UninstallInInstallError, UnknownPluginError } from "../PluginError.ts"
import type { ResetError, UninstallError } from "../PluginRegistry.ts"
import { anyVcpu } from "../PluginState.ts"
import type { Action, Checked, PluginState, Transition, WorkError } from "../PluginState.ts"
import { checkCallback } from "../transitions/instrumentation.ts"
import * as Lifecycle from "../transitions/lifecycle.ts"
import { callCold, withoutRequests } from "./callbacks.ts"
import { flushNow } from "./flush.ts"
import { currentCallback } from "./permission.ts"
import { apply, applyActions, carryOut, modifyChecked, queue, stateOf } from "./Runtime.ts"
import type { Runtime } from "./Runtime.ts"
import { drainTraces } from "./traces.ts"

/** A plugin's `done` callback of reset and uninstall. */
type Done = (() => ColdResult) | undefined

/** Asks for a reset; see `PluginApi.reset`. */
export const reset = (runtime: Runtime, id: bigint, done?: Done): Effect.Effect<void, ResetError> =>
  request(runtime, id, resetStep, done)

/** Asks for removal; see `PluginApi.uninstall`. */
export const uninstall = (runtime: Runtime, id: bigint, done?: Done): Effect.Effect<void, UninstallError> =>
  request(runtime, id, uninstallStep, done)

/** Carries out a reset that was asked for, now. Call it in an exclusive section. */
export const performReset = (runtime: Runtime, id: bigint): Effect.Effect<void, WorkError> =>
  deferred(runtime, id, resetStep, undefined)

/** Carries out a removal that was asked for, now. Call it in an exclusive section. */
export const performUninstall = (runtime: Runtime, id: bigint): Effect.Effect<void, WorkError> =>
  deferred(runtime, id, uninstallStep, undefined)

/** The transitions of one of the two. */
interface Step<E> {
  readonly event: string
  readonly request: (state: PluginState, id: bigint) => Checked<Lifecycle.Request, E>
  readonly isDue: (state: PluginState, id: bigint) => boolean
  readonly perform: (state: PluginState, id: bigint) => Transition<Lifecycle.Deferred>
  readonly end: (state: PluginState, id: bigint) => Transition<ReadonlyArray<Action>>
}

const resetStep: Step<UnknownPluginError> = {
  event: "reset",
  request: Lifecycle.requestReset,
  isDue: Lifecycle.isResetDue,
  perform: Lifecycle.performReset,
  end: Lifecycle.endReset
}

const uninstallStep: Step<UnknownPluginError | UninstallInInstallError> = {
  event: "uninstall",
  request: Lifecycle.requestUninstall,
  isDue: Lifecycle.isUninstallDue,
  perform: Lifecycle.performUninstall,
  end: Lifecycle.release
}

/**
 * Queues the deferred step as safe work, which runs when no vCPU is in guest code, or does it at
 * once where nobody would.
 */
const request = <E>(
  runtime: Runtime,
  id: bigint,
  step: Step<E>,
  done: Done
): Effect.Effect<void, E | CallbackTypeError | WorkError> =>
  Effect.gen(function* () {
    if (done !== undefined) yield* Effect.fromResult(checkCallback(step.event, done))
    const answer = yield* modifyChecked(runtime, (state) => step.request(state, id))
    if (answer === "ignore") return
    const asking = currentCallback(runtime)?.vcpu ?? runtime.exclusive.running()
    const place = Lifecycle.placeOfDeferred(stateOf(runtime), asking)
    const run = deferred(runtime, id, step, done)
    if (place === "now") return yield* run
    queue(runtime, place, { isSafe: true, run })
  })

/**
 * Deliver what its traces hold, flush (the plugin's own handler still hears it), drop its
 * registrations, call `done`, and end. What others fail with meanwhile, such as another plugin's
 * flush handler, keeps it from nothing: that comes out at the end.
 */
const deferred = <E>(runtime: Runtime, id: bigint, step: Step<E>, done: Done): Effect.Effect<void, WorkError> => {
  const place = { plugin: id, event: step.event, vcpu: anyVcpu, flags: CallbackFlags.noRegs }
  const callDone = done === undefined ? Effect.void : Effect.asVoid(withoutRequests(callCold(runtime, place, done)))
  const end = Effect.sync(() => applyActions(runtime, (state) => step.end(state, id)))
  const finish = Effect.suspend((): Effect.Effect<void, WorkError> => {
    const outcome = apply(runtime, (state) => step.perform(state, id))
    carryOut(runtime, outcome.actions)
    return outcome.done ? Effect.ensuring(callDone, end) : Effect.void
  })
  return Effect.suspend((): Effect.Effect<void, WorkError> => {
    if (!step.isDue(stateOf(runtime), id)) return Effect.void
    const drained = drainTraces(runtime, id)
    const flushed = flushNow(runtime)
    const first = drained === undefined ? flushed : Effect.andThen(Effect.exit(flushed), Effect.fail(drained))
    return Effect.onExit(first, () => finish)
  })
}
