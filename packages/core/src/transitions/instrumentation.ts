/** What inline operations, conditions and directions mean. Engines compile the same rules; these are the reference. */
import * as Result from "effect/Result"
import { CallbackFlags, InlineOp, PluginCond } from "../Instrumentation.ts"
import type { MemRw } from "../Instrumentation.ts"
import { OutOfRangeError } from "../PluginError.ts"

const check = <A extends number>(
  what: OutOfRangeError["what"],
  value: number,
  max: number,
  min = 0
): Result.Result<A, OutOfRangeError> =>
  Number.isInteger(value) && value >= min && value <= max
    ? Result.succeed(value as A)
    : Result.fail(new OutOfRangeError({ what, value }))

/** Refuses callback flags that are out of range. */
export const checkFlags = (flags: number) => check<CallbackFlags>("CallbackFlags", flags, 3, CallbackFlags.deferred)

/** Refuses flags that a conditional callback cannot have: its condition is for a moment, so it is called at that moment. */
export const checkCondFlags = (flags: number) => check<CallbackFlags>("CallbackFlags", flags, 3)

/** Refuses a condition that is out of range. */
export const checkCond = (cond: number) => check<PluginCond>("PluginCond", cond, 7)

/** Refuses an inline operation that is out of range. */
export const checkOp = (op: number) => check<InlineOp>("InlineOp", op, 2)

/** Refuses a direction that is out of range: it must name reads, writes, or both. */
export const checkRw = (rw: number) =>
  rw === 0 ? Result.fail(new OutOfRangeError({ what: "MemRw", value: rw })) : check<MemRw>("MemRw", rw, 3)

/** The new value of a slot after an inline operation; both wrap at 2^64. */
export const applyInline = (op: InlineOp, slot: bigint, imm: bigint): bigint =>
  BigInt.asUintN(64, op === InlineOp.addU64 ? slot + imm : imm)

/** Whether a conditional callback runs: both operands unsigned. */
export const holds = (cond: PluginCond, value: bigint, imm: bigint): boolean => {
  const a = BigInt.asUintN(64, value)
  const b = BigInt.asUintN(64, imm)
  switch (cond) {
    case PluginCond.never:
      return false
    case PluginCond.always:
      return true
    case PluginCond.eq:
      return a === b
    case PluginCond.ne:
      return a !== b
    case PluginCond.lt:
      return a < b
    case PluginCond.le:
      return a <= b
    case PluginCond.gt:
      return a > b
    case PluginCond.ge:
      return a >= b
  }
}

/** Whether a memory callback for `wanted` accesses runs for an access. Bits, not truth values (B6). */
export const watches = (wanted: MemRw, access: MemRw): boolean => (wanted & access) !== 0
