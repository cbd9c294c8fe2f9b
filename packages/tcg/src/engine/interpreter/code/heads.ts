/** Block heads: where there is a compiled tier, the operation that begins each block and counts or leads to compiled code. */
import { Code } from "./Code.ts"
import type { Machine } from "../Machine.ts"

/** Words of a head. */
export const headWords = 2

/** How often a block is interpreted before it is compiled, unless the options say otherwise. */
export const usualThreshold = 3000

/** Lets the block at a pc lead to compiled code. */
export const publish = (machine: Machine, pc: number): void => {
  const block = machine.blocks.get(pc)
  if (block === undefined) return
  machine.code[block.entry] = Code.region
  machine.code[block.entry + 1] = pc
}
