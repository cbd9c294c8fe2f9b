/** The end of a plugin's traces. Apart from `traces.ts`, since a plugin that fails in one is what ends it. */
import type { Runtime } from "./Runtime.ts"

/** Closes the traces of a plugin: what is in them is lost. The next flush gives their bytes back, for code may write there. */
export const closeTraces = (runtime: Runtime, plugin: bigint): void => {
  const { retired, traces } = runtime
  const left = traces.filter((owned) => owned.plugin !== plugin)
  for (const { place, trace } of traces.filter((owned) => owned.plugin === plugin)) {
    trace.isClosed = true
    retired.push(place)
  }
  traces.splice(0, traces.length, ...left)
}
