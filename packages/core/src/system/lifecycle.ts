/** Installing plugins, and the deferred steps of reset and uninstall. */
import * as Effect from "effect/Effect"
import type * as Result from "effect/Result"
import { makeApi } from "../api/makeApi.ts"
import { CallbackFlags } from "../Instrumentation.ts"
import { PluginInstallFailure } from "../Plugin.ts"
import type { Plugin, PluginInfo } from "../Plugin.ts"
import type { ColdResult } from "../PluginApi.ts"
import { PluginCallbackError } from "../PluginError.ts"
import type { PluginError } from "../PluginError.ts"
import * as PluginOptions from "../PluginOptions.ts"
import type { Checked, PluginState } from "../PluginState.ts"
import * as Lifecycle from "../transitions/lifecycle.ts"
import { anyVcpu } from "../vcpu/VcpuWork.ts"
import { callCold, currentScope, pluginName } from "./callbacks.ts"
import { flushNow } from "./flush.ts"
import { apply, applyChecked, carryOut, stateOf } from "./Runtime.ts"
import type { Runtime, WorkError } from "./Runtime.ts"

/** What installing fails with. */
export type InstallError = PluginError | PluginInstallFailure | PluginOptions.PluginOptionError

/** Version of the plugin API that plugins are told, and the oldest that still works. */
const apiVersion = { min: 7, current: 7 } as const

/**
 * Installs a plugin: decodes its options, gives it an id and the API, and runs its install. Where that fails or throws, all
 * that it registered is removed again.
 *
 * @param args `key=value` pairs in order
 * @returns its id
 */
export const install = <Options>(
  runtime: Runtime,
  plugin: Plugin<Options>,
  args: ReadonlyArray<readonly [key: string, value: string]>
): Effect.Effect<bigint, InstallError> =>
  Effect.gen(function* () {
    const options = yield* Effect.fromResult(PluginOptions.decode(plugin, args))
    const id = apply(runtime, (state) => Lifecycle.beginInstall(state, plugin.name, args))
    const api = makeApi(runtime, id, plugin.name)
    const abort = Effect.sync(() =>
      carryOut(
        runtime,
        apply(runtime, (state) => Lifecycle.abortInstall(state, id))
      )
    )
    yield* Effect.suspend(() => plugin.install(api, options, pluginInfo(runtime))).pipe(
      Effect.catchDefect((cause) => Effect.fail(installThrew(plugin.name, cause))),
      Effect.onExit((exit) => (exit._tag === "Failure" ? abort : Effect.void))
    )
    yield* Effect.fromResult(applyChecked(runtime, (state) => Lifecycle.endInstall(state, id)))
    return id
  })

const pluginInfo = (runtime: Runtime): PluginInfo => ({
  targetName: runtime.guest.program()?.target ?? "riscv64",
  apiVersion,
  systemEmulation: false
})

const installThrew = (plugin: string, cause: unknown): PluginError | PluginInstallFailure =>
  cause instanceof PluginInstallFailure || cause instanceof PluginCallbackError
    ? cause
    : new PluginCallbackError({ plugin, event: "install", pc: undefined, cause })

/** A plugin's `done` callback of reset and uninstall. */
type Done = (() => ColdResult) | undefined

/** Asks for a reset; see `PluginApi.reset`. */
export const reset = (runtime: Runtime, id: bigint, done?: Done): Effect.Effect<void, WorkError> =>
  request(runtime, id, Lifecycle.requestReset, deferred(runtime, id, resetStep, done))

/** Asks for removal; see `PluginApi.uninstall`. */
export const uninstall = (runtime: Runtime, id: bigint, done?: Done): Effect.Effect<void, WorkError> =>
  request(runtime, id, Lifecycle.requestUninstall, deferred(runtime, id, uninstallStep, done))

const resetStep = { event: "reset", isDue: Lifecycle.isResetDue, perform: Lifecycle.performReset, end: Lifecycle.endReset }
const uninstallStep = {
  event: "uninstall",
  isDue: Lifecycle.isUninstallDue,
  perform: Lifecycle.performUninstall,
  end: Lifecycle.endUninstall
}

/**
 * Queues the deferred step as safe work, which runs when no vCPU is in guest code: on the vCPU that asks, or on any. Where no
 * vCPU is left that could do it (in install, after the end), it happens at once.
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
    const { exited, vcpus } = stateOf(runtime)
    if (vcpus.size === 0 || exited) return step
    const vcpu = currentScope(runtime)?.vcpu ?? runtime.exclusive.running()
    runtime.work.queue(vcpus.has(vcpu) ? vcpu : anyVcpu, { isSafe: true, run: step })
    return Effect.void
  })

/** Flush (the plugin's own handler still hears it), drop its registrations, call `done`, and end. */
const deferred = (runtime: Runtime, id: bigint, step: typeof resetStep, done: Done): Effect.Effect<void, WorkError> =>
  Effect.gen(function* () {
    if (!step.isDue(stateOf(runtime), id)) return
    const plugin = pluginName(runtime, id)
    yield* flushNow(runtime)
    const outcome = apply(runtime, (state) => step.perform(state, id))
    if (!outcome.done) return
    carryOut(runtime, outcome.actions)
    const place = { plugin, event: step.event, vcpu: -1, flags: CallbackFlags.noRegs }
    const call = done === undefined ? Effect.void : callCold(runtime, place, done)
    yield* Effect.ensuring(
      call,
      Effect.sync(() => apply(runtime, (state) => [undefined, step.end(state, id)]))
    )
  })
