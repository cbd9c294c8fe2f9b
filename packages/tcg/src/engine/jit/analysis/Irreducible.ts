/**
 * Makes a graph reducible. An edge that goes back to a node that does not dominate its source is led through a dispatch node
 * in front of the nearest common dominator of the two, which then is the header of a proper loop around both.
 */
import { type Cfg, graphOf, nodeInFrontOf, redirect, successors } from "./Cfg.ts"
import { type Analysis, analyse, dominates } from "./Graph.ts"
import { resumeOf } from "./resume.ts"

/** More edges than this are left as they are: they leave the region. */
const maxEdges = 40

/** A graph that was made reducible: the node that stands for the root now, and what is known of the graph as it is now. */
export interface Reducible {
  readonly start: number
  readonly analysis: Analysis
}

/** Adds dispatch nodes until every edge that goes back goes to a dominator. */
export const makeReducible = (cfg: Cfg, root: number): Reducible => {
  let start = root
  let dispatchOf: Map<number, number> | undefined
  for (let edges = 0; ; edges++) {
    const analysis = analyse(graphOf(cfg), start)
    const edge = edges < maxEdges ? findEdge(cfg, analysis) : undefined
    if (edge === undefined) return { start, analysis }
    const { from, to } = edge
    let header = commonDominator(analysis, from, to)
    if (cfg.nodes[header]!.terminator.kind !== "dispatch") {
      dispatchOf ??= new Map()
      const dispatch = dispatchOf.get(header) ?? addDispatch(cfg, header)
      dispatchOf.set(header, dispatch)
      if (header === start) start = dispatch
      header = dispatch
    }
    // Unlike the pcs and the key by which the region is entered: on these ways what is live is loaded.
    const key = 4 * to + 1
    const resume = cfg.nodes[to]!.entry ? resumeOf(cfg, from, to) : undefined
    const node = cfg.nodes[header]!
    if (node.terminator.kind === "dispatch" && !node.terminator.cases.some((c) => c.key === key)) {
      node.terminator = { ...node.terminator, cases: [...node.terminator.cases, { key, node: to, last: true }] }
    }
    const enter = cfg.nodes.length
    cfg.nodes.push(nodeInFrontOf(cfg.nodes[to]!, { kind: "enter", key, resume, target: header }))
    const source = cfg.nodes[from]!
    source.terminator = redirect(source.terminator, (n) => (n === to ? enter : n))
  }
}

const addDispatch = (cfg: Cfg, header: number): number => {
  const dispatch = cfg.nodes.length
  const move = (to: number) => (to === header ? dispatch : to)
  for (const node of cfg.nodes) {
    if (successors(node.terminator).includes(header)) node.terminator = redirect(node.terminator, move)
  }
  cfg.nodes.push(nodeInFrontOf(cfg.nodes[header]!, { kind: "dispatch", cases: [], next: header }))
  return dispatch
}

const findEdge = (cfg: Cfg, analysis: Analysis): { from: number; to: number } | undefined => {
  if (!analysis.goesBack) return undefined
  for (const from of analysis.order) {
    for (const to of successors(cfg.nodes[from]!.terminator)) {
      if (analysis.position[to]! <= analysis.position[from]! && !dominates(analysis, to, from)) return { from, to }
    }
  }
  return undefined
}

const commonDominator = (analysis: Analysis, a: number, b: number): number => {
  let x = a
  let y = b
  while (x !== y) {
    while (analysis.position[x]! > analysis.position[y]!) x = analysis.idom[x]!
    while (analysis.position[y]! > analysis.position[x]!) y = analysis.idom[y]!
  }
  return x
}
