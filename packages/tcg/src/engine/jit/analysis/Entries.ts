/**
 * Lets a region be entered at several blocks, in the middle of its loops, without spoiling their structure: a loop that
 * contains entries gets a dispatch node in front of its header, through which the way in leads. Every loop header is made an
 * entry, so that a region that was left when its fuel ran out is entered again where it stopped.
 */
import { type Cfg, type DispatchCase, graphOf, nodeInFrontOf, redirect } from "./Cfg.ts"
import { type Analysis, analyse, dominates, withEntry } from "./Graph.ts"
import { makeReducible } from "./Irreducible.ts"

/** A way into the region. */
export interface EntryWay {
  /** The node behind the loads of what is live there. */
  readonly node: number
  /** Guest pcs at which it is taken. */
  readonly pcs: ReadonlyArray<number>
  /** Headers of the loops around the node. */
  readonly around: ReadonlyArray<number>
}

/** The block that a region was asked for. */
export interface WantedEntry {
  readonly hot: number
  /** It must become an entry, even in the middle of a loop, unless it is one as the target of a computed jump in the region. */
  readonly must: boolean
}

export interface Entries {
  /** The node at which the function begins: a dispatch node. */
  readonly start: number
  /** The ways in: the one to the root first, the one to the switch (if there is one) last. */
  readonly ways: ReadonlyArray<EntryWay>
  /** Guest pcs at which the region can be entered. */
  readonly pcs: ReadonlyArray<number>
  /** The graph as it is now. */
  readonly analysis: Analysis
}

/**
 * Adds the dispatch nodes for entry at the root and at every loop header that begins a block, and at the
 * one that was asked for. If that is in a loop, it need not be: the loop's header comes soon then, and an entry in the middle
 * costs a test in every round.
 */
export const addEntries = (cfg: Cfg, root: number, { hot, must }: WantedEntry): Entries => {
  const { analysis, start: rootNode } = makeReducible(cfg, cfg.entryOf.get(root)!)
  if (!analysis.goesBack && hot === root && cfg.switchNode === undefined) {
    // As most small functions.
    cfg.nodes.push(nodeInFrontOf(cfg.nodes[rootNode]!, { kind: "dispatch", cases: [], next: rootNode }))
    const ways = [{ node: rootNode, pcs: [root], around: [] }]
    return { start: cfg.nodes.length - 1, ways, pcs: [root], analysis: withEntry(analysis) }
  }
  const loops = naturalLoops(analysis)

  const pcOf = new Map<number, number>()
  for (const header of loops.keys()) {
    const { block, entry } = cfg.nodes[header]!
    if (entry) pcOf.set(header, block.pc)
  }
  const hotNode = cfg.entryOf.get(hot)
  // Targets of computed jumps are entered over the switch, which has an odd key of its own.
  const { switchNode } = cfg
  const hasSwitch = switchNode !== undefined && analysis.position[switchNode] !== -1
  const mustEnter = must && !(hasSwitch && cfg.blocks.some(({ isJumpTarget, pc }) => isJumpTarget && pc === hot))
  const inLoop = !mustEnter && [...loops].some(([header, body]) => pcOf.has(header) && body.has(hotNode ?? -1))
  if (hotNode !== undefined && analysis.position[hotNode] !== -1 && !inLoop) pcOf.set(hotNode, hot)
  pcOf.delete(cfg.entryOf.get(root)!)
  if (hasSwitch) pcOf.set(switchNode, switchKey(switchNode))

  // For each entry, the headers of the loops around it from the outermost in. The way leads through their dispatch nodes.
  const cases = new Map<number, Array<DispatchCase>>()
  const startCases: Array<DispatchCase> = []
  const paths = [...pcOf].map(([node, pc]) => {
    const around = [...loops].filter(([header, body]) => header !== node && body.has(node)).map(([header]) => header)
    around.sort((a, b) => analysis.position[a]! - analysis.position[b]!)
    return { pc, node, around }
  })
  let others: DispatchCase | undefined
  const dispatchOf = new Map<number, number>()
  for (const { around } of paths) {
    for (const header of around) {
      if (!dispatchOf.has(header)) {
        dispatchOf.set(header, cfg.nodes.length)
        cases.set(header, [])
        cfg.nodes.push(nodeInFrontOf(cfg.nodes[header]!, { kind: "goto", target: header }))
      }
    }
  }
  paths.forEach(({ pc, node, around }, i) => {
    const way = i + 1
    const stops = [...around.map((header) => dispatchOf.get(header)!), dispatchOf.get(node) ?? node]
    const caseOf = (stop: number): DispatchCase =>
      stop === node ? { key: pc, node: stop, last: true, way } : { key: pc, node: stop, last: false }
    if (node === switchNode) others = caseOf(stops[0]!)
    else startCases.push(caseOf(stops[0]!))
    around.forEach((header, stop) => cases.get(header)!.push(caseOf(stops[stop + 1]!)))
  })
  if (dispatchOf.size > 0) {
    for (const node of cfg.nodes) node.terminator = redirect(node.terminator, (to) => dispatchOf.get(to) ?? to)
  }
  for (const [header, dispatch] of dispatchOf) {
    const own = pcOf.get(header)
    const way = paths.findIndex(({ node }) => node === header) + 1
    const list =
      own === undefined ? cases.get(header)! : [...cases.get(header)!, { key: own, node: header, last: true, way }]
    cfg.nodes[dispatch]!.terminator = { kind: "dispatch", cases: list, next: header }
  }
  const start = cfg.nodes.length
  const next = dispatchOf.get(rootNode) ?? rootNode
  cfg.nodes.push(nodeInFrontOf(cfg.nodes[rootNode]!, { kind: "dispatch", cases: startCases, next, others }))
  const own = [root, ...[...pcOf.values()].filter((pc) => (pc & 1) === 0)]
  const jumpTargets = others === undefined ? [] : cfg.blocks.filter((block) => block.isJumpTarget).map(({ pc }) => pc)
  const ways = [
    { node: next, pcs: [root], around: [] },
    ...paths.map(({ around, node, pc }) => ({
      node,
      pcs: node === switchNode ? jumpTargets : [pc],
      around: [...around, node].map((header) => dispatchOf.get(header) ?? header)
    }))
  ]
  return { start, ways, pcs: [...new Set([...own, ...jumpTargets])], analysis: analyse(graphOf(cfg), start) }
}

/** What the `pc` local is on the way to the switch. */
const switchKey = (node: number): number => 4 * node + 3

/** The natural loops: bodies by header. */
export const naturalLoops = (analysis: Analysis): Map<number, Set<number>> => {
  const loops = new Map<number, Set<number>>()
  if (!analysis.goesBack) return loops
  for (const header of analysis.order) {
    const latches = analysis.predecessors[header]!.filter((p) => dominates(analysis, header, p))
    if (latches.length === 0) continue
    const body = new Set([header])
    const queue = [...latches]
    for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
      if (body.has(at)) continue
      body.add(at)
      queue.push(...analysis.predecessors[at]!)
    }
    loops.set(header, body)
  }
  return loops
}
