/** The host's requests: see `PluginHost`. */
import * as Effect from "effect/Effect"
import { CallbackFlags } from "../Instrumentation.ts"
import type { PluginCallbackError } from "../PluginError.ts"
import { PluginBusyError, ProgramEndedError } from "../PluginError.ts"
import { eventNames, PluginEvent } from "../PluginEvent.ts"
import type { LoadedPlugin, PluginHost } from "../PluginHost.ts"
import { anyVcpu, eventsOf, findPlugin, isLoaded, registrationOf } from "../PluginState.ts"
import type { PluginPhase, PluginRecord, PluginState, WorkError } from "../PluginState.ts"
import * as Lifecycle from "../transitions/lifecycle.ts"
import { liveVcpus } from "../transitions/vcpu.ts"
import { callOnce, withoutPc } from "./callbacks.ts"
import { errorOf, survives } from "./failures.ts"
import { install } from "./install.ts"
import { performReset, performUninstall } from "./lifecycle.ts"
import { applyActions, applyChecked, modifyChecked, queue, stateOf } from "./Runtime.ts"
import type { Runtime } from "./Runtime.ts"
import { drainTraces } from "./traces.ts"

/** What is being done to a plugin, as the host is told. */
const pending: Readonly<Record<PluginPhase, PluginBusyError["pending"] | undefined>> = {
  loaded: undefined,
  installing: "install",
  "installing, reset pending": "install",
  resetting: "reset",
  uninstalling: "uninstall"
}

/** Makes the host's side of a plugin system. */
export const makeHost = (runtime: Runtime): PluginHost["Service"] => {
  /** While no vCPU is in guest code, and only before the program has ended. */
  const alone = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E | ProgramEndedError> => {
    const inside = Effect.suspend((): Effect.Effect<A, E | ProgramEndedError> =>
      stateOf(runtime).exited ? Effect.fail(new ProgramEndedError()) : effect
    )
    // it is in the name of no vCPU, so none can be in guest code by that name
    return Effect.catchTag(runtime.exclusive.withExclusive(anyVcpu, inside), "ExclusiveError", Effect.die) as Effect.Effect<
      A,
      E | ProgramEndedError
    >
  }

  /** A plugin that nothing is being done to. */
  const idle = (id: bigint) =>
    Effect.flatMap(
      Effect.suspend(() => Effect.fromResult(findPlugin(stateOf(runtime), id))),
      ({ name, phase }) => {
        const busy = pending[phase]
        return busy === undefined ? Effect.void : Effect.fail(new PluginBusyError({ plugin: name, id, pending: busy }))
      }
    )

  /**
   * Shows the vCPUs that are there to a plugin that has just been installed. Where it fails then,
   * nothing is left of it.
   */
  const introduce = (id: bigint): Effect.Effect<void, PluginCallbackError> =>
    Effect.forEach(
      liveVcpus(stateOf(runtime)),
      (vcpu) =>
        Effect.suspend(() => {
          const init = registrationOf(stateOf(runtime), id, PluginEvent.vcpuInit)?.handler
          if (init === undefined) return Effect.void
          const place = { plugin: id, event: "vcpuInit", vcpu, flags: CallbackFlags.readWriteRegs }
          runtime.scope.pc = runtime.guest.pc(vcpu)
          const call = callOnce(runtime, place, () => (init as (vcpu: number) => unknown)(vcpu))
          return asAnswer(runtime, vcpu, withoutPc(call))
        }),
      { discard: true }
    ).pipe(Effect.onError(() => Effect.sync(() => applyActions(runtime, (state) => Lifecycle.release(state, id)))))

  /** What the plugin's traces hold is delivered while it can still take it. */
  const deliverTraces = (id: bigint): Effect.Effect<void, PluginCallbackError> =>
    Effect.suspend(() => {
      const failed = drainTraces(runtime, id)
      return failed === undefined ? Effect.void : asAnswer(runtime, anyVcpu, Effect.fail(failed))
    })

  /** A removed plugin reports what it has. */
  const report = (id: bigint): Effect.Effect<void, PluginCallbackError> => {
    const place = { plugin: id, event: "atExit", vcpu: anyVcpu, flags: CallbackFlags.noRegs }
    const call = callOnce(runtime, place, () => registrationOf(stateOf(runtime), id, PluginEvent.atExit)?.handler())
    return asAnswer(runtime, anyVcpu, withoutPc(call))
  }

  return {
    list: () => describe(stateOf(runtime)),
    watch: (listener) => {
      const tell = (state: PluginState) => listener(describe(state))
      runtime.watchers.add(tell)
      tell(stateOf(runtime))
      return () => void runtime.watchers.delete(tell)
    },
    attach: (plugin, args) => alone(Effect.tap(install(runtime, plugin, args), introduce)),
    reset: (id) =>
      alone(
        Effect.gen(function* () {
          yield* idle(id)
          yield* deliverTraces(id)
          yield* modifyChecked(runtime, (state) => Lifecycle.requestReset(state, id))
          const plugin = yield* Effect.fromResult(findPlugin(stateOf(runtime), id))
          yield* toRun(runtime, performReset(runtime, id))
          yield* plugin.install
          yield* introduce(id)
        })
      ),
    uninstall: (id) =>
      alone(
        Effect.andThen(
          idle(id),
          Effect.ensuring(
            Effect.andThen(deliverTraces(id), report(id)),
            Effect.suspend(() => {
              applyChecked(runtime, (state) => Lifecycle.requestUninstall(state, id))
              return toRun(runtime, performUninstall(runtime, id))
            })
          )
        )
      ),
    fail: (id, cause) => {
      if (!isLoaded(stateOf(runtime), id)) return
      const error = errorOf(runtime, { plugin: id, event: "asynchronous", pc: undefined }, cause)
      if (stateOf(runtime).exited) runtime.failures.report(error)
      else if (!survives(runtime, id, error)) queue(runtime, anyVcpu, { isSafe: false, run: Effect.fail(error) })
    }
  }
}

const describe = (state: PluginState): ReadonlyArray<LoadedPlugin> =>
  state.plugins.map(({ args, id, name }: PluginRecord) => ({
    id,
    name,
    args,
    events: eventsOf(state, id).map((event) => eventNames[event]!)
  }))

/**
 * What a callback ends with goes into the answer, save a request to end the guest, which goes to a
 * vCPU.
 */
const asAnswer = (
  runtime: Runtime,
  vcpu: number,
  effect: Effect.Effect<unknown, WorkError>
): Effect.Effect<void, PluginCallbackError> =>
  effect.pipe(
    Effect.asVoid,
    Effect.catchTags({
      ExclusiveError: Effect.die,
      ExitRequest: (request) => Effect.sync(() => queue(runtime, vcpu, { isSafe: false, run: Effect.fail(request) }))
    })
  )

/**
 * What other plugins' flush handlers fail with is no answer to anybody: it goes to the run, as it
 * would at any other flush.
 */
const toRun = (runtime: Runtime, effect: Effect.Effect<void, WorkError>): Effect.Effect<void> =>
  effect.pipe(
    Effect.catch((error) => Effect.sync(() => queue(runtime, anyVcpu, { isSafe: false, run: Effect.fail(error) })))
  )
