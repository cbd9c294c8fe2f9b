/** What the interpreters need of a tier above them: the one thing that they know of it. */
import type { Instrumentation } from "@emu/core/Instrumentation"
import type { IrBlock } from "../../ir/Block.ts"
import type { CodeBlock } from "./CodeBlock.ts"

/** Places are indices of words in memory, as everywhere in the interpreters' code. */
export interface Tier {
  /** Whether compiled code can be entered at a guest pc. */
  readonly has: (pc: number) => boolean
  /** The block whose head is at a place has been counted down. Gives where to go on. */
  readonly hot: (at: number) => number
  /** Runs the compiled code that the head at a place names. Gives where to go on, or -1 with `Machine.exit` set. */
  readonly enterRegion: (at: number, left: number) => number
  /** A computed jump leads to another pc than the last time. */
  readonly noteTarget: (pc: number) => void
  /** There is a new block, without IR where it was not translated; a block has gone; all of them have. */
  readonly addBlock: (block: CodeBlock, ir: IrBlock | undefined, instrumentation: Instrumentation | undefined) => void
  readonly removeBlock: (pc: number) => void
  readonly flush: () => void
}
