/** Traces: made and drained. */
import * as Result from "effect/Result"
import type { ExitRequest } from "../ExitRequest.ts"
import { CallbackFlags } from "../Instrumentation.ts"
import { TraceSizeError } from "../PluginError.ts"
import type {
  CallbackTypeError,
  PluginCallbackError,
  ScoreboardMemoryExhausted,
  UnknownPluginError
} from "../PluginError.ts"
import { findPlugin } from "../PluginState.ts"
import type { OwnedTrace } from "../PluginState.ts"
import type { Trace, TraceBatch, TraceOptions } from "../Trace.ts"
import { checkCallback } from "../transitions/instrumentation.ts"
import { openTrace } from "../transitions/traces.ts"
import { traceBytes, TraceBuffer } from "../trace/TraceBuffer.ts"
import { callPlain, survivesEnd } from "./callbacks.ts"
import { currentCallback } from "./permission.ts"
import { apply, stateOf } from "./Runtime.ts"
import type { Runtime } from "./Runtime.ts"
import { allocate } from "./scoreboards.ts"

/** What draining traces ends with, if not well. */
export type TraceEnd = PluginCallbackError | ExitRequest

/** What making a trace fails with. */
export type TraceError = TraceSizeError | CallbackTypeError | UnknownPluginError | ScoreboardMemoryExhausted

/**
 * Records of a batch, unless the plugin says otherwise: they and what they are about stay in the
 * host's second-level cache.
 */
const usualRecords = 8192
const mostRecords = 1 << 20

/** Makes a trace of a plugin; see `PluginApi.trace`. */
export const createTrace = (runtime: Runtime, plugin: bigint, options: TraceOptions): Result.Result<Trace, TraceError> => {
  const { onBatch, records = usualRecords, values = false } = options
  if (!Number.isInteger(records) || records < 1 || records > mostRecords) {
    return Result.fail(new TraceSizeError({ records, most: mostRecords }))
  }
  const bytes = traceBytes(records, values)
  return Result.gen(function* () {
    yield* checkCallback("onBatch", onBatch)
    yield* findPlugin(stateOf(runtime), plugin)
    const byteOffset = yield* allocate(runtime, bytes)
    const deliver = (batch: TraceBatch) => call(runtime, plugin, batch, onBatch)
    const trace = new TraceBuffer({ buffer: runtime.memory.buffer, byteOffset, records, values, deliver })
    trace.vcpu = Math.max(currentCallback(runtime)?.vcpu ?? runtime.exclusive.running(), 0)
    apply(runtime, (state) => [undefined, openTrace(state, { plugin, trace, place: { byteOffset, bytes } })])
    return trace
  })
}

/**
 * Calls `onBatch` as a callback without registers. Throws what it ends with, unless the run goes on
 * without its plugin.
 */
const call = (runtime: Runtime, plugin: bigint, batch: TraceBatch, onBatch: TraceOptions["onBatch"]): void => {
  const place = { plugin, event: "trace", vcpu: batch.vcpu, flags: CallbackFlags.noRegs }
  const outcome = callPlain(runtime, place, () => onBatch(batch))
  if (Result.isFailure(outcome) && !survivesEnd(runtime, plugin, outcome.failure)) throw outcome.failure
}

/**
 * Drains traces. One that fails does not keep the others from it. Gives what the first one failed
 * with.
 */
const drainEach = (traces: ReadonlyArray<OwnedTrace>): TraceEnd | undefined => {
  let failed: TraceEnd | undefined
  for (const { trace } of traces) {
    try {
      trace.drain()
    } catch (thrown) {
      // `call` throws nothing else: a callback without registers cannot change the pc
      failed ??= thrown as TraceEnd
    }
  }
  return failed
}

/**
 * Drains all traces, or those of one plugin.
 *
 * @returns what the first one failed with, or undefined
 */
export const drainTraces = (runtime: Runtime, plugin?: bigint): TraceEnd | undefined =>
  drainEach(stateOf(runtime).traces.filter((owned) => plugin === undefined || owned.plugin === plugin))

/**
 * A vCPU is about to run: what another one recorded is delivered first, so that every batch is of
 * one vCPU.
 */
export const switchTraces = (runtime: Runtime, vcpu: number): TraceEnd | undefined => {
  const others = stateOf(runtime).traces.filter(({ trace }) => trace.vcpu !== vcpu)
  const failed = drainEach(others)
  for (const { trace } of others) trace.vcpu = vcpu
  return failed
}
