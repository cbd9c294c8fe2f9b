/** The API object of one plugin, put together from its parts. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { ColdResult, PluginApi } from "../PluginApi.ts"
import type { PluginError } from "../PluginError.ts"
import * as SystemLifecycle from "../system/lifecycle.ts"
import { stateOf } from "../system/Runtime.ts"
import type { Runtime, WorkError } from "../system/Runtime.ts"
import { SetPcRequest } from "../SetPcRequest.ts"
import { liveVcpus } from "../transitions/vcpu.ts"
import { makeEvents } from "./events.ts"
import { makeGuest } from "./guest.ts"
import { makeScoreboards } from "./scoreboards.ts"

/**
 * Makes the API that a plugin is handed in install.
 *
 * @param id the plugin's id
 * @param name the plugin's name, for messages
 */
export const makeApi = (runtime: Runtime, id: bigint, name: string): PluginApi => ({
  id,
  name,
  ...makeEvents(runtime, id),
  ...makeScoreboards(runtime),
  ...makeGuest(runtime),
  reset: (done?: () => ColdResult) => withoutRedirect(SystemLifecycle.reset(runtime, id, done)),
  uninstall: (done?: () => ColdResult) => withoutRedirect(SystemLifecycle.uninstall(runtime, id, done)),
  numVcpus: () => stateOf(runtime).numVcpus,
  vcpuForEach: (callback) => {
    for (const vcpu of liveVcpus(stateOf(runtime))) callback(vcpu)
  },
  outs: runtime.output.write,
  runSync
})

/** No callback of reset and uninstall has a vCPU, so none can ask for another pc. */
const withoutRedirect = (effect: Effect.Effect<void, WorkError>): Effect.Effect<void, PluginError> =>
  Effect.catchIf(effect, (error) => error instanceof SetPcRequest, Effect.die) as Effect.Effect<void, PluginError>

const runSync = <A>(effect: Effect.Effect<A, PluginError>): A => {
  const exit = Effect.runSyncExit(effect)
  if (exit._tag === "Success") return exit.value
  throw Cause.squash(exit.cause)
}
