/** Where a region can be left on the way from node to node: the engine cannot go on in the middle of a block. */
import { type Cfg, isInverse, successors } from "./Cfg.ts"
import { type Analysis, dominates } from "./Graph.ts"

/** The pc at which the engine can go on instead of taking an edge that goes back. */
export const resumeOf = ({ nodes }: Cfg, from: number, to: number): number | undefined => {
  const { terminator } = nodes[from]!
  if (isInverse(nodes[from]!)) return undefined
  return terminator.kind === "enter" ? terminator.resume : nodes[to]!.resume
}

const none: ReadonlySet<number> = new Set()

/** Nodes of loops with an edge back that cannot be left: fuel has to be looked at in front of every block in them. */
export const unresumable = (cfg: Cfg, analysis: Analysis): ReadonlySet<number> => {
  const { order, position } = analysis
  const isDeadEnd = (from: number, to: number) => position[from]! >= position[to]! && resumeOf(cfg, from, to) === undefined
  if (!analysis.goesBack) return none
  const headers = order.flatMap((from) => successors(cfg.nodes[from]!.terminator).filter((to) => isDeadEnd(from, to)))
  return new Set(order.filter((node) => headers.some((header) => dominates(analysis, header, node))))
}
