/** Calling plugins: in which vCPU, with which permission, and what becomes of what they throw. */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import { CallbackFlags } from "../Instrumentation.ts"
import { DeferredCallbackError } from "../PluginError.ts"
import type { EventShapeError, UnknownEventError } from "../PluginError.ts"
import { eventNames, PluginEvent } from "../PluginEvent.ts"
import type { EventShape } from "../PluginEvent.ts"
import type { EventHandler, Registration } from "../PluginState.ts"
import type { CallbackScope } from "../Ports.ts"
import { currentHandler, handlersFor } from "../transitions/registration.ts"
import { asFailure, survives } from "./failures.ts"
import type { CallbackEnd } from "./failures.ts"
import { stateOf } from "./Runtime.ts"
import type { Runtime } from "./Runtime.ts"

/** The callback whose returned Effect a fiber runs: other vCPUs may run callbacks while it waits. */
const CurrentCallback = Context.Reference<Readonly<CallbackScope> | undefined>("@emu/core/CurrentCallback", {
  defaultValue: () => undefined
})

/** The vCPU callback that calls us now, or undefined outside of one. */
export const currentScope = (runtime: Runtime): Readonly<CallbackScope> | undefined =>
  runtime.scope.vcpu >= 0 ? runtime.scope : Fiber.getCurrent()?.getRef(CurrentCallback)

/**
 * Asks the guest something in the name of the callback that calls us: its vCPU and pc say what it sees. In an Effect that a callback
 * has returned, the scope is nobody's, or another callback's.
 */
export const asCurrent = <A>(runtime: Runtime, ask: () => A): A => {
  const current = currentScope(runtime)
  const { scope } = runtime
  if (current === undefined || current === scope) return ask()
  const { pc, vcpu } = scope
  scope.pc = current.pc
  scope.vcpu = current.vcpu
  try {
    return ask()
  } finally {
    scope.pc = pc
    scope.vcpu = vcpu
  }
}

/** Refuses an operation that a deferred callback has no business with. Throws. */
export const refuseDeferred = (current: Readonly<CallbackScope> | undefined, operation: string): void => {
  if (current?.flags === CallbackFlags.deferred) throw new DeferredCallbackError({ operation })
}

/** Runs a plain function as a callback of a vCPU: sets the scope for its time. A `vcpu` of -1 means none. */
export const inScope = <A>(runtime: Runtime, vcpu: number, flags: number, f: () => A): A => {
  const { scope } = runtime
  const outerVcpu = scope.vcpu
  const outerFlags = scope.flags
  scope.vcpu = vcpu
  scope.flags = flags
  try {
    return f()
  } finally {
    scope.vcpu = outerVcpu
    scope.flags = outerFlags
  }
}

/**
 * Refuses a Promise as a callback's result: nobody would wait for it, and its failure would be lost. Throws.
 *
 * @returns the result as it is
 */
export const notPromise = (result: unknown): unknown => {
  if (typeof result === "object" && result !== null && "then" in result && typeof result.then === "function") {
    throw new TypeError("it returned a Promise: make it a plain function, or return an Effect such as Effect.promise(...)")
  }
  return result
}

/** Which callback is being called, for permissions and messages. */
export interface Place {
  readonly plugin: bigint
  readonly event: string
  readonly vcpu: number
  readonly flags: number
  /** Guest pc for messages where there is no vCPU that the callback could touch. */
  readonly pc?: bigint | undefined
}

/**
 * Calls one callback off the hot path. What it returns, if an Effect, runs before the result is there, with the same vCPU and
 * permission.
 *
 * @returns what a plain callback returned, or undefined after an Effect, or where it failed and the run goes on without its plugin
 */
export const callCold = (runtime: Runtime, place: Place, call: () => unknown): Effect.Effect<unknown, CallbackEnd> =>
  callOnce(runtime, place, call).pipe(
    Effect.catchIf(
      (end) => end._tag === "PluginCallbackError" && survives(runtime, place.plugin, end),
      () => Effect.void
    )
  )

/** As `callCold`, and the failure is the caller's to deal with, whatever the user wants of failing plugins. */
export const callOnce = (runtime: Runtime, place: Place, call: () => unknown): Effect.Effect<unknown, CallbackEnd> =>
  Effect.suspend(() => {
    let result: unknown
    try {
      result = notPromise(inScope(runtime, place.vcpu, place.flags, call))
    } catch (thrown) {
      return Effect.fail(failureAt(runtime, place, thrown))
    }
    return Effect.isEffect(result) ? runReturned(runtime, place, result) : Effect.succeed(result)
  })

const failureAt = (runtime: Runtime, { event, pc, plugin, vcpu }: Place, cause: unknown): CallbackEnd =>
  asFailure(runtime, { plugin, event, pc: vcpu < 0 ? pc : runtime.scope.pc }, cause)

/** Runs an Effect that a callback returned, as that callback: another one may have the scope while this waits. */
const runReturned = (
  runtime: Runtime,
  { event, flags, pc: pcWithoutVcpu, plugin, vcpu }: Place,
  effect: Effect.Effect<unknown, unknown, unknown>
): Effect.Effect<undefined, CallbackEnd> => {
  const context = { vcpu, flags, pc: runtime.scope.pc }
  const pc = vcpu < 0 ? pcWithoutVcpu : context.pc
  // What plugins return needs no services by its type.
  return (effect as Effect.Effect<unknown, unknown>).pipe(
    Effect.provideService(CurrentCallback, vcpu < 0 ? undefined : context),
    // Reached by what the Effect does to itself only: a fiber that is interrupted from outside runs no handlers.
    Effect.catchCause((cause) => Effect.fail(asFailure(runtime, { plugin, event, pc }, reasonOf(cause)))),
    Effect.as(undefined)
  )
}

const reasonOf = (cause: Cause.Cause<unknown>): unknown =>
  Cause.hasInterruptsOnly(cause) ? new Error("it interrupted itself") : Cause.squash(cause)

/** Which event is delivered, how its handlers are called, and what they may do. */
export interface Delivery {
  readonly event: PluginEvent
  readonly shape: EventShape
  readonly vcpu: number
  readonly flags: CallbackFlags
  /** As in `Place`. */
  readonly pc?: bigint
}

/**
 * Calls every handler of an event, first in the list first, over the list as it was when the event fired; a handler removed
 * meanwhile is skipped (B3). Stops at the first failure that ends the run; at the end of the program there is nothing to stop for,
 * so every handler is called.
 *
 * @param invoke calls one handler, in the form that `shape` names
 * @param until stops the chain at a result that it accepts
 * @returns the result that stopped the chain, or undefined
 */
export const dispatch = (
  runtime: Runtime,
  delivery: Delivery,
  invoke: (handler: EventHandler) => unknown,
  until: (result: unknown) => boolean = never
): Effect.Effect<unknown, CallbackEnd | EventShapeError | UnknownEventError> =>
  Effect.suspend((): Effect.Effect<unknown, CallbackEnd | EventShapeError | UnknownEventError> => {
    const list = handlersFor(stateOf(runtime), delivery.event, delivery.shape)
    if (Result.isFailure(list)) return Effect.fail(list.failure)
    return list.success.length === 0 ? Effect.void : callEach(runtime, list.success, delivery, invoke, until)
  })

const never = () => false

/** Plain handlers are called in one go; only one that returns an Effect makes the rest wait for it. */
const callEach = (
  runtime: Runtime,
  list: ReadonlyArray<Registration>,
  { event, flags, pc, vcpu }: Delivery,
  invoke: (handler: EventHandler) => unknown,
  until: (result: unknown) => boolean
): Effect.Effect<unknown, CallbackEnd> => {
  let failedAtExit: CallbackEnd | undefined

  const goesOn = (plugin: bigint, end: CallbackEnd): boolean => {
    if (end._tag !== "PluginCallbackError") return false
    if (survives(runtime, plugin, end)) return true
    if (event !== PluginEvent.atExit) return false
    if (failedAtExit === undefined) failedAtExit = end
    else runtime.failures.report(end)
    return true
  }

  const callFrom = (first: number): Effect.Effect<unknown, CallbackEnd> =>
    Effect.suspend(() => {
      for (let i = first; i < list.length; i++) {
        const node = list[i]!
        const { plugin } = node
        const handler = currentHandler(stateOf(runtime), node)
        if (handler === undefined) continue
        const place = { plugin, event: eventNames[event]!, vcpu, flags, pc }
        let result: unknown
        try {
          result = notPromise(inScope(runtime, vcpu, flags, () => invoke(handler)))
        } catch (thrown) {
          const end = failureAt(runtime, place, thrown)
          if (goesOn(plugin, end)) continue
          return Effect.fail(end)
        }
        if (Effect.isEffect(result)) {
          return runReturned(runtime, place, result).pipe(
            Effect.catchIf(
              (end) => goesOn(plugin, end),
              () => Effect.void
            ),
            Effect.andThen(callFrom(i + 1))
          )
        }
        if (until(result)) return Effect.succeed(result)
      }
      return failedAtExit === undefined ? Effect.void : Effect.fail(failedAtExit)
    })

  return callFrom(0)
}
