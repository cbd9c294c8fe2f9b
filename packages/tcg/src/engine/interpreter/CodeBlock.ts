/** A translated block as the interpreters know it. */
import type { Tb } from "../../TbCache.ts"

/** A block whose code lies in memory, from word number `entry` on. */
export interface CodeBlock extends Tb {
  /** Its instructions in `Machine.insns`. */
  readonly firstInsn: number
  readonly insns: number
  /** What its countdown to being hot began with, and how often it ran before that; infinite for one that was hot before. */
  armed: number
  runs: number
  /** Code of the rest of the block from an instruction on, by its address (`addRest`). */
  rests: Map<number, number> | undefined
  /** Nothing is woven into it: its code is the same whenever it is translated from the same bytes. */
  readonly isPlain: boolean
}
