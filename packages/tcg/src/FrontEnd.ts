/** What a guest architecture provides: globals, translation to IR, helpers. A front end is a folder in `guest`. */
import type { IrBuilder } from "./ir/Block.ts"
import type { CpuState } from "./CpuState.ts"

/** Reads guest code while translating. Every read checks the page's execute permission. */
export interface CodeReader {
  /**
   * The 16 bits at an address, zero-extended, or -1 where the page is not mapped executable.
   * Addresses are guest addresses below 2^32, as numbers.
   */
  readonly fetch16: (address: number) => number
}

/** A JS function that translated code may call: `(state, a, b) => result`, 64-bit signed values. */
export interface Helper {
  readonly name: string
  readonly run: (state: CpuState, a: bigint, b: bigint) => bigint
  /** The result depends on more than the vCPU's state and the operands: it reads a clock, say. */
  readonly isVolatile?: boolean
}

/** How one translation is to be made. */
export interface TranslateOptions {
  /** At most this many guest instructions. */
  readonly maxInsns: number
}

/** A guest architecture, as the translator sees it. */
export interface FrontEnd {
  readonly name: string
  /** Names of the state slots that the architecture uses, from slot 0 on (the shared ones are `Layout.CpuSlot`). */
  readonly globals: ReadonlyArray<string>
  readonly helpers: ReadonlyArray<Helper>
  /**
   * Decodes from `pc` and writes IR until the block ends. Emits nothing and returns false where not even the first
   * instruction can be fetched (the engine then raises a fetch fault at the address that could not be read).
   */
  readonly translate: (code: CodeReader, builder: IrBuilder, options: TranslateOptions) => boolean
  /** Text of one instruction as `-d in_asm` and plugins show it. */
  readonly disassemble: (raw: number, size: number, pc: bigint) => string
}
