/** Records of traces and of deferred callbacks to WebAssembly: stores behind a cursor that a local holds, and that is in memory after each record. */
import type { IrBlock, Op } from "../../../../ir/Block.ts"
import { bufferOf, deferredBuffer, pcOf, siteOf } from "../../../../instrument/records.ts"
import { MemOp, Opcode } from "../../../../ir/Opcode.ts"
import { Insn } from "../../../../wasm/Wasm.ts"
import { drainDeferredNumber } from "../../Runtime.ts"
import type { LowerContext } from "./Context.ts"

/** Lowers an operation on a trace; false if it is none. */
export const lowerTrace = (context: LowerContext, ir: IrBlock, op: Op): boolean => {
  switch (op.opcode) {
    case Opcode.trace_reserve:
      reserve(context, ir, op)
      return true
    case Opcode.trace_exec:
      exec(context, ir, op)
      return true
    case Opcode.trace_mem:
      memory(context, ir, op)
      return true
    default:
      return false
  }
}

/** Draining is a call like that of a callback that sees no registers; the cursor is 0 behind it. */
const reserve = (context: LowerContext, ir: IrBlock, op: Op): void => {
  const { callbackNumber, callees, code, values } = context
  const [at, records, number] = op.args as [number, number, number]
  const buffer = bufferOf(ir, number)
  const { cursor, records: capacity } = buffer
  code.i32(0)
  code.memory(Insn.i32_load, cursor)
  values.setI32(at)
  values.getI32(at)
  code.i32(4 * (capacity - records))
  code.op(Insn.i32_gt_s)
  code.ifUnlikely()
  context.flushCounters()
  code.i32(buffer === deferredBuffer ? drainDeferredNumber : callbackNumber(ir, ir.callbacks[number]!))
  code.call(callees.exec)
  context.afterCallback()
  code.i32(0)
  values.setI32(at)
  code.end()
}

const exec = (context: LowerContext, ir: IrBlock, op: Op): void => {
  const { code, values } = context
  const [next, at, number] = op.args as [number, number, number]
  const buffer = bufferOf(ir, number)
  storeSite(context, ir, at, number)
  if (buffer !== deferredBuffer) {
    values.getI32(at)
    code.i32(pcOf(ir, number))
    code.memory(Insn.i32_store, buffer.addresses)
    if (buffer.values !== 0) {
      pushValueOffset(context, at)
      code.i64(0n)
      code.memory(Insn.i64_store, buffer.values)
    }
  }
  advance(context, next, at, buffer.cursor)
}

const memory = (context: LowerContext, ir: IrBlock, op: Op): void => {
  const { code, values } = context
  const [next, at, base, value, disp, number] = op.args as [number, number, number, number, number, number]
  const buffer = bufferOf(ir, number)
  storeSite(context, ir, at, number)
  values.getI32(at)
  values.getI32(base)
  if (disp !== 0) {
    code.i32(disp)
    code.op(Insn.i32_add)
  }
  code.memory(Insn.i32_store, buffer.addresses)
  if (buffer.values !== 0) {
    pushValueOffset(context, at)
    storeValue(context, value, ir.callbacks[number]!.memop & MemOp.sizeMask, buffer.values)
  }
  advance(context, next, at, buffer.cursor)
}

const storeSite = ({ callbackNumber, code, values }: LowerContext, ir: IrBlock, at: number, number: number): void => {
  values.getI32(at)
  code.i32(siteOf(ir, number) ?? callbackNumber(ir, ir.callbacks[number]!))
  code.memory(Insn.i32_store, bufferOf(ir, number).sites)
}

/** Values take eight bytes where sites and addresses take four. */
const pushValueOffset = ({ code, values }: LowerContext, at: number): void => {
  values.getI32(at)
  code.i32(1)
  code.op(Insn.i32_shl)
}

/** Stores a value, zero-extended from its size. */
const storeValue = ({ code, values }: LowerContext, value: number, size: number, offset: number): void => {
  if (size === MemOp.size64) {
    if (values.isF64(value)) {
      values.getF64(value)
      code.memory(Insn.f64_store, offset)
    } else {
      values.getI64(value)
      code.memory(Insn.i64_store, offset)
    }
    return
  }
  values.getI32(value)
  if (size < MemOp.size32) {
    code.i32(size === MemOp.size8 ? 0xff : 0xffff)
    code.op(Insn.i32_and)
  }
  code.op(Insn.i64_extend_i32_u)
  code.memory(Insn.i64_store, offset)
}

/** Whatever leaves behind this finds the record in the buffer. */
const advance = ({ code, values }: LowerContext, next: number, at: number, cursor: number): void => {
  values.getI32(at)
  code.i32(4)
  code.op(Insn.i32_add)
  values.setI32(next)
  code.i32(0)
  values.getI32(next)
  code.memory(Insn.i32_store, cursor)
}
