/** What a `trace_exec` or `trace_mem` records that is known when it is lowered, and where to. */
import { CallbackFlags, type DynCallback } from "@emu/core/Instrumentation"
import { TraceKind } from "@emu/core/Trace"
import type { TraceBuffer } from "@emu/core/trace/TraceBuffer"
import type { IrBlock } from "../ir/Block.ts"
import { MemOp } from "../ir/Opcode.ts"
import { deferredBase } from "../Layout.ts"

/** Where records lie, as `TraceBuffer` describes it. */
export type RecordBuffer = Pick<TraceBuffer, "records" | "cursor" | "sites" | "addresses" | "values">

/** Records that the queue of deferred callbacks holds: the sites of a full one stay in the first-level cache. */
const deferredRecords = 4096
const deferredSites = deferredBase + 8

/**
 * The queue of deferred callbacks. Its sites are numbers that an engine gives; records of executed code have neither address nor
 * value.
 */
export const deferredBuffer: RecordBuffer = {
  records: deferredRecords,
  cursor: deferredBase,
  sites: deferredSites,
  addresses: deferredSites + 4 * deferredRecords,
  values: deferredSites + 8 * deferredRecords
}

/** A callback that may be called later. */
export type DeferredCallback = Extract<DynCallback, { readonly kind: "exec" | "mem" }>

/** Whether a callback may be called later, and is recorded for that. */
export const isDeferred = (callback: DynCallback): callback is DeferredCallback =>
  (callback.kind === "exec" || callback.kind === "mem") && callback.flags === CallbackFlags.deferred

/** The buffer that a callback is recorded in, or undefined for one that leaves no records. */
export const bufferFor = (callback: DynCallback): RecordBuffer | undefined =>
  "trace" in callback ? callback.trace : isDeferred(callback) ? deferredBuffer : undefined

/** The buffer that a callback of a block is recorded in. */
export const bufferOf = (block: IrBlock, number: number): RecordBuffer => {
  const { callback } = block.callbacks[number]!
  const buffer = bufferFor(callback)
  if (buffer === undefined) {
    throw new Error(`callback ${number} is ${callback.kind}, of which nothing is recorded`)
  }
  return buffer
}

/** The number of the site of a block's callback in its trace; undefined for a deferred callback, which engines number. */
export const siteOf = (block: IrBlock, number: number): number | undefined => {
  const { callback, memop, store } = block.callbacks[number]!
  if (callback.kind === "traceExec") {
    return callback.site
  }
  return "trace" in callback
    ? callback.trace.siteNumber(
        pcOf(block, number) >>> 0,
        1 << (memop & MemOp.sizeMask),
        store ? TraceKind.store : TraceKind.load
      )
    : undefined
}

/** Guest address of the instruction that a block's callback belongs to, as an Int32. */
export const pcOf = (block: IrBlock, number: number): number =>
  Number(BigInt.asIntN(32, block.insns[block.callbacks[number]!.insn]!.pc))
