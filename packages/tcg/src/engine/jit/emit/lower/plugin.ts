/**
 * Instrumentation and helpers to WebAssembly: counters as loads, adds and stores on the vCPU's slot; conditions tested in
 * the code; callbacks as calls to JS, with registers written back as far as the callback may look at them.
 */
import { CallbackFlags, type DynCallback, InlineOp, PluginCond } from "@emu/core/Instrumentation"
import type { ScoreboardU64 } from "@emu/core/Scoreboard"
import type { IrBlock, Op } from "../../../../ir/Block.ts"
import { Opcode } from "../../../../ir/Opcode.ts"
import { Insn } from "../../../../wasm/Wasm.ts"
import { callbackFlags } from "../../analysis/Dataflow.ts"
import { Scratch } from "../../Runtime.ts"
import type { LowerContext } from "./Context.ts"
import { lowerTrace } from "./trace.ts"

/** Comparisons of conditional callbacks: unsigned. */
const conditions = new Map<PluginCond, number>([
  [PluginCond.eq, Insn.i64_eq],
  [PluginCond.ne, Insn.i64_ne],
  [PluginCond.lt, Insn.i64_lt_u],
  [PluginCond.le, Insn.i64_le_u],
  [PluginCond.gt, Insn.i64_gt_u],
  [PluginCond.ge, Insn.i64_ge_u]
])

/** Lowers a plugin or trace operation or a helper call; false if it is none of them. */
export const lowerPlugin = (context: LowerContext, ir: IrBlock, op: Op): boolean => {
  switch (op.opcode) {
    case Opcode.call:
      lowerHelper(context, op)
      return true
    case Opcode.plugin_inline:
      inline(context, ir.callbacks[op.args[0]!]!.callback)
      return true
    case Opcode.plugin_exec:
      exec(context, ir, op)
      return true
    case Opcode.plugin_cond:
      conditional(context, ir, op)
      return true
    case Opcode.plugin_mem:
      memory(context, ir, op)
      return true
    default:
      return lowerTrace(context, ir, op)
  }
}

/** What access to scoreboards takes of the context. */
export type ScoreboardContext = Pick<LowerContext, "code" | "scoreboardAddress" | "vcpu">

/** Pushes the address (less the static offset that it returns) of the vCPU's slot. */
const pushSlot = ({ code, scoreboardAddress, vcpu }: ScoreboardContext, entry: ScoreboardU64): number => {
  const { address, stride } = scoreboardAddress(entry)
  code.get(vcpu())
  code.i32(stride)
  code.op(Insn.i32_mul)
  return address
}

const inline = (context: LowerContext, callback: DynCallback): void => {
  if (callback.kind !== "inline" && callback.kind !== "memInline") return
  const { code } = context
  // What has run often enough to be compiled is marked, as a rule.
  if (callback.op === InlineOp.markU64 && context.scoreboardAddress(callback.entry).value === callback.imm) return
  const imm = BigInt.asIntN(64, callback.imm)
  if (callback.op === InlineOp.addU64) {
    if (!context.addToCounter(callback.entry, imm)) addToScoreboard(context, callback.entry, () => code.i64(imm))
    return
  }
  const address = pushSlot(context, callback.entry)
  code.i64(imm)
  code.memory(Insn.i64_store, address)
}

/** Adds what `push` pushes to the vCPU's slot of a scoreboard entry. */
export const addToScoreboard = (context: ScoreboardContext, entry: ScoreboardU64, push: () => void): void => {
  const { code } = context
  const address = pushSlot(context, entry)
  pushSlot(context, entry)
  code.memory(Insn.i64_load, address)
  push()
  code.op(Insn.i64_add)
  code.memory(Insn.i64_store, address)
}

/** Registers that the callback may read must be in memory; those that it may write are read back. */
const around = (context: LowerContext, flags: CallbackFlags, call: () => void): void => {
  if (flags !== CallbackFlags.noRegs) context.storeDirty()
  context.flushCounters()
  call()
  context.afterCallback()
  if (flags >= CallbackFlags.readWriteRegs) context.reloadLive()
}

const exec = (context: LowerContext, ir: IrBlock, op: Op): void => {
  const { callbackNumber, callees, code } = context
  around(context, callbackFlags(ir, op), () => {
    code.i32(callbackNumber(ir, ir.callbacks[op.args[0]!]!))
    code.call(callees.exec)
  })
}

const conditional = (context: LowerContext, ir: IrBlock, op: Op): void => {
  const { code } = context
  const { callback } = ir.callbacks[op.args[0]!]!
  if (callback.kind !== "cond") return
  const flags = callbackFlags(ir, op)
  // A callback that may write is a barrier whether it is called or not: what comes behind it counts on memory being right.
  if (flags >= CallbackFlags.readWriteRegs) context.storeDirty()
  const address = pushSlot(context, callback.entry)
  code.memory(Insn.i64_load, address)
  if (context.pushCounter(callback.entry)) code.op(Insn.i64_add)
  code.i64(BigInt.asIntN(64, callback.imm))
  code.op(conditions.get(callback.cond)!)
  code.if()
  exec(context, ir, op)
  if (flags >= CallbackFlags.readWriteRegs) {
    code.else()
    context.reloadLive()
  }
  code.end()
}

const memory = (context: LowerContext, ir: IrBlock, op: Op): void => {
  const { callbackNumber, callees, code, values } = context
  const [base, value, disp, number] = op.args as [number, number, number, number]
  const from = ir.callbacks[number]!
  if (from.callback.kind !== "mem") return inline(context, from.callback)
  around(context, callbackFlags(ir, op), () => {
    code.i32(0)
    values.getI64(value)
    code.memory(Insn.i64_store, Scratch.b * 8)
    code.i32(0)
    values.getI64(base)
    code.i64(BigInt(disp))
    code.op(Insn.i64_add)
    code.memory(Insn.i64_store, Scratch.a * 8)
    code.i32(callbackNumber(ir, from))
    code.call(callees.mem)
  })
}

const lowerHelper = (context: LowerContext, op: Op): void => {
  const { callees, code, values } = context
  const [d, a, b, helper] = op.args as [number, number, number, number]
  context.storeDirty()
  context.flushCounters()
  code.i32(0)
  values.getI64(a)
  code.memory(Insn.i64_store, Scratch.a * 8)
  code.i32(0)
  values.getI64(b)
  code.memory(Insn.i64_store, Scratch.b * 8)
  code.i32(helper)
  context.pushFuelHere()
  code.call(callees.helper)
  context.reloadLive()
  values.beginSet(d)
  code.i32(0)
  code.memory(Insn.i64_load, Scratch.result * 8)
  values.setI64(d)
}
