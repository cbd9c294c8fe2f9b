/** The API object of one plugin, put together from its parts. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { Plugin } from "../Plugin.ts"
import type { ColdResult, PluginApi } from "../PluginApi.ts"
import type { PluginError } from "../PluginError.ts"
import type { PluginSource } from "../Ports.ts"
import * as SystemLifecycle from "../system/lifecycle.ts"
import { stateOf } from "../system/Runtime.ts"
import type { Runtime, WorkError } from "../system/Runtime.ts"
import { SetPcRequest } from "../SetPcRequest.ts"
import { ExitRequest } from "../ExitRequest.ts"
import { liveVcpus } from "../transitions/vcpu.ts"
import { makeEvents } from "./events.ts"
import { makeGuest } from "./guest.ts"
import { hardware } from "./hardware.ts"
import { makeProcess } from "./process.ts"
import { makeReport } from "./report.ts"
import { makeScoreboards } from "./scoreboards.ts"
import { makeTimeControl } from "./timeControl.ts"
import { createTrace } from "../system/traces.ts"

/**
 * Makes the API that a plugin is handed in install.
 *
 * @param source the plugin's id, name and arguments
 */
export const makeApi = <Options, Result>(
  runtime: Runtime,
  plugin: Plugin<Options, Result>,
  source: PluginSource
): PluginApi<Result> => ({
  id: source.id,
  name: source.name,
  ...makeEvents(runtime, source.id),
  ...makeScoreboards(runtime),
  ...makeGuest(runtime),
  ...makeProcess(runtime, source),
  ...makeTimeControl(runtime, source.id, source.name),
  ...hardware,
  trace: (options) => Effect.suspend(() => Effect.fromResult(createTrace(runtime, source.id, options))),
  reset: (done?: () => ColdResult) => withoutRedirect(SystemLifecycle.reset(runtime, source.id, done)),
  uninstall: (done?: () => ColdResult) => withoutRedirect(SystemLifecycle.uninstall(runtime, source.id, done)),
  numVcpus: () => stateOf(runtime).numVcpus,
  vcpuForEach: (callback) => {
    for (const vcpu of liveVcpus(stateOf(runtime))) callback(vcpu)
  },
  openChannel: (path) => runtime.channels.open(path),
  outs: (text) => runtime.output.write(text, source),
  report: makeReport(runtime.output, plugin, source),
  runSync
})

/** No callback of reset and uninstall has a vCPU, so none can ask for another pc or for the end. */
const withoutRedirect = (effect: Effect.Effect<void, WorkError>): Effect.Effect<void, PluginError> =>
  Effect.catchIf(
    effect,
    (error) => error instanceof SetPcRequest || error instanceof ExitRequest,
    Effect.die
  ) as Effect.Effect<void, PluginError>

const runSync = <A>(effect: Effect.Effect<A, PluginError>): A => {
  const exit = Effect.runSyncExit(effect)
  if (exit._tag === "Success") return exit.value
  throw Cause.squash(exit.cause)
}
