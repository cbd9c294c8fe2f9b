/** Installing a plugin. */
import * as Effect from "effect/Effect"
import { makeApi } from "../api/makeApi.ts"
import { PluginInstallFailure } from "../Plugin.ts"
import type { InstallError } from "../PluginRegistry.ts"
import { eventsOf, findPlugin } from "../PluginState.ts"
import type { Plugin, PluginInfo } from "../Plugin.ts"
import { PluginFileError } from "../PluginError.ts"
import type { PluginError } from "../PluginError.ts"
import * as PluginOptions from "../PluginOptions.ts"
import * as Lifecycle from "../transitions/lifecycle.ts"
import { errorOf, pluginName } from "./failures.ts"
import { withoutPermission } from "./permission.ts"
import { applyActions, modify, modifyChecked, stateOf } from "./Runtime.ts"
import type { Runtime } from "./Runtime.ts"

/** Version of the plugin API that plugins are told, and the oldest that still works. */
const apiVersion = { min: 7, current: 7 } as const

/**
 * Installs a plugin: decodes its options, gives it an id and the API, and runs its install. Where
 * that fails or throws, all that it registered is removed again.
 *
 * @param args `key=value` pairs in order
 * @returns its id
 */
export const install = <Options, Result>(
  runtime: Runtime,
  plugin: Plugin<Options, Result>,
  args: ReadonlyArray<readonly [key: string, value: string]>
): Effect.Effect<bigint, InstallError> =>
  Effect.gen(function* () {
    const options = yield* Effect.fromResult(PluginOptions.decode(plugin, args))
    const installOf = (id: bigint) => {
      const { api, watch } = makeApi(runtime, plugin, { id, name: plugin.name, args })
      const own = Effect.suspend(() => {
        watch.begin()
        return asEffect(plugin.install(api, options, pluginInfo(runtime)))
      })
      return runInstall(
        runtime,
        id,
        Effect.tap(own, () => Effect.sync(() => warnOfMistakes(runtime, id, watch.end())))
      )
    }
    const id = yield* modify(runtime, (state) => Lifecycle.beginInstall(state, plugin.name, args, installOf))
    yield* Effect.flatMap(Effect.fromResult(findPlugin(stateOf(runtime), id)), ({ install: run }) => run)
    return id
  })

/**
 * Runs a plugin's own install, for the first time or again. Where that fails or throws, the plugin
 * is gone.
 */
const runInstall = (
  runtime: Runtime,
  id: bigint,
  effect: Effect.Effect<void, PluginError | PluginInstallFailure>
): Effect.Effect<void, PluginError | PluginInstallFailure> =>
  Effect.gen(function* () {
    yield* modifyChecked(runtime, (state) => Lifecycle.repeatInstall(state, id))
    runtime.files.discard(id)
    yield* withoutPermission(runtime, effect).pipe(
      Effect.catchDefect((cause) => Effect.fail(installThrew(runtime, id, cause))),
      Effect.onExit((exit) =>
        exit._tag === "Failure"
          ? Effect.sync(() => applyActions(runtime, (state) => Lifecycle.release(state, id)))
          : Effect.void
      )
    )
    yield* modifyChecked(runtime, (state) => Lifecycle.endInstall(state, id))
  })

/** Refuses what install returned where that is no Effect: nothing would be registered. Throws. */
const asEffect = <A>(returned: A): A => {
  if (Effect.isEffect(returned)) return returned
  const isPromise = returned instanceof Promise
  // its failure is this one's consequence
  if (isPromise) returned.catch(() => {})
  const what = isPromise ? "a Promise" : returned === undefined ? "nothing" : "something else"
  throw new TypeError(
    `it returned ${what} where an Effect is needed: write install: (api) => Effect.gen(function* () ` +
      "{ yield* api.onAtExit(...) }), and await promises in it by yield* Effect.promise(() => ...)"
  )
}

/** Tells the user what an install has most likely been meant to do. */
const warnOfMistakes = (runtime: Runtime, id: bigint, forgotten: ReadonlyArray<string>): void => {
  const state = stateOf(runtime)
  const tell = (text: string) => runtime.failures.warn?.(`plugin ${pluginName(runtime, id)}: ${text}`)
  for (const name of new Set(forgotten)) {
    tell(`install calls api.${name}, but nothing runs the Effect that it returns: write yield* api.${name}(...)`)
  }
  const holds = eventsOf(state, id).length > 0 || state.traces.some(({ plugin }) => plugin === id)
  if (forgotten.length > 0 || holds || state.timeHolder === id) return
  tell("it has registered nothing, so it will see nothing: write yield* api.onTbTrans(...), for example, in install")
}

const pluginInfo = (runtime: Runtime): PluginInfo => ({
  targetName: runtime.guest.program()?.target ?? "riscv64",
  apiVersion,
  systemEmulation: false
})

/**
 * What install threw, as its failure. A file that cannot be written is a mistake of the user's, not
 * the plugin's.
 */
const installThrew = (runtime: Runtime, plugin: bigint, cause: unknown): PluginError | PluginInstallFailure =>
  cause instanceof PluginInstallFailure || cause instanceof PluginFileError
    ? cause
    : errorOf(runtime, { plugin, event: "install", pc: undefined }, cause)
