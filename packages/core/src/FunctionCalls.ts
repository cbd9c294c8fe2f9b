/** Calls of guest functions, as `onCall` reports them. */
import type { CallbackFlags } from "./Instrumentation.ts"

/** A function of the guest that is called, as a target tells it by. */
export interface CalledFunction {
  /** A name of what begins there. */
  readonly name: string
  readonly address: bigint
  /** Absolute guest path of the program or library that it is in; undefined for code that is in none. */
  readonly module: string | undefined
}

/**
 * Which functions are meant: by name, in the program and every library; by name in one library (`libc` is `libc.so.6`, too); at
 * an address; or all that a function says yes to, which is asked once for each name when the code is translated.
 */
export type CallTarget =
  | string
  | bigint
  | { readonly name: string; readonly library: string }
  | ((called: CalledFunction) => boolean)

/** One call. */
export interface FunctionCall {
  readonly vcpu: number
  /** The function's name; empty for code at an address that has none. */
  readonly name: string
  readonly address: bigint
  /** Where it will go on when the function returns. */
  readonly returnAddress: bigint
  /** The argument registers as they were at the call, unsigned: as many as the architecture has. */
  readonly args: ReadonlyArray<bigint>
}

/**
 * What to do at calls. Both functions are plain, as hot callbacks are.
 *
 * `State` is what `enter` gives and `exit` gets back.
 */
export interface CallHooks<State> {
  /** Before the function's first instruction. */
  readonly enter?: (call: FunctionCall) => State
  /**
   * The function has returned, before the instruction behind the call. `result` is the result register; undefined where the
   * function was left another way: by longjmp, an exception, the end of its thread.
   */
  readonly exit?: (call: FunctionCall, result: bigint | undefined, state: State) => void
  /** Which registers both may touch; reading and writing, if left out. `setPc` needs `readWriteRegsPc`. */
  readonly flags?: CallbackFlags
}
