/**
 * What plugins may ask for in code, and what conditions mean: engines compile the same rules; this
 * is the reference.
 */
import * as Result from "effect/Result"
import { CallbackFlags, PluginCond } from "../Instrumentation.ts"
import type { InlineOp, MemRw } from "../Instrumentation.ts"
import { CallbackTypeError, OutOfRangeError } from "../PluginError.ts"

const check = <A extends number>(
  what: OutOfRangeError["what"],
  value: number,
  max: number,
  min = 0
): Result.Result<A, OutOfRangeError> =>
  Number.isInteger(value) && value >= min && value <= max
    ? Result.succeed(value as A)
    : Result.fail(new OutOfRangeError({ what, value }))

/** Refuses a callback that is none: it would fail when it is called, far away from the mistake. */
export const checkCallback = <A>(operation: string, callback: A): Result.Result<A, CallbackTypeError> =>
  typeof callback === "function"
    ? Result.succeed(callback)
    : Result.fail(new CallbackTypeError({ operation, actual: callback === null ? "null" : typeof callback }))

/** Refuses callback flags that are out of range. */
export const checkFlags = (flags: number) => check<CallbackFlags>("CallbackFlags", flags, 3, CallbackFlags.deferred)

/**
 * Refuses flags that a conditional callback cannot have: its condition is for a moment, so it is
 * called at that moment.
 */
export const checkCondFlags = (flags: number) => check<CallbackFlags>("CallbackFlags", flags, 3)

/** Refuses a condition that is out of range. */
export const checkCond = (cond: number) => check<PluginCond>("PluginCond", cond, 7)

/** Refuses an inline operation that is out of range. */
export const checkOp = (op: number) => check<InlineOp>("InlineOp", op, 2)

/** Refuses a direction that is out of range: it must name reads, writes, or both. */
export const checkRw = (rw: number) =>
  rw === 0 ? Result.fail(new OutOfRangeError({ what: "MemRw", value: rw })) : check<MemRw>("MemRw", rw, 3)

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
