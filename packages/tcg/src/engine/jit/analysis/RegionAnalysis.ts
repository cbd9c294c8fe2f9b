/** All that is found out about a region before the first byte of its function is written. */
import type { ScoreboardU64 } from "@emu/core/Scoreboard"
import { type AccessOptions, type AccessPlan, mayLeaveAt, planAccesses } from "./Accesses.ts"
import { callingBlocks } from "./calling.ts"
import { buildCfg, type Cfg, type RegionBlock, switchTargets } from "./Cfg.ts"
import { type Counters, findCounters, type ScoreboardPlace } from "./Counters.ts"
import { type Dataflow, type Globals, solve } from "./Dataflow.ts"
import { addEntries, type EntryWay, naturalLoops, type WantedEntry } from "./Entries.ts"
import { type FloatPolicy, floatPolicy, leaveAfterStatusWrites } from "./floatStatus.ts"
import { type Analysis, mergePoints } from "./Graph.ts"
import { narrowValues, type NarrowValues, type NodeOps } from "./Narrow.ts"
import { unresumable } from "./resume.ts"
import { findWebs, type Webs } from "./Webs.ts"

/** Blocks to compile together, the root's first. */
export interface RegionSource {
  readonly root: number
  readonly blocks: ReadonlyArray<RegionBlock>
}

/** What the analysis of a region depends on besides its code. */
export interface AnalysisOptions extends Pick<AccessOptions, "allows" | "sharing"> {
  /** Do floating point out of line: for a status where the inexact flag is clear or rounding is not to nearest. */
  readonly strictFloat: boolean
  /** Globals that were seen at the entry of a block with values that are not sign-extended from 32 bits. */
  readonly wideAt: (pc: number) => Globals
  /** Where vCPU 0's slot of a scoreboard entry is in memory, and the bytes to the next vCPU's. */
  readonly scoreboardAddress: (entry: ScoreboardU64) => ScoreboardPlace
}

/** A region with what was found out about it. */
export interface RegionAnalysis {
  /** Guest pc of the root block. */
  readonly root: number
  /** The control flow, fit for structured code as far as it could be made. */
  readonly cfg: Cfg
  /** The node where the function begins. */
  readonly entry: number
  /** Guest pcs at which the function may be called. */
  readonly entryPcs: ReadonlyArray<number>
  /** The ways from there into the region. */
  readonly ways: ReadonlyArray<EntryWay>
  readonly float: FloatPolicy
  /** Order and dominators of the nodes that can be reached. */
  readonly graph: Analysis
  /** The nodes of loops by their headers, and nodes at which ways meet. */
  readonly loops: ReadonlyMap<number, ReadonlySet<number>>
  readonly merges: ReadonlySet<number>
  /** Guest pcs of blocks behind which callbacks may have asked for attention. */
  readonly calling: ReadonlySet<number>
  /** Nodes of loops with an edge back into the middle of a block, where nothing can go on outside: fuel is looked at elsewhere. */
  readonly unresumable: ReadonlySet<number>
  readonly flow: Dataflow
  readonly webs: Webs
  /** The operations of the nodes that can be reached, in reverse postorder, and how often they run. */
  readonly nodes: ReadonlyArray<NodeOps>
  readonly narrow: NarrowValues
  readonly counters: Counters
  readonly accesses: AccessPlan
}

/** How much more often a loop's body runs than what is around it: a guess. */
const loopWeight = 8

/** Analyses a region that is to be entered at its root and at its loops, and as `wanted` says (see `addEntries`). */
export const analyseRegion = (
  { blocks, root }: RegionSource,
  wanted: WantedEntry,
  options: AnalysisOptions
): RegionAnalysis => {
  const cfg = buildCfg(blocks)
  const float = floatPolicy(blocks, options.strictFloat)
  if (float.testsAgain) leaveAfterStatusWrites(cfg)
  const { analysis: graph, pcs: entryPcs, start: entry, ways } = addEntries(cfg, root, wanted)
  const { order } = graph
  const loops = naturalLoops(graph)
  const flow = solve(cfg, graph, loops)
  const webs = findWebs(cfg, flow, graph, entry, ways, options.wideAt)
  const weightOf = weigh(loops)
  const nodes = order.map((n) => ({ ir: cfg.nodes[n]!.ir, ops: webs.ops[n]!, weight: weightOf(n) }))
  const accesses = planAccesses(cfg, graph, webs, {
    loops,
    mayHoist: mayHoist(cfg, webs, loops),
    sharing: options.sharing,
    allows: options.allows
  })
  return {
    root,
    cfg,
    entry,
    entryPcs,
    ways,
    float,
    graph,
    loops,
    merges: new Set([...mergePoints(graph), ...switchTargets(cfg)]),
    calling: callingBlocks(blocks),
    unresumable: unresumable(cfg, graph),
    flow,
    webs,
    nodes,
    narrow: narrowValues(nodes, webs.mayBeNarrow),
    counters: findCounters(cfg, order, weightOf, (counter) => options.scoreboardAddress(counter).address, {
      ops: (n) => webs.ops[n]!,
      isSeenAt: (op) => mayLeaveAt(accesses, op)
    }),
    accesses
  }
}

/** How much more often than others each node runs. */
const weigh = (loops: ReadonlyMap<number, ReadonlySet<number>>): ((node: number) => number) => {
  if (loops.size === 0) return () => 1
  const weights = new Map<number, number>()
  for (const body of loops.values()) for (const n of body) weights.set(n, (weights.get(n) ?? 1) * loopWeight)
  return (n) => weights.get(n) ?? 1
}

/** Whether an access of a loop may be checked in front of it, by the loop's header and the web it is off. */
const mayHoist = (cfg: Cfg, webs: Webs, { size }: RegionAnalysis["loops"]): AccessOptions["mayHoist"] => {
  if (size === 0) return () => false
  // An odd key on the way to a loop says nothing about where the engine could go on.
  const keys = cfg.nodes.flatMap(({ terminator }) =>
    terminator.kind === "dispatch" ? terminator.cases.map(({ key }) => key) : []
  )
  const hasPcs = keys.every((key) => (key & 1) === 0) && cfg.switchNode === undefined
  return (header, web) =>
    hasPcs && cfg.nodes[header]!.resume !== undefined && webs.start[header]![webs.globalOf(web)] === web
}
