/**
 * Calling plugins: what becomes of what a callback returns and throws, and which handlers of an
 * event are called.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { ExitRequest } from "../ExitRequest.ts"
import { CallbackFlags } from "../Instrumentation.ts"
import type { PluginCallbackError } from "../PluginError.ts"
import { eventNames } from "../PluginEvent.ts"
import type { PluginEvent } from "../PluginEvent.ts"
import { registrations } from "../PluginState.ts"
import type { EventHandler, Registration } from "../PluginState.ts"
import { SetPcRequest } from "../SetPcRequest.ts"
import { currentHandler } from "../transitions/registration.ts"
import { errorOf, survives } from "./failures.ts"
import type { CallbackEnd } from "./failures.ts"
import { inScope, withPermission } from "./permission.ts"
import type { Place } from "./permission.ts"
import { stateOf } from "./Runtime.ts"
import type { Runtime } from "./Runtime.ts"

/**
 * Calls a plugin's function as a plain callback. What it returns may be an Effect, which is the
 * caller's to run.
 *
 * @returns its result, or what it has ended with. A Promise is refused: nobody would wait for it,
 *   and its failure would be lost
 */
export const callPlain = (runtime: Runtime, place: Place, call: () => unknown): Result.Result<unknown, CallbackEnd> => {
  try {
    const result = inScope(runtime, place, call)
    return isPromise(result) ? Result.fail(endOf(runtime, place, new TypeError(promised))) : Result.succeed(result)
  } catch (thrown) {
    return Result.fail(endOf(runtime, place, thrown))
  }
}

const promised = "it returned a Promise: make it a plain function, or return an Effect such as Effect.promise(...)"

const isPromise = (result: unknown): boolean =>
  typeof result === "object" && result !== null && "then" in result && typeof result.then === "function"

/**
 * The pc is what the scope says, unless the callback has no vCPU. Requests count only where the
 * callback may make them.
 */
const endOf = (
  runtime: Runtime,
  { event, flags, pc, plugin, vcpu }: Place,
  cause: unknown,
  pcOfVcpu = runtime.scope.pc
): CallbackEnd => {
  const culprit = { plugin, event, pc: vcpu < 0 ? pc : pcOfVcpu }
  if (cause instanceof SetPcRequest)
    return flags === CallbackFlags.readWriteRegsPc ? cause : errorOf(runtime, culprit, misplaced)
  if (cause instanceof ExitRequest) return vcpu >= 0 ? cause : errorOf(runtime, culprit, misplaced)
  return errorOf(runtime, culprit, cause)
}

const misplaced = new Error("it threw what another callback's setPc or exit has thrown")

/** What callbacks that may not change the pc end with. */
export const withoutPc = <A>(effect: Effect.Effect<A, CallbackEnd>) =>
  effect as Effect.Effect<A, Exclude<CallbackEnd, SetPcRequest>>

/** What callbacks without a vCPU end with. */
export const withoutRequests = <A>(effect: Effect.Effect<A, CallbackEnd>) =>
  effect as Effect.Effect<A, Extract<CallbackEnd, PluginCallbackError>>

/** Runs an Effect that a callback has returned, as that callback. */
export const runReturned = (
  runtime: Runtime,
  place: Place,
  effect: Effect.Effect<unknown, unknown, unknown>
): Effect.Effect<undefined, CallbackEnd> => {
  const { pc } = runtime.scope
  // What plugins return needs no services by its type.
  return withPermission(runtime, place, effect as Effect.Effect<unknown, unknown>).pipe(
    // Reached by what the Effect does to itself only: a fiber that is interrupted from outside runs no handlers.
    Effect.catchCause((cause) => Effect.fail(endOf(runtime, place, reasonOf(cause), pc))),
    Effect.as(undefined)
  )
}

const reasonOf = (cause: Cause.Cause<unknown>): unknown =>
  Cause.hasInterruptsOnly(cause) ? new Error("it interrupted itself") : Cause.squash(cause)

/**
 * Calls one callback off the hot path, and runs what it returns, if that is an Effect, before the
 * result is there. The failure is the caller's to deal with, whatever the user wants of failing
 * plugins.
 *
 * @returns what a plain callback returned, or undefined after an Effect
 */
export const callOnce = (runtime: Runtime, place: Place, call: () => unknown): Effect.Effect<unknown, CallbackEnd> =>
  Effect.suspend(() => {
    const called = callPlain(runtime, place, call)
    if (Result.isFailure(called)) return Effect.fail(called.failure)
    return Effect.isEffect(called.success) ? runReturned(runtime, place, called.success) : Effect.succeed(called.success)
  })

/** As `callOnce`; gives undefined where it failed and the run goes on without its plugin. */
export const callCold = (runtime: Runtime, place: Place, call: () => unknown): Effect.Effect<unknown, CallbackEnd> =>
  callOnce(runtime, place, call).pipe(
    Effect.catchIf(
      (end) => end._tag === "PluginCallbackError" && survives(runtime, place.plugin, end),
      () => Effect.void
    )
  )

/** Which event is delivered, and what its handlers may do. */
export interface Delivery {
  readonly event: PluginEvent
  readonly vcpu: number
  readonly flags: CallbackFlags
  /** As in `Place`. */
  readonly pc?: bigint | undefined
}

/** Hears what one handler gave. Gives whether the next one is to be called. */
type Hears = (outcome: Result.Result<unknown, CallbackEnd>, place: Place, next: number) => boolean

/**
 * Calls the live handlers of an event as plain callbacks: first in the list first, over the list as
 * it was when the event fired. One that was removed meanwhile is skipped, one that was replaced is
 * called as it is now (B3).
 *
 * @param invoke calls one handler, in the form that the event's shape names
 * @param first number of the first one in the list to be called
 */
export const callLive = (
  runtime: Runtime,
  list: ReadonlyArray<Registration>,
  { event, flags, pc, vcpu }: Delivery,
  invoke: (handler: EventHandler, plugin: bigint) => unknown,
  hears: Hears,
  first = 0
): void => {
  for (let i = first; i < list.length; i++) {
    const node = list[i]!
    const handler = currentHandler(stateOf(runtime), node)
    if (handler === undefined) continue
    const { plugin } = node
    const place = { plugin, event: eventNames[event]!, vcpu, flags, pc }
    const outcome = callPlain(runtime, place, () => invoke(handler, plugin))
    if (!hears(outcome, place, i + 1)) return
  }
}

/**
 * Delivers an event to its handlers; only one that returns an Effect makes the rest wait for it.
 * Stops at the first failure that ends the run.
 *
 * @param invoke as for `callLive`
 * @param until stops the chain at a result that it accepts
 * @param goesOn whether the chain goes on after a failure; where the run goes on without the
 *   plugin, if nothing is said
 * @returns the result that stopped the chain, or undefined
 */
export const dispatch = (
  runtime: Runtime,
  delivery: Delivery,
  invoke: (handler: EventHandler) => unknown,
  until: (result: unknown) => boolean = never,
  goesOn: (plugin: bigint, end: CallbackEnd) => boolean = (plugin, end) => survivesEnd(runtime, plugin, end)
): Effect.Effect<unknown, CallbackEnd> =>
  Effect.suspend(() => {
    const list = registrations(stateOf(runtime), delivery.event)
    if (list.length === 0) return Effect.void
    const callFrom = (first: number): Effect.Effect<unknown, CallbackEnd> => {
      let end: Effect.Effect<unknown, CallbackEnd> = Effect.void
      const hears: Hears = (outcome, place, next) => {
        if (Result.isFailure(outcome)) {
          if (goesOn(place.plugin, outcome.failure)) return true
          end = Effect.fail(outcome.failure)
        } else if (Effect.isEffect(outcome.success)) {
          end = runReturned(runtime, place, outcome.success).pipe(
            Effect.catchIf(
              (failure) => goesOn(place.plugin, failure),
              () => Effect.void
            ),
            Effect.andThen(Effect.suspend(() => callFrom(next)))
          )
        } else if (until(outcome.success)) end = Effect.succeed(outcome.success)
        else return true
        return false
      }
      callLive(runtime, list, delivery, invoke, hears, first)
      return end
    }
    return callFrom(0)
  })

const never = () => false

/**
 * Whether the run goes on after what a callback has ended with, without its plugin. Requests are
 * not for that.
 */
export const survivesEnd = (runtime: Runtime, plugin: bigint, end: CallbackEnd): boolean =>
  end._tag === "PluginCallbackError" && survives(runtime, plugin, end)
