/**
 * Which blocks to compile together when a block has become hot, and where the region is entered.
 *
 * A region grows from its root along static exits. The root should be where the code around the hot block is entered from
 * outside (a function's first block, or the head of the outermost loop), not the hot block itself, which usually is the head
 * of an inner loop: rooted there, nested loops would become one (DESIGN section 9, point 2).
 */
import type { Blocks, KnownBlock } from "./Blocks.ts"
import { components } from "../analysis/Graph.ts"

export interface RegionLimits {
  readonly maxBlocks: number
  readonly maxOps: number
}

export interface Region {
  readonly root: number
  /** The root's block first. */
  readonly blocks: ReadonlyArray<KnownBlock>
}

/**
 * The region in which to compile the block at `hot`. It contains that block.
 *
 * @param isWarm whether a block has run more than a few times: those that have not only make compilation dear
 */
export const selectRegion = (source: Blocks, hot: number, limits: RegionLimits, isWarm: (pc: number) => boolean): Region => {
  const { ancestors, candidates } = rootCandidates(source, hot, limits)
  for (const root of candidates) {
    // What leads to the hot block belongs to it even if it ran only once, such as the loops around it.
    const blocks = grow(source, root, limits, (pc) => ancestors.has(pc) || isWarm(pc))
    if (blocks.some((block) => block.pc === hot)) return { root, blocks }
  }
  return regionFrom(source, hot, limits, isWarm)
}

/** The region that begins with the block at `root`. */
export const regionFrom = (source: Blocks, root: number, limits: RegionLimits, isWarm: (pc: number) => boolean): Region => ({
  root,
  blocks: grow(source, root, limits, isWarm)
})

/** Blocks reachable from the root, breadth first, within the limits. */
const grow = (source: Blocks, root: number, limits: RegionLimits, isWarm: (pc: number) => boolean): Array<KnownBlock> => {
  const first = source.get(root)
  if (first !== undefined && first.exits.length === 0 && !first.jumps) return [first]
  const queue = [root]
  const seen = new Set(queue)
  const blocks: Array<KnownBlock> = []
  let ops = 0
  for (let pc = queue.shift(); pc !== undefined && blocks.length < limits.maxBlocks; pc = queue.shift()) {
    const block = source.get(pc)
    if (block === undefined || (pc !== root && !isWarm(pc))) continue
    ops += block.ops
    if (blocks.length > 0 && ops > limits.maxOps) break
    blocks.push(block)
    const follow = (to: number) => {
      if (seen.has(to)) return
      seen.add(to)
      queue.push(to)
    }
    for (const exit of block.exits) follow(exit.pc)
    if (block.jumps) source.jumpTargets(pc).forEach(follow)
  }
  return blocks
}

/**
 * Candidates for the root, best first: the one block without predecessors from which the hot block is reached (the function's
 * entry), then the entry of the outermost loop around it.
 */
const rootCandidates = (
  source: Blocks,
  hot: number,
  limits: RegionLimits
): { readonly ancestors: ReadonlySet<number>; readonly candidates: ReadonlyArray<number> } => {
  // Everything that leads to the hot block, as a graph of predecessor edges from it.
  const isKnown = (pc: number) => source.get(pc) !== undefined
  if (!source.predecessors(hot).some(isKnown)) return { ancestors: new Set([hot]), candidates: [hot] }
  const pcs = [hot]
  const numberOf = new Map([[hot, 0]])
  const edges: Array<Array<number>> = []
  for (let i = 0; i < pcs.length; i++) {
    const list: Array<number> = []
    edges.push(list)
    for (const p of source.predecessors(pcs[i]!)) {
      if (!isKnown(p)) continue
      let n = numberOf.get(p)
      if (n === undefined) {
        if (pcs.length >= limits.maxBlocks) continue
        n = pcs.length
        numberOf.set(p, n)
        pcs.push(p)
      }
      list.push(n)
    }
  }
  const sources = pcs.filter((_, i) => edges[i]!.length === 0)
  const candidates = sources.length === 1 ? [sources[0]!] : []

  // Loop entries: members of the hot block's component that are reached from outside of it.
  const { of } = components(edges, [0])
  const entries = pcs.filter((_, i) => of[i] === of[0] && edges[i]!.some((p) => of[p] !== of[0]))
  if (entries.length === 1) candidates.push(entries[0]!)
  return { ancestors: new Set(pcs), candidates }
}
