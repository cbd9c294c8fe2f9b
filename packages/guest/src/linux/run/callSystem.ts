/** One system call: decode, run, and what becomes of the result. */
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { decodeArgs, internalResult, type Syscall, type SyscallResult } from "../kernel/Syscall.ts"
import { syscalls } from "../kernel/syscalls.ts"

/** A system call about to be made. */
export interface Call {
  readonly number: number
  /** Undefined: there is no such call. */
  readonly row: Syscall<Kernel> | undefined
  /** As the row decodes them. */
  readonly args: ReadonlyArray<number | bigint>
}

const noArgs: ReadonlyArray<number | bigint> = []

/** Reads which call the running thread makes. */
export const readCall = (kernel: Kernel): Call => {
  const { state, abi } = kernel
  const number = Number(state.i64[abi.numberSlot]!)
  const row = syscalls.get(number)
  if (row === undefined) return { number, row, args: noArgs }
  return {
    number,
    row,
    args: decodeArgs(
      row.args,
      abi.argumentSlots.map((slot) => state.i64[slot]!)
    )
  }
}

/**
 * Makes a call.
 *
 * @param unknown numbers that were warned of already
 * @returns a result, perhaps an `internalResult`, or an Effect of it where the call has to wait
 */
export const makeCall = (kernel: Kernel, call: Call, unknown: Set<number>): SyscallResult => {
  if (call.row !== undefined) return call.row.run(kernel, ...(call.args as ReadonlyArray<never>))
  if (!unknown.has(call.number)) {
    unknown.add(call.number)
    kernel.warn(`system call ${call.number} is not supported: the program was told ENOSYS`)
  }
  return -Errno.ENOSYS
}

/** Stores a result where the program finds it. */
export const storeResult = (kernel: Kernel, result: number | bigint): void => {
  if (result === internalResult.sigreturn || result === internalResult.exit || result === internalResult.restart) return
  kernel.state.i64[kernel.abi.resultSlot] = BigInt(result)
}

/** Calls that a signal ends for good: they give EINTR whatever SA_RESTART says (signal(7)). */
const neverRestarted = new Set([
  22, // epoll_pwait
  72, // pselect6
  73, // ppoll
  101, // nanosleep
  115, // clock_nanosleep
  133, // rt_sigsuspend
  137, // rt_sigtimedwait
  188, // msgrcv
  189, // msgsnd
  192, // semtimedop
  193, // semop
  441 // epoll_pwait2
])

/** Whether a call that a signal ended may be run again. */
export const isRestartable = (call: Call, isTimedWait: boolean): boolean => !neverRestarted.has(call.number) && !isTimedWait
