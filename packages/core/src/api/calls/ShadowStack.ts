/**
 * The calls that a vCPU is in, of the functions that a plugin watches. A call is over when execution comes to its return address
 * with the stack pointer of its beginning. Other ways to leave show in the stack pointer: the function's part of the stack is gone.
 */
import type { CallHooks, FunctionCall } from "../../FunctionCalls.ts"

/** A call that is not over. Frames never change, so that a forked process can share its parent's. */
export interface Frame {
  readonly call: FunctionCall
  readonly hooks: CallHooks<unknown>
  readonly state: unknown
  readonly sp: bigint
  /** Identifies the program that was executed: execve leaves no caller. */
  readonly program: object | undefined
  /** The one in which this one was called. */
  readonly outer: Frame | undefined
  /** How many there are, this one included. */
  readonly depth: number
}

/** Stack pointers that are further apart belong to different stacks. */
const stackSize = 8n << 20n

const isGone = ({ sp: begun }: Frame, sp: bigint): boolean => begun < sp && sp - begun < stackSize

/** A forked process leaves its parent's calls on a vCPU of its own. */
const exit = ({ call, hooks, state }: Frame, vcpu: number, result: bigint | undefined): void =>
  hooks.exit?.(call.vcpu === vcpu ? call : { ...call, vcpu }, result, state)

/** Tells the innermost frames that they were left, as long as that holds of them. */
const unwind = (top: Frame | undefined, vcpu: number, holds: (frame: Frame) => boolean): Frame | undefined => {
  let frame = top
  while (frame !== undefined && holds(frame)) {
    exit(frame, vcpu, undefined)
    frame = frame.outer
  }
  return frame
}

/**
 * The frames that are left when a function is entered.
 *
 * @param isCall it was called, not jumped to: so what has its stack pointer is gone, and no function that goes on as this one
 */
export const beforeCall = (
  top: Frame | undefined,
  vcpu: number,
  sp: bigint,
  isCall: boolean,
  program: object | undefined
): Frame | undefined => {
  if (top !== undefined && top.program !== program) return undefined
  return unwind(top, vcpu, (frame) => isGone(frame, sp) || (isCall && frame.sp === sp))
}

/**
 * The frames that are left when execution comes to a place where functions return to.
 *
 * @param result asked for where a function has returned
 */
export const afterReturn = (
  top: Frame | undefined,
  vcpu: number,
  pc: bigint,
  sp: bigint,
  result: () => bigint
): Frame | undefined => {
  let frame = unwind(top, vcpu, (one) => isGone(one, sp))
  // functions that went on as others return with them
  while (frame !== undefined && frame.call.returnAddress === pc && frame.sp === sp) {
    exit(frame, vcpu, result())
    frame = frame.outer
  }
  return frame
}

/** The vCPU has ended. */
export const afterEnd = (top: Frame | undefined, vcpu: number): void => void unwind(top, vcpu, () => true)
