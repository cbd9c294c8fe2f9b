/** The part of the API about the run as a whole: its end, work between blocks, its modules, files that plugins write. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { CallbackFlags } from "../Instrumentation.ts"
import type { ColdResult, PluginApi } from "../PluginApi.ts"
import { NoVcpuContextError } from "../PluginError.ts"
import { anyVcpu, isLoaded } from "../PluginState.ts"
import type { WorkError } from "../PluginState.ts"
import type { PluginSource } from "../Ports.ts"
import { ExitRequest } from "../ExitRequest.ts"
import { callCold, withoutRequests } from "../system/callbacks.ts"
import { asCurrent, currentCallback, refuseDeferred } from "../system/permission.ts"
import { checkCallback } from "../transitions/instrumentation.ts"
import { queue, stateOf } from "../system/Runtime.ts"
import type { Runtime } from "../system/Runtime.ts"

type Process = Pick<PluginApi, "exit" | "queueWork" | "modules" | "moduleAt" | "openFile" | "makeDirectory">

/** Makes these functions for a plugin. */
export const makeProcess = (runtime: Runtime, { id }: PluginSource): Process => {
  const work = (callback: () => ColdResult): Effect.Effect<void, WorkError> => {
    const place = { plugin: id, event: "work", vcpu: anyVcpu, flags: CallbackFlags.noRegs }
    const call = callCold(runtime, place, () => (isLoaded(stateOf(runtime), id) ? callback() : undefined))
    return Effect.asVoid(withoutRequests(call))
  }

  return {
    exit: (status) => {
      const current = currentCallback(runtime)
      if (current === undefined) throw new NoVcpuContextError({ operation: "exit" })
      refuseDeferred(current, "exit")
      throw new ExitRequest(status & 0xff)
    },
    queueWork: (callback) => {
      Result.getOrThrow(checkCallback("queueWork", callback))
      const vcpu = currentCallback(runtime)?.vcpu ?? anyVcpu
      queue(runtime, vcpu, { isSafe: false, run: work(callback) })
    },
    modules: () => asCurrent(runtime, runtime.guest.modules),
    moduleAt: (address) => asCurrent(runtime, () => runtime.guest.moduleAt(address)),
    openFile: (path) => runtime.files.open(path, id),
    makeDirectory: (path) => runtime.files.makeDirectory(path)
  }
}
