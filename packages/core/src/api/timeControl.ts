/** The part of the API that decides what time it is for the guest. */
import * as Result from "effect/Result"
import type { PluginApi } from "../PluginApi.ts"
import { TimeControlError } from "../PluginError.ts"
import { applyChecked, stateOf } from "../system/Runtime.ts"
import type { Runtime } from "../system/Runtime.ts"
import { requestTime } from "../transitions/timeControl.ts"

/** Makes the time functions of a plugin. */
export const makeTimeControl = (runtime: Runtime, id: bigint, name: string): Pick<PluginApi, "requestTimeControl"> => ({
  requestTimeControl: (whenIdle = "jump") => {
    const isGiven = Result.getOrThrow(applyChecked(runtime, (state) => requestTime(state, id)))
    if (!isGiven) return undefined
    runtime.guest.time.take(whenIdle)
    return {
      updateNs: (ns) => {
        if (stateOf(runtime).timeHolder !== id) throw new TimeControlError({ plugin: name })
        if (runtime.guest.time.set(ns)) runtime.cache.requestExit()
      }
    }
  }
})
