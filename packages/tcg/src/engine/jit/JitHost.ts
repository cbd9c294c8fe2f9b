/** What the compiled tier asks of the engine. */
import type { Instrumentation } from "@emu/core/Instrumentation"
import type { DescribedBlock } from "./plan/Blocks.ts"
import type { IrBlock } from "../../ir/Block.ts"
import type { LowerContext } from "./emit/lower/Context.ts"
import type { JitImports } from "./Runtime.ts"

export interface JitHost extends Pick<LowerContext, "callbackNumber" | "scoreboardAddress"> {
  readonly imports: Omit<JitImports, "moveWindow">
  /**
   * Translates the first `limit` instructions at `pc` anew with the given instrumentation, asking no plugin. Undefined where
   * the code cannot be fetched any more.
   */
  readonly retranslate: (pc: number, limit: number, instrumentation: Instrumentation | undefined) => IrBlock | undefined
  /** Describes a block that was translated; undefined where there is none, or its code has changed. */
  readonly describe: (pc: number) => DescribedBlock | undefined
  /** The pcs of translated blocks that begin in a stretch of guest addresses of a page at the most. */
  readonly translatedIn: (low: number, high: number) => ReadonlyArray<number>
  /** Whether the block at a pc has run more than a few times. */
  readonly isWarm: (pc: number) => boolean
  /** How often the block at a pc was interpreted; 0 for one that is compiled. */
  readonly runs: (pc: number) => number
  /** The block at a pc was not worth a region yet: it is to ask again after so many more runs; NaN where nobody can say. */
  readonly askAgain: (pc: number, runs: number) => void
  /** A region can be entered at this pc now: the block's code is to lead to it. */
  readonly published: (pc: number) => void
  /** No region can be entered at this pc any more. */
  readonly withdrawn: (pc: number) => void
  /** Receives a line for each region that is installed. */
  readonly trace: ((text: string) => void) | undefined
}
