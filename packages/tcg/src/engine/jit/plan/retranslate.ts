/** The IR of the blocks of a region, made anew. */
import { type Blocks, cutOf, type KnownBlock } from "./Blocks.ts"
import type { RegionBlock } from "../analysis/Cfg.ts"
import type { JitHost } from "../JitHost.ts"
import type { Region } from "./Region.ts"
import type { RegionSource } from "../analysis/RegionAnalysis.ts"

/**
 * Translates a region's blocks with the instrumentation that they have, cut where they overlap. Undefined where the code of one
 * cannot be fetched any more, or where there is none: the block that was asked for may be gone by now.
 */
export const retranslateRegion = ({ blocks, root }: Region, known: Blocks, host: JitHost): RegionSource | undefined => {
  if (blocks.length === 0) return undefined
  // One block by itself overlaps with none.
  const byPc = blocks.length > 1 ? new Map(blocks.map((block) => [block.pc, block])) : undefined
  const result: Array<RegionBlock> = []
  for (const block of blocks) {
    const made = retranslateBlock(block, byPc && cutOf(block, byPc), known, host)
    if (made === undefined) return undefined
    result.push(made)
  }
  return { root, blocks: result }
}

const retranslateBlock = (
  { end, insnPcs, instrumentation, pc }: KnownBlock,
  cut: number | undefined,
  known: Blocks,
  host: JitHost
): RegionBlock | undefined => {
  const ir = host.retranslate(pc, cut ?? insnPcs.length, instrumentation && { tb: [], insns: instrumentation.insns })
  const hasHead = instrumentation !== undefined && instrumentation.tb.length > 0
  const head = hasHead ? host.retranslate(pc, 0, { tb: instrumentation.tb, insns: [] }) : undefined
  if (ir === undefined || (hasHead && head === undefined)) return undefined
  return { pc, end, ir, head, cut: cut === undefined ? undefined : insnPcs[cut]!, isJumpTarget: known.isJumpTarget(pc) }
}
