/** vCPUs come and go, the program ends: the transitions with what has to happen around them. */
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import { CallbackFlags } from "../Instrumentation.ts"
import type { ExclusiveError, PluginCallbackError, VcpuNotLiveError } from "../PluginError.ts"
import { PluginEvent } from "../PluginEvent.ts"
import { anyVcpu } from "../PluginState.ts"
import type { EventHandler } from "../PluginState.ts"
import type { Ended, Left, VcpuInitError } from "../VcpuLifeCycle.ts"
import { growthFor } from "../transitions/scoreboard.ts"
import { userExit as userExitTransition } from "../transitions/userExit.ts"
import * as Vcpu from "../transitions/vcpu.ts"
import { dispatch, withoutPc } from "./callbacks.ts"
import type { Delivery } from "./callbacks.ts"
import { survives } from "./failures.ts"
import type { CallbackEnd } from "./failures.ts"
import { flushNow, settleFlush } from "./flush.ts"
import { applyChecked, carryOut, modify, modifyChecked, stateOf } from "./Runtime.ts"
import type { Runtime } from "./Runtime.ts"
import { copyScoreboards } from "./scoreboards.ts"
import { drainTraces } from "./traces.ts"

const withVcpu = (vcpu: number) => (handler: EventHandler) => (handler as (vcpu: number) => unknown)(vcpu)

const forVcpu = (event: PluginEvent, vcpu: number): Delivery => ({ event, vcpu, flags: CallbackFlags.readWriteRegs })

/**
 * A vCPU comes live, before its first instruction. Where scoreboards must grow, the exclusive
 * section is entered before anything is touched, and size, boards and vCPU change in one step (B4,
 * B5); the flush is heard before the init callbacks.
 */
export const vcpuInit = (runtime: Runtime, vcpu: number): Effect.Effect<void, VcpuInitError> =>
  Effect.gen(function* () {
    yield* Effect.fromResult(Vcpu.checkVcpuInit(stateOf(runtime), vcpu))
    const mustMove = growthFor(stateOf(runtime), vcpu) !== undefined && !HashMap.isEmpty(stateOf(runtime).scoreboards)
    const enter = enterVcpu(runtime, vcpu)
    yield* mustMove ? runtime.exclusive.withExclusive(vcpu, enter) : enter
    yield* withoutPc(dispatch(runtime, forVcpu(PluginEvent.vcpuInit, vcpu), withVcpu(vcpu)))
  })

const enterVcpu = (runtime: Runtime, vcpu: number): Effect.Effect<void, VcpuInitError> =>
  Effect.suspend((): Effect.Effect<void, VcpuInitError> => {
    const growth = growthFor(stateOf(runtime), vcpu)
    const copied = growth === undefined ? undefined : copyScoreboards(runtime, growth)
    if (copied?._tag === "Failure") return Effect.fail(copied.failure)
    const entered = applyChecked(runtime, (state) => Vcpu.vcpuInit(state, vcpu, copied?.success))
    if (entered._tag === "Failure") return Effect.fail(entered.failure)
    carryOut(runtime, entered.success)
    return settleFlush(runtime)
  })

/**
 * A vCPU ends: exit callbacks first, while it still counts as live. It has gone then, whatever they
 * end with. Work left in its queue is done by the next vCPU that drains. Not to be called for the
 * vCPU that ends the process.
 */
export const vcpuExit = (runtime: Runtime, vcpu: number): Effect.Effect<void, VcpuNotLiveError | Ended> =>
  Effect.acquireUseRelease(
    modifyChecked(runtime, (state) => Vcpu.beginVcpuExit(state, vcpu)),
    () => Effect.asVoid(withoutPc(dispatch(runtime, forVcpu(PluginEvent.vcpuExit, vcpu), withVcpu(vcpu)))),
    () => modify(runtime, (state) => [undefined, Vcpu.endVcpuExit(state, vcpu)])
  )

/** A vCPU halts or wakes. Ignored for one that is not live. */
export const vcpuPause = (
  runtime: Runtime,
  event: typeof PluginEvent.vcpuIdle | typeof PluginEvent.vcpuResume,
  vcpu: number
): Effect.Effect<void, Left> =>
  Effect.suspend(() =>
    Vcpu.isInitialised(stateOf(runtime), vcpu)
      ? Effect.asVoid(dispatch(runtime, { event, vcpu, flags: CallbackFlags.readWriteRegsPc }, withVcpu(vcpu)))
      : Effect.void
  )

/**
 * The program ends. Traces are drained, and the other vCPUs that are live have their exit callbacks, though all stay until it is over; then, in an exclusive section, everything but atexit
 * handlers is unregistered and all code flushed; the atexit handlers run after the section. They
 * may read memory, but have no vCPU. A second call does nothing (B7).
 *
 * There is nothing to stop for, so all of that happens whatever fails; the first failure comes out
 * at the end. A request to exit is too late.
 */
export const userExit = (runtime: Runtime, vcpu: number): Effect.Effect<void, PluginCallbackError | ExclusiveError> =>
  Effect.gen(function* () {
    const failures: Array<PluginCallbackError> = []
    const goesOn = (plugin: bigint, end: CallbackEnd) => {
      if (end._tag === "PluginCallbackError" && !survives(runtime, plugin, end)) failures.push(end)
      return true
    }
    const fails = (end: CallbackEnd | ExclusiveError) => {
      if (end._tag === "PluginCallbackError") failures.push(end)
    }
    const drained = drainTraces(runtime)
    if (drained !== undefined) fails(drained)
    for (const other of stateOf(runtime).exited ? [] : Vcpu.liveVcpus(stateOf(runtime))) {
      if (other === vcpu) continue
      const told = dispatch(runtime, forVcpu(PluginEvent.vcpuExit, other), withVcpu(other), () => false, goesOn)
      yield* Effect.orDie(withoutPc(told))
    }
    const end = Effect.gen(function* () {
      const { actions, first } = yield* modify(runtime, userExitTransition)
      carryOut(runtime, actions)
      if (first) yield* flushNow(runtime).pipe(Effect.catch((error) => Effect.sync(() => fails(error))))
      return first
    })
    if (!(yield* runtime.exclusive.withExclusive(vcpu, end))) return undefined
    const delivery = { event: PluginEvent.atExit, vcpu: anyVcpu, flags: CallbackFlags.noRegs, pc: runtime.scope.pc }
    yield* Effect.orDie(
      dispatch(
        runtime,
        delivery,
        (handler) => handler(),
        () => false,
        goesOn
      )
    )
    const [first, ...others] = failures
    for (const other of others) runtime.failures.report(other)
    return first === undefined ? undefined : yield* first
  })
