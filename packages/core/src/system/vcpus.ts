/** vCPUs come and go, the program ends: the transitions with what has to happen around them. */
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import { CallbackFlags } from "../Instrumentation.ts"
import type { PluginCallbackError } from "../PluginError.ts"
import { PluginEvent } from "../PluginEvent.ts"
import { anyVcpu, type EventHandler } from "../PluginState.ts"
import { growthFor } from "../transitions/scoreboard.ts"
import { userExit as userExitTransition } from "../transitions/userExit.ts"
import * as Vcpu from "../transitions/vcpu.ts"
import { dispatch } from "./callbacks.ts"
import { survives } from "./failures.ts"
import type { CallbackEnd } from "./failures.ts"
import type { Delivery } from "./callbacks.ts"
import { flushNow, settleFlush } from "./flush.ts"
import { apply, applyChecked, carryOut, stateOf } from "./Runtime.ts"
import type { Runtime, WorkError } from "./Runtime.ts"
import { moveScoreboards } from "./scoreboards.ts"
import { drainTraces } from "./traces.ts"

const withVcpu = (vcpu: number) => (handler: EventHandler) => (handler as (vcpu: number) => unknown)(vcpu)

const forVcpu = (event: PluginEvent, vcpu: number): Delivery => ({
  event,
  vcpu,
  flags: CallbackFlags.readWriteRegs
})

/**
 * A vCPU comes live, before its first instruction. Where scoreboards must grow, the exclusive section is entered before anything
 * is touched, and size, boards and vCPU change in one step (B4, B5); the flush is heard before the init callbacks.
 */
export const vcpuInit = (runtime: Runtime, vcpu: number): Effect.Effect<void, WorkError> =>
  Effect.gen(function* () {
    yield* Effect.fromResult(Vcpu.checkVcpuInit(stateOf(runtime), vcpu))
    const mustMove = growthFor(stateOf(runtime), vcpu) !== undefined && HashMap.size(stateOf(runtime).scoreboards) > 0
    const enter = enterVcpu(runtime, vcpu)
    yield* mustMove ? runtime.exclusive.withExclusive(vcpu, enter) : enter
    yield* dispatch(runtime, forVcpu(PluginEvent.vcpuInit, vcpu), withVcpu(vcpu))
  })

const enterVcpu = (runtime: Runtime, vcpu: number): Effect.Effect<void, WorkError> =>
  Effect.suspend(() => {
    const growth = growthFor(stateOf(runtime), vcpu)
    const moved = growth === undefined ? undefined : moveScoreboards(runtime, growth)
    if (moved?._tag === "Failure") return Effect.fail(moved.failure)
    const entered = applyChecked(runtime, (state) => Vcpu.vcpuInit(state, vcpu, moved?.success))
    if (entered._tag === "Failure") return Effect.fail(entered.failure)
    carryOut(runtime, entered.success)
    return settleFlush(runtime)
  })

/**
 * A vCPU ends: exit callbacks first, while it still counts as live. It has gone then, whatever they end with. Work left in its
 * queue is done by the next vCPU that drains. Not to be called for the vCPU that ends the process.
 */
export const vcpuExit = (runtime: Runtime, vcpu: number): Effect.Effect<void, WorkError> =>
  Effect.acquireUseRelease(
    Effect.suspend(() => Effect.fromResult(applyChecked(runtime, (state) => Vcpu.beginVcpuExit(state, vcpu)))),
    () => Effect.asVoid(dispatch(runtime, forVcpu(PluginEvent.vcpuExit, vcpu), withVcpu(vcpu))),
    () =>
      Effect.sync(() => {
        apply(runtime, (state) => [undefined, Vcpu.endVcpuExit(state, vcpu)])
        runtime.work.retire(vcpu)
      })
  )

/** A vCPU halts or wakes. Ignored for one that is not live. */
export const vcpuPause = (
  runtime: Runtime,
  event: typeof PluginEvent.vcpuIdle | typeof PluginEvent.vcpuResume,
  vcpu: number
): Effect.Effect<void, WorkError> =>
  Effect.suspend(() =>
    Vcpu.isInitialised(stateOf(runtime), vcpu)
      ? Effect.asVoid(dispatch(runtime, { ...forVcpu(event, vcpu), flags: CallbackFlags.readWriteRegsPc }, withVcpu(vcpu)))
      : Effect.void
  )

/**
 * The program ends. Traces are drained; then, in an exclusive section, everything but atexit handlers is unregistered and all code
 * flushed; the atexit handlers run after the section. They may read memory, but have no vCPU. A second call does nothing (B7).
 */
export const userExit = (runtime: Runtime, vcpu: number): Effect.Effect<void, WorkError> =>
  Effect.gen(function* () {
    const failed = drainTraces(runtime)
    const isFirst = yield* runtime.exclusive.withExclusive(
      vcpu,
      Effect.suspend(() => {
        const exit = apply(runtime, userExitTransition)
        carryOut(runtime, exit.actions)
        return exit.first ? Effect.as(flushNow(runtime), true) : Effect.succeed(false)
      })
    )
    if (!isFirst) return undefined
    const failures: Array<PluginCallbackError> = []
    // there is nothing to stop for
    const goesOn = (plugin: bigint, end: CallbackEnd) => {
      if (end._tag !== "PluginCallbackError") return false
      if (!survives(runtime, plugin, end)) failures.push(end)
      return true
    }
    const delivery = { event: PluginEvent.atExit, vcpu: anyVcpu, flags: CallbackFlags.noRegs, pc: runtime.scope.pc }
    yield* dispatch(
      runtime,
      delivery,
      (handler) => handler(),
      () => false,
      goesOn
    )
    const [first, ...others] = failures
    for (const other of others) runtime.failures.report(other)
    if (first !== undefined) return yield* first
    return failed === undefined ? undefined : yield* Effect.fail(failed)
  })
