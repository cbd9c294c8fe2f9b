/**
 * Which callback runs now: in which vCPU, and what it may do. A permission is a token. It is absent
 * where no vCPU is meant (flush, done and atexit callbacks, install), and over when its callback
 * has returned, the Effect that it has returned included.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { CallbackFlags } from "../Instrumentation.ts"
import { DeferredCallbackError } from "../PluginError.ts"
import type { CallbackScope } from "../Ports.ts"
import { noCallback } from "../Ports.ts"

/** `CallbackScope.vcpu` while a callback runs that has no vCPU. */
const noVcpu = noCallback - 1

/** A callback that runs. */
export interface Permission extends Readonly<CallbackScope> {
  /** Its event, or undefined for a callback in code, whose flags its plugin has chosen. */
  readonly event: string | undefined
}

/** The plain callback that runs now: what the engine and the plugin system write to. */
export interface Scope extends CallbackScope {
  event: string | undefined
  /** The fiber in which the plugin system has called it; undefined where the engine has. */
  fiber: object | undefined
  /** How many Effects of plugins run that have, or do not have, a permission of their own. */
  tokens: number
}

/** Who has a scope: the plugin system. */
interface Scoped {
  readonly scope: Scope
}

/** No callback runs. */
export const makeScope = (): Scope => ({ vcpu: noCallback, flags: 0, pc: 0n, event: undefined, fiber: undefined, tokens: 0 })

/** Whose returned Effect a fiber runs. Other callbacks may run while it waits, in other fibers. */
interface Token extends Permission {
  readonly plugin: bigint
  isOver: boolean
}

const CurrentCallback = Context.Reference<Token | undefined>("@emu/core/CurrentCallback", { defaultValue: () => undefined })

/**
 * The vCPU callback that calls us now, or undefined outside of one. A plain callback counts before
 * the Effect in whose fiber it was called, and an Effect that was run in a plain callback before
 * that.
 */
export const currentCallback = ({ scope }: Scoped): Permission | undefined => {
  // the usual case, on the hot path: there is nothing to look for in fibers
  if (scope.tokens === 0) return scope.vcpu >= 0 ? scope : undefined
  const fiber = Fiber.getCurrent()
  const token = fiber?.getRef(CurrentCallback)
  if (token !== undefined && (scope.vcpu === noCallback || fiber !== scope.fiber)) {
    return token.isOver || token.vcpu < 0 ? undefined : token
  }
  return scope.vcpu >= 0 ? scope : undefined
}

/** The plugin whose `event` callback has returned the Effect that calls us, or undefined. */
export const currentlyIn = (event: string): bigint | undefined => {
  const token = Fiber.getCurrent()?.getRef(CurrentCallback)
  return token !== undefined && token.event === event && !token.isOver ? token.plugin : undefined
}

/**
 * Asks the guest something in the name of the callback that calls us: its vCPU and pc say what it
 * sees. In an Effect that a callback has returned, the scope is nobody's, or another callback's.
 */
export const asCurrent = <A>(runtime: Scoped, ask: () => A): A => {
  const current = currentCallback(runtime)
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
export const refuseDeferred = (current: Permission | undefined, operation: string): void => {
  if (current?.flags === CallbackFlags.deferred) throw new DeferredCallbackError({ operation })
}

/** Which callback is being called, for permissions and messages. */
export interface Place {
  readonly plugin: bigint
  readonly event: string
  /** Below 0 where no vCPU is meant. */
  readonly vcpu: number
  readonly flags: number
  /** Guest pc for messages where there is no vCPU that the callback could touch. */
  readonly pc?: bigint | undefined
}

/** Runs a plain function as a callback: it has its permission for that time. */
export const inScope = <A>({ scope }: Scoped, { event, flags, vcpu }: Omit<Place, "plugin">, f: () => A): A => {
  const { event: outerEvent, fiber: outerFiber, flags: outerFlags, vcpu: outerVcpu } = scope
  scope.vcpu = vcpu < 0 ? noVcpu : vcpu
  scope.flags = flags
  scope.event = event
  scope.fiber = Fiber.getCurrent()
  try {
    return f()
  } finally {
    scope.vcpu = outerVcpu
    scope.flags = outerFlags
    scope.event = outerEvent
    scope.fiber = outerFiber
  }
}

/**
 * Runs an Effect that a callback has returned, with its permission: it and what it forks has that
 * until the Effect has ended.
 */
export const withPermission = <A, E>(
  { scope }: Scoped,
  { event, flags, plugin, vcpu }: Place,
  effect: Effect.Effect<A, E>
): Effect.Effect<A, E> => withToken(scope, { plugin, event, flags, vcpu, pc: scope.pc, isOver: false }, effect)

/**
 * Runs an Effect of a plugin that is in no callback, although it may have been started in one of
 * another.
 */
export const withoutPermission = <A, E>({ scope }: Scoped, effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.suspend(() => {
    const { noRegs } = CallbackFlags
    return withToken(scope, { plugin: 0n, event: undefined, flags: noRegs, vcpu: noVcpu, pc: 0n, isOver: true }, effect)
  })

const withToken = <A, E>(scope: Scope, token: Token, effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.acquireUseRelease(
    Effect.sync(() => scope.tokens++),
    () => Effect.provideService(effect, CurrentCallback, token),
    () =>
      Effect.sync(() => {
        token.isOver = true
        scope.tokens--
      })
  )
