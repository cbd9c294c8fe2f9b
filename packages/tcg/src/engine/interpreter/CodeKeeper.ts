/** What the interpreters need of whoever keeps code from run to run: all that they know of it. */
import type { CodeBlock } from "./CodeBlock.ts"

/** Code of an earlier run that lies in the machine, in front of all other code. */
export interface KeptCode {
  /** The place behind it. */
  readonly end: number
  /** The block at a guest address; undefined where none was kept that the guest's code agrees with. */
  readonly take: (pc: number) => CodeBlock | undefined
  /** The block that a place in the code is in. */
  readonly blockAt: (at: number) => CodeBlock
}

export interface CodeKeeper {
  /** Is told before all code goes. */
  readonly beforeFlush: () => void
  /** A block is wanted that does not exist yet: kept code may be put into the machine, if there is no other. */
  readonly beforeBlock: () => void
}
