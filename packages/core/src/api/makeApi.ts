/** The API object of one plugin, put together from its parts. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { Plugin } from "../Plugin.ts"
import type { ColdResult, PluginApi } from "../PluginApi.ts"
import { ExclusiveError } from "../PluginError.ts"
import type { PluginCallbackError } from "../PluginError.ts"
import type { WorkError } from "../PluginState.ts"
import type { PluginSource } from "../Ports.ts"
import * as SystemLifecycle from "../system/lifecycle.ts"
import { stateOf } from "../system/Runtime.ts"
import type { Runtime } from "../system/Runtime.ts"
import { ExitRequest } from "../ExitRequest.ts"
import { liveVcpus } from "../transitions/vcpu.ts"
import type { TraceOptions } from "../Trace.ts"
import { makeCalls } from "./calls/makeCalls.ts"
import { makeEvents } from "./events.ts"
import { type Watched, watchEffects } from "./forgotten.ts"
import { makeGuest } from "./guest.ts"
import { hardware } from "./hardware.ts"
import { makeProcess } from "./process.ts"
import { makeReport } from "./report.ts"
import { makeScoreboards } from "./scoreboards.ts"
import { makeTimeControl } from "./timeControl.ts"
import { createTrace } from "../system/traces.ts"

/** The API of a plugin, and the watch over what its install forgets to run. */
export interface MadeApi<Result> {
  readonly api: PluginApi<Result>
  readonly watch: Pick<Watched<unknown>, "begin" | "end">
}

/**
 * Makes the API that a plugin is handed in install.
 *
 * @param source the plugin's id, name and arguments
 */
export const makeApi = <Options, Result>(
  runtime: Runtime,
  plugin: Plugin<Options, Result>,
  source: PluginSource
): MadeApi<Result> => {
  const { scoreboardFree, scoreboardNew, ...scoreboards } = makeScoreboards(runtime)
  const { functions, ...watch } = watchEffects({
    ...makeCalls(runtime, source.id, makeEvents(runtime, source.id), scoreboards),
    scoreboardNew,
    scoreboardFree,
    trace: (options: TraceOptions) => Effect.suspend(() => Effect.fromResult(createTrace(runtime, source.id, options))),
    reset: (done?: () => ColdResult) => withoutExit(SystemLifecycle.reset(runtime, source.id, done)),
    uninstall: (done?: () => ColdResult) => withoutExit(SystemLifecycle.uninstall(runtime, source.id, done)),
    openChannel: (path: string) => runtime.channels.open(path)
  })
  const api: PluginApi<Result> = {
    id: source.id,
    name: source.name,
    ...(functions as typeof functions & Pick<PluginApi, "onCall">),
    ...scoreboards,
    ...makeGuest(runtime),
    ...makeProcess(runtime, source),
    ...makeTimeControl(runtime, source.id, source.name),
    ...hardware,
    numVcpus: () => stateOf(runtime).numVcpus,
    vcpuForEach: (callback) => {
      for (const vcpu of liveVcpus(stateOf(runtime))) callback(vcpu)
    },
    outs: (text) => runtime.output.write(text, source),
    report: makeReport(runtime.output, plugin, source),
    runSync
  }
  return { api, watch }
}

/**
 * What is carried out at once, with no vCPU left to go on, can end by nobody's request to exit but a trace's, which is too late then. Nor is
 * there guest code in which it could be.
 */
const withoutExit = <E>(effect: Effect.Effect<void, E | WorkError>) =>
  effect.pipe(
    Effect.catchIf(
      (error) => error instanceof ExitRequest || error instanceof ExclusiveError,
      (error) => Effect.die(error)
    )
  ) as Effect.Effect<void, Exclude<E, ExitRequest | ExclusiveError> | PluginCallbackError>

const runSync = <A>(effect: Effect.Effect<A, unknown>): A => {
  const exit = Effect.runSyncExit(effect)
  if (exit._tag === "Success") return exit.value
  throw Cause.squash(exit.cause)
}
