/**
 * What the parts of the plugin system share: the state's Ref, the ports, and how transitions are
 * applied and carried out.
 */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Result from "effect/Result"
import type { Action, Checked, PluginState, Transition, Work, WorkError } from "../PluginState.ts"
import * as PluginState_ from "../PluginState.ts"
import { CodeCache, GuestAccess, PluginOutput, ScoreboardMemory } from "../Ports.ts"
import { PluginFiles } from "../PluginFiles.ts"
import { PluginChannels } from "../PluginChannels.ts"
import type { ChannelHost } from "../PluginChannels.ts"
import { PluginFailures } from "../PluginFailures.ts"
import type { PluginFailurePolicy } from "../PluginFailures.ts"
import { receiveMask } from "../transitions/vcpu.ts"
import { hasWork, queueWork, takeWork } from "../transitions/work.ts"
import * as Exclusive from "../vcpu/Exclusive.ts"
import { makeScope, type Scope } from "./permission.ts"

/** The running plugin system. */
export interface Runtime {
  readonly ref: Ref.Ref<PluginState>
  /** Told of each change of the plugins that there are, or of what they listen to. */
  readonly watchers: Set<(state: PluginState) => void>
  /** Told of each vCPU that another one has made, before it begins. */
  readonly makers: Set<(vcpu: number, by: number) => void>
  readonly cache: CodeCache["Service"]
  readonly guest: GuestAccess["Service"]
  readonly output: PluginOutput["Service"]
  readonly files: PluginFiles["Service"]
  readonly memory: ScoreboardMemory["Service"]
  readonly channels: ChannelHost
  readonly failures: PluginFailurePolicy
  readonly scope: Scope
  readonly exclusive: Exclusive.Exclusive
}

/** Makes the runtime from the ports. */
export const make = Effect.gen(function* () {
  const cache = yield* CodeCache
  const runtime: Runtime = {
    ref: yield* Ref.make(PluginState_.empty),
    watchers: new Set(),
    makers: new Set(),
    cache,
    guest: yield* GuestAccess,
    output: yield* PluginOutput,
    files: yield* PluginFiles,
    memory: yield* ScoreboardMemory,
    channels: yield* PluginChannels,
    failures: yield* PluginFailures,
    scope: makeScope(),
    exclusive: Exclusive.make(cache.requestExit)
  }
  return runtime
})

/** The state as it is now. */
export const stateOf = (runtime: Runtime): PluginState => Ref.getUnsafe(runtime.ref)

/** Applies a transition. */
export const modify = <A>({ ref, watchers }: Runtime, transition: (state: PluginState) => Transition<A>): Effect.Effect<A> =>
  Ref.modify(ref, (state) => {
    const applied = transition(state)
    const [, next] = applied
    const hasChanged = next.plugins !== state.plugins || next.callbacks !== state.callbacks
    if (hasChanged) for (const tell of watchers) tell(next)
    return applied
  })

/** Applies a transition that may be refused; the state then stays as it is. */
export const modifyChecked = <A, E>(
  runtime: Runtime,
  transition: (state: PluginState) => Checked<A, E>
): Effect.Effect<A, E> =>
  Effect.flatMap(
    modify(runtime, (state) => unlessRefused(state, transition(state))),
    Effect.fromResult
  )

const unlessRefused = <A, E>(state: PluginState, checked: Checked<A, E>): Transition<Result.Result<A, E>> =>
  Result.match(checked, {
    onFailure: (error) => [Result.fail(error), state],
    onSuccess: ([result, next]) => [Result.succeed(result), next]
  })

/** As `modify`, for synchronous callers. */
export const apply = <A>(runtime: Runtime, transition: (state: PluginState) => Transition<A>): A =>
  Effect.runSync(modify(runtime, transition))

/** As `modifyChecked`, for synchronous callers. */
export const applyChecked = <A, E>(
  runtime: Runtime,
  transition: (state: PluginState) => Checked<A, E>
): Result.Result<A, E> => apply(runtime, (state) => unlessRefused(state, transition(state)))

/** Applies a transition, and does what it asks for. */
export const applyActions = (
  runtime: Runtime,
  transition: (state: PluginState) => Transition<ReadonlyArray<Action>>
): void => carryOut(runtime, apply(runtime, transition))

/** Asks for all translated code to be dropped. While flush handlers are called there is none. */
export const requestFlush = (runtime: Runtime): void => {
  if (!stateOf(runtime).isFlushing) runtime.cache.flush()
}

/** Queues work on a vCPU, and kicks it, so that it soon comes out of the engine to do it. */
export const queue = (runtime: Runtime, vcpu: number, work: Work): void => {
  apply(runtime, (state) => [undefined, queueWork(state, vcpu, work)])
  runtime.cache.requestExit()
}

/**
 * Does everything queued for a vCPU (and for any vCPU), and what is queued meanwhile. Call it
 * outside guest code.
 */
export const drain = (runtime: Runtime, vcpu: number): Effect.Effect<void, WorkError> =>
  Effect.suspend(() => {
    if (!hasWork(stateOf(runtime), vcpu)) return Effect.void
    return Effect.flatMap(
      modify(runtime, (state) => takeWork(state, vcpu)),
      (work) => {
        if (work === undefined) return Effect.void
        const run = work.isSafe ? runtime.exclusive.withExclusive(vcpu, work.run) : work.run
        return Effect.andThen(run, drain(runtime, vcpu))
      }
    )
  })

/** Does what a transition asks for. */
export const carryOut = (runtime: Runtime, actions: ReadonlyArray<Action>): void => {
  for (const action of actions) {
    switch (action.kind) {
      case "flush":
        requestFlush(runtime)
        break
      case "releaseTime":
        runtime.guest.time.release()
        break
      case "closeTrace":
        action.trace.isClosed = true
        break
      case "discardFiles":
        runtime.files.discard(action.plugin)
        break
      case "updateMask":
        queue(runtime, action.vcpu, { isSafe: false, run: receive(runtime, action.vcpu, action.mask) })
    }
  }
}

const receive = (runtime: Runtime, vcpu: number, mask: number): Effect.Effect<void> =>
  Effect.map(
    modify(runtime, (state) => receiveMask(state, vcpu, mask)),
    (isReceived) => {
      if (isReceived) runtime.cache.flushJumpCache(vcpu)
    }
  )
