/** Which blocks of a region have called plugins by the time they are left: plugins may have asked for attention then. */
import type { IrBlock } from "../../../ir/Block.ts"
import type { RegionBlock } from "./Cfg.ts"

const none: ReadonlySet<number> = new Set()

const calls = (ir: IrBlock | undefined): boolean =>
  ir !== undefined && ir.callbacks.some(({ callback }) => callback.kind !== "inline" && callback.kind !== "memInline")

/**
 * Guest pcs of the blocks behind which fuel must be looked at: those with callbacks, in front of the block or in it, and those in
 * whose middle a block with callbacks goes on.
 */
export const callingBlocks = (blocks: ReadonlyArray<RegionBlock>): ReadonlySet<number> => {
  const callers = blocks.filter(({ head, ir }) => calls(head) || calls(ir))
  if (callers.length === 0) return none
  const calling = new Set<number>()
  const byPc = new Map(blocks.map((block) => [block.pc, block]))
  const mark = (block: RegionBlock | undefined): void => {
    if (block === undefined || calling.has(block.pc)) return
    calling.add(block.pc)
    if (block.cut !== undefined) mark(byPc.get(block.cut))
  }
  callers.forEach(mark)
  return calling
}
