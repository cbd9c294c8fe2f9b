/** What a `trace_exec` or `trace_mem` records that is known when it is lowered. */
import { TraceKind } from "@emu/core/Trace"
import type { TraceBuffer } from "@emu/core/trace/TraceBuffer"
import type { IrBlock } from "../ir/Block.ts"
import { MemOp } from "../ir/Opcode.ts"

export interface RecordInfo {
  readonly trace: TraceBuffer
  /** The site's number in the trace. */
  readonly site: number
  /** Guest address of the instruction, as an Int32. */
  readonly pc: number
  readonly memop: number
}

/** The trace that a callback of a block records into. */
export const traceOf = (block: IrBlock, number: number): TraceBuffer => {
  const { callback } = block.callbacks[number]!
  if (!("trace" in callback)) {
    throw new Error(`callback ${number} is ${callback.kind}, not that of a trace`)
  }
  return callback.trace
}

/** The record of a block's callback by its number. */
export const recordOf = (block: IrBlock, number: number): RecordInfo => {
  const { callback, insn, memop, store } = block.callbacks[number]!
  const pc = Number(BigInt.asIntN(32, block.insns[insn]!.pc))
  const trace = traceOf(block, number)
  if (callback.kind === "traceExec") {
    return { trace, site: callback.site, pc, memop }
  }
  const site = trace.siteNumber(pc >>> 0, 1 << (memop & MemOp.sizeMask), store ? TraceKind.store : TraceKind.load)
  return { trace, site, pc, memop }
}
