/** What functions of baseline code are made of. */
import type { IrBlock } from "../../ir/Block.ts"

/** A block of a function. */
export interface BaselineBlock {
  readonly pc: number
  /** Guest address behind the last instruction: where a call at the block's end returns to. */
  readonly end: number
  /** With its instrumentation. */
  readonly ir: IrBlock
  /** Do floating point out of line: for a status that is not the usual one. */
  readonly strictFloat: boolean
  /** Accesses may share checks. */
  readonly shares: boolean
}

/** A block branches back within itself, which no front end's blocks do: it stays with the interpreter. */
export class UnsupportedBlock extends Error {
  readonly pc: number

  constructor(pc: number) {
    super(`the block at 0x${pc.toString(16)} branches back within itself`)
    this.pc = pc
  }
}
