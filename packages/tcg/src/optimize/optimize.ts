/** The optimiser: what every block goes through between instrumentation and an engine. Linear in the block's length. */
import type { IrBlock } from "../ir/Block.ts"
import { mergeInline } from "./mergeInline.ts"
import { propagate } from "./propagate.ts"
import { removeDead } from "./removeDead.ts"

/**
 * Optimises a block in place: constants and copies, folding, inline counters merged, dead operations removed. What a guest or
 * a plugin can observe stays as it was, at faults and callbacks in the middle too.
 */
export const optimize = (block: IrBlock): void => {
  propagate(block)
  if (block.callbacks.length > 0) {
    mergeInline(block)
  }
  removeDead(block)
}
