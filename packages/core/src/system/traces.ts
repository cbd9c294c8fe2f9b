/** Traces: made, drained, and closed with their plugin. */
import * as Result from "effect/Result"
import { CallbackFlags } from "../Instrumentation.ts"
import { TraceSizeError } from "../PluginError.ts"
import type { PluginError } from "../PluginError.ts"
import { findPlugin } from "../PluginState.ts"
import type { Trace, TraceBatch, TraceOptions } from "../Trace.ts"
import { checkCallback } from "../transitions/instrumentation.ts"
import { traceBytes, TraceBuffer } from "../trace/TraceBuffer.ts"
import { callPlain, survivesEnd } from "./callbacks.ts"
import { currentCallback } from "./permission.ts"
import type { CallbackEnd } from "./failures.ts"
import { stateOf } from "./Runtime.ts"
import type { OwnedTrace, Runtime } from "./Runtime.ts"
import { allocate } from "./scoreboards.ts"

/** Records of a batch, unless the plugin says otherwise: they and what they are about stay in the host's second-level cache. */
const usualRecords = 8192
const mostRecords = 1 << 20

/** Makes a trace of a plugin; see `PluginApi.trace`. */
export const createTrace = (runtime: Runtime, plugin: bigint, options: TraceOptions): Result.Result<Trace, PluginError> => {
  const { onBatch, records = usualRecords, values = false } = options
  if (!Number.isInteger(records) || records < 1 || records > mostRecords) {
    return Result.fail(new TraceSizeError({ records, most: mostRecords }))
  }
  const checked = checkCallback("onBatch", onBatch)
  if (Result.isFailure(checked)) return Result.fail(checked.failure)
  const bytes = traceBytes(records, values)
  return Result.flatMap(findPlugin(stateOf(runtime), plugin), () =>
    Result.map(allocate(runtime, bytes), (byteOffset) => {
      const deliver = (batch: TraceBatch) => call(runtime, plugin, batch, onBatch)
      const trace = new TraceBuffer({ buffer: runtime.memory.buffer, byteOffset, records, values, deliver })
      trace.vcpu = Math.max(currentCallback(runtime)?.vcpu ?? runtime.exclusive.running(), 0)
      runtime.traces.push({ plugin, trace, place: { byteOffset, bytes } })
      return trace
    })
  )
}

/** Calls `onBatch` as a callback without registers. Throws what it ends with, unless the run goes on without its plugin. */
const call = (runtime: Runtime, plugin: bigint, batch: TraceBatch, onBatch: TraceOptions["onBatch"]): void => {
  const place = { plugin, event: "trace", vcpu: batch.vcpu, flags: CallbackFlags.noRegs }
  const outcome = callPlain(runtime, place, () => onBatch(batch))
  if (Result.isFailure(outcome) && !survivesEnd(runtime, plugin, outcome.failure)) throw outcome.failure
}

/** Drains traces. One that fails does not keep the others from it. Gives what the first one failed with. */
const drainEach = (traces: ReadonlyArray<OwnedTrace>): CallbackEnd | undefined => {
  let failed: CallbackEnd | undefined
  for (const { trace } of traces) {
    try {
      trace.drain()
    } catch (thrown) {
      // `call` throws nothing else
      failed ??= thrown as CallbackEnd
    }
  }
  return failed
}

/**
 * Drains all traces, or those of one plugin.
 *
 * @returns what the first one failed with, or undefined
 */
export const drainTraces = ({ traces }: Runtime, plugin?: bigint): CallbackEnd | undefined =>
  drainEach(traces.filter((owned) => plugin === undefined || owned.plugin === plugin))

/** A vCPU is about to run: what another one recorded is delivered first, so that every batch is of one vCPU. */
export const switchTraces = ({ traces }: Runtime, vcpu: number): CallbackEnd | undefined => {
  const others = traces.filter(({ trace }) => trace.vcpu !== vcpu)
  const failed = drainEach(others)
  for (const { trace } of others) trace.vcpu = vcpu
  return failed
}
