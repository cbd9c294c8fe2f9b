/**
 * What the host does to plugins while a guest runs: done when its answer is there, in an exclusive section. The guest does not have
 * to get anywhere for that: a program that waits for input can be looked at, too. What goes wrong is the answer's, not the run's.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { CallbackFlags } from "../Instrumentation.ts"
import type { Plugin } from "../Plugin.ts"
import { PluginBusyError, ProgramEndedError } from "../PluginError.ts"
import type { PluginError } from "../PluginError.ts"
import { eventNames, PluginEvent } from "../PluginEvent.ts"
import type { PluginEventName } from "../PluginEvent.ts"
import { anyVcpu, findPlugin } from "../PluginState.ts"
import type { PluginRecord } from "../PluginState.ts"
import type { PluginSource } from "../Ports.ts"
import * as Lifecycle from "../transitions/lifecycle.ts"
import { liveVcpus } from "../transitions/vcpu.ts"
import { callOnce } from "./callbacks.ts"
import { drop, errorOf, survives } from "./failures.ts"
import type { CallbackEnd } from "./failures.ts"
import { install } from "./install.ts"
import type { InstallError } from "./install.ts"
import { performReset, performUninstall } from "./lifecycle.ts"
import { applyChecked, stateOf } from "./Runtime.ts"
import type { Runtime, WorkError } from "./Runtime.ts"
import { drainTraces } from "./traces.ts"

/** A plugin as the host sees it. */
export interface LoadedPlugin extends PluginSource {
  /** What it listens to now. */
  readonly events: ReadonlyArray<PluginEventName>
}

/** What the host can do to plugins. Ids are those of `install` and `attach`. */
export interface PluginHost {
  /** All plugins, in the order of loading. */
  readonly list: () => ReadonlyArray<LoadedPlugin>
  /**
   * Installs a plugin in a running guest: all code is dropped, so that it sees every block from now on, and its `onVcpuInit` is
   * called for every vCPU that is live. Where that fails, nothing is left of the plugin.
   */
  readonly attach: <Options, Report>(
    plugin: Plugin<Options, Report>,
    args: ReadonlyArray<readonly [key: string, value: string]>
  ) => Effect.Effect<bigint, InstallError>
  /**
   * Lets a plugin begin anew: its handlers and callbacks are dropped, and it is installed again, as the same plugin with the same
   * options. Where that fails, the plugin is gone.
   */
  readonly reset: (id: bigint) => Effect.Effect<void, InstallError>
  /** Removes a plugin. Unlike when it removes itself, its atexit handler is called first, so that it can report what it has. */
  readonly uninstall: (id: bigint) => Effect.Effect<void, PluginError>
  /**
   * Tells of what a plugin has thrown where nobody of the plugin system has called it: in a timer of its own, say. It counts as a
   * failed callback: the plugin is taken out, or the run ends before its next block, as the user wants it. One that is gone is
   * not heard.
   */
  readonly fail: (id: bigint, cause: unknown) => void
}

/** Makes the host's side of a plugin system. */
export const makeHost = (runtime: Runtime): PluginHost => {
  /** While no vCPU is in guest code, and only before the program has ended. */
  const alone = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E | PluginError> =>
    Effect.suspend(() => {
      const inside = Effect.suspend((): Effect.Effect<A, E | ProgramEndedError> =>
        stateOf(runtime).exited ? Effect.fail(new ProgramEndedError()) : effect
      )
      return runtime.exclusive.withExclusive(anyVcpu, inside)
    })

  /** A plugin that nothing is being done to. */
  const idle = (id: bigint): Effect.Effect<PluginRecord, PluginError> =>
    Effect.suspend((): Effect.Effect<PluginRecord, PluginError> => {
      const found = findPlugin(stateOf(runtime), id)
      if (Result.isFailure(found)) return Effect.fail(found.failure)
      const { installing, name, resetting, uninstalling } = found.success
      const pending = installing ? "install" : resetting ? "reset" : uninstalling ? "uninstall" : undefined
      return pending === undefined
        ? Effect.succeed(found.success)
        : Effect.fail(new PluginBusyError({ plugin: name, id, pending }))
    })

  /** Shows the vCPUs that are there to a plugin that has just been installed. */
  const introduce = (id: bigint): Effect.Effect<void, PluginError> =>
    Effect.forEach(
      liveVcpus(stateOf(runtime)),
      (vcpu) =>
        Effect.suspend(() => {
          const handler = handlerOf(runtime, id, PluginEvent.vcpuInit) as ((vcpu: number) => unknown) | undefined
          if (handler === undefined) return Effect.void
          const place = { plugin: id, event: "vcpuInit", vcpu, flags: CallbackFlags.readWriteRegs }
          runtime.scope.pc = runtime.guest.pc(vcpu)
          return asAnswer(
            runtime,
            vcpu,
            callOnce(runtime, place, () => handler(vcpu))
          )
        }),
      { discard: true }
    ).pipe(Effect.onError(() => Effect.sync(() => drop(runtime, id))))

  /** What the plugin's traces hold is delivered while it can still take it. */
  const deliverTraces = (id: bigint): Effect.Effect<void, PluginError> =>
    Effect.suspend(() => {
      const failed = drainTraces(runtime, id)
      return failed === undefined ? Effect.void : asAnswer(runtime, anyVcpu, Effect.fail(failed))
    })

  return {
    list: () => stateOf(runtime).plugins.map(describe),
    attach: (plugin, args) =>
      alone(
        Effect.gen(function* () {
          const id = yield* install(runtime, plugin, args)
          yield* introduce(id)
          return id
        })
      ),
    reset: (id) =>
      alone(
        Effect.gen(function* () {
          yield* idle(id)
          yield* deliverTraces(id)
          yield* Effect.fromResult(applyChecked(runtime, (state) => Lifecycle.requestReset(state, id)))
          const reinstall = runtime.installs.get(id) ?? Effect.void
          yield* toRun(runtime, performReset(runtime, id))
          yield* reinstall
          yield* introduce(id)
        })
      ),
    uninstall: (id) =>
      alone(
        Effect.gen(function* () {
          yield* idle(id)
          const place = { plugin: id, event: "atExit", vcpu: -1, flags: CallbackFlags.noRegs }
          const report = callOnce(runtime, place, () => handlerOf(runtime, id, PluginEvent.atExit)?.())
          yield* Effect.ensuring(
            Effect.andThen(deliverTraces(id), asAnswer(runtime, anyVcpu, report)),
            Effect.suspend(() => {
              applyChecked(runtime, (state) => Lifecycle.requestUninstall(state, id))
              return toRun(runtime, performUninstall(runtime, id))
            })
          )
        })
      ),
    fail: (id, cause) => {
      const { exited, plugins } = stateOf(runtime)
      if (!plugins.some((plugin) => plugin.id === id)) return
      const error = errorOf(runtime, { plugin: id, event: "asynchronous", pc: undefined }, cause)
      if (exited) runtime.failures.report(error)
      else if (!survives(runtime, id, error)) runtime.work.queue(anyVcpu, { isSafe: false, run: Effect.fail(error) })
    }
  }
}

const handlerOf = (runtime: Runtime, id: bigint, event: PluginEvent) =>
  stateOf(runtime)
    .plugins.find((p) => p.id === id)
    ?.callbacks.get(event)?.handler

const describe = ({ args, callbacks, id, name }: PluginRecord): LoadedPlugin => ({
  id,
  name,
  args,
  events: Array.from(callbacks.keys(), (event) => eventNames[event]!)
})

/** What a callback ends with goes into the answer, save a wish to end the guest, which goes to a vCPU. */
const asAnswer = (
  runtime: Runtime,
  vcpu: number,
  effect: Effect.Effect<unknown, WorkError | CallbackEnd>
): Effect.Effect<void, PluginError> =>
  effect.pipe(
    Effect.asVoid,
    Effect.catchTags({
      SetPcRequest: Effect.die,
      ExitRequest: (request) => Effect.sync(() => runtime.work.queue(vcpu, { isSafe: false, run: Effect.fail(request) }))
    })
  )

/** What other plugins' flush handlers fail with is no answer to anybody: it goes to the run, as it would at any other flush. */
const toRun = (runtime: Runtime, effect: Effect.Effect<void, WorkError>): Effect.Effect<void> =>
  effect.pipe(
    Effect.catch((error) => Effect.sync(() => runtime.work.queue(anyVcpu, { isSafe: false, run: Effect.fail(error) })))
  )
