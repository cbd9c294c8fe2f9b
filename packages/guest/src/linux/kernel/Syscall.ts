/** How a system call is described: a row of the table with its name, typed arguments and handler. */
import type * as Effect from "effect/Effect"

/**
 * What a handler gives: the value for the result register (a negative errno on failure), or an Effect of it where the call
 * may have to wait. Handlers that need not wait return plain values: most calls never enter the Effect runtime.
 */
export type SyscallResult = number | bigint | Effect.Effect<number | bigint>

/**
 * Results that never reach the guest: what the register holds is right already, or there is nobody left to read it. The
 * values are those that QEMU shows its plugins.
 */
export const internalResult = {
  /** A signal ended the call early, and it may be run again. */
  restart: -512,
  /** rt_sigreturn restored all registers. */
  sigreturn: -513,
  /** The thread or the process is at its end. */
  exit: -514
} as const

/**
 * Kinds of argument. They say how the 64-bit register is decoded and how `--strace` prints it.
 *
 * - `int`, `fd`, `signal`: signed 32 bits, as a number
 * - `uint`, `flags`, `mode`: unsigned 32 bits, as a number
 * - `pointer`, `path`, `size`: unsigned 64 bits, as a number (values from 2^53 on lose precision, and no such address is mapped)
 * - `offset`, `long`: signed 64 bits, as a bigint
 */
export type ArgKind = "int" | "fd" | "signal" | "uint" | "flags" | "mode" | "pointer" | "path" | "size" | "offset" | "long"

/** JS type that an argument of a kind is decoded to. */
export type ArgType<K extends ArgKind> = K extends "long" | "offset" ? bigint : number

/** A system call. `K` is whatever kernel state its handler works on. */
export interface Syscall<K> {
  readonly number: number
  readonly name: string
  readonly args: ReadonlyArray<ArgKind>
  readonly run: (kernel: K, ...args: ReadonlyArray<never>) => SyscallResult
  /** Nobody else runs while its Effect does, nor does a signal end it: the call ends other threads, or replaces what they run. */
  readonly keepsTurn?: true
  /** What is missing, for the table of support; undefined if nothing is. */
  readonly partial?: string
}

/**
 * Makes a row with its handler's argument types checked against the kinds.
 *
 * @example
 * syscall(57, "close", ["fd"], (kernel, fd) => kernel.files.close(fd))
 */
export const syscall = <K, const A extends ReadonlyArray<ArgKind>>(
  number: number,
  name: string,
  args: A,
  run: (kernel: K, ...args: { [I in keyof A]: ArgType<A[I]> }) => SyscallResult,
  partial?: string
): Syscall<K> => ({ number, name, args, run: run as Syscall<K>["run"], ...(partial === undefined ? {} : { partial }) })

/** Decodes the six argument registers for a row. */
export const decodeArgs = (kinds: ReadonlyArray<ArgKind>, registers: ReadonlyArray<bigint>): Array<number | bigint> =>
  kinds.map((kind, i) => {
    const value = registers[i]!
    switch (kind) {
      case "int":
      case "fd":
      case "signal":
        return Number(BigInt.asIntN(32, value))
      case "uint":
      case "flags":
      case "mode":
        return Number(BigInt.asUintN(32, value))
      case "pointer":
      case "path":
      case "size":
        return Number(BigInt.asUintN(64, value))
      case "offset":
      case "long":
        return BigInt.asIntN(64, value)
    }
  })
