/**
 * Control-flow graphs: reverse postorder, dominators, loops. Plain arrays of node numbers; node 0 is the entry.
 *
 * Dominators after Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm" (2001).
 */

/** A graph as successor lists. */
export type Graph = ReadonlyArray<ReadonlyArray<number>>

/** What the analyses say of a graph. Nodes that the entry does not reach have order -1. */
export interface Analysis {
  /** Reachable nodes in reverse postorder. */
  readonly order: ReadonlyArray<number>
  /** Position of each node in `order`, or -1. Plain arrays: most graphs are small, and typed ones are dear to make. */
  readonly position: ReadonlyArray<number>
  /** Immediate dominator of each node (the entry's is itself), or -1. */
  readonly idom: ReadonlyArray<number>
  /** Children in the dominator tree, each list in reverse postorder. */
  readonly children: ReadonlyArray<ReadonlyArray<number>>
  /** Reachable predecessors. */
  readonly predecessors: ReadonlyArray<ReadonlyArray<number>>
  /** An edge goes back in the order: without one there is no loop. */
  readonly goesBack: boolean
}

/** Reachable nodes in reverse postorder. Iterative: regions may be deep. */
export const reversePostorder = (graph: Graph, entry: number): Array<number> => {
  const postorder: Array<number> = []
  /** How many successors of each node are not looked at yet; -1 for a node that was not reached yet. */
  const left: Array<number> = graph.map(() => -1)
  const stack = [entry]
  left[entry] = graph[entry]!.length
  while (stack.length > 0) {
    const node = stack[stack.length - 1]!
    if (left[node]! > 0) {
      // The last successor first: so the first one (the likely way) comes first in the reversed order.
      const successor = graph[node]![--left[node]!]!
      if (left[successor] === -1) {
        left[successor] = graph[successor]!.length
        stack.push(successor)
      }
    } else {
      postorder.push(node)
      stack.pop()
    }
  }
  return postorder.reverse()
}

/** The analysis of one node without edges: of most small functions. */
const alone: Analysis = {
  order: [0],
  position: [0],
  idom: [0],
  children: [[]],
  predecessors: [[]],
  goesBack: false
}

/** Order, dominators and the dominator tree of a graph. */
export const analyse = (graph: Graph, entry = 0): Analysis => {
  if (graph.length === 1 && graph[0]!.length === 0) return alone
  const order = reversePostorder(graph, entry)
  const position: Array<number> = graph.map(() => -1)
  order.forEach((node, i) => (position[node] = i))
  const predecessors: Array<Array<number>> = graph.map(() => [])
  let goesBack = false
  for (const node of order) {
    for (const successor of graph[node]!) {
      predecessors[successor]!.push(node)
      goesBack ||= position[successor]! <= position[node]!
    }
  }

  const idom: Array<number> = graph.map(() => -1)
  idom[entry] = entry
  const intersect = (a: number, b: number): number => {
    let x = a
    let y = b
    while (x !== y) {
      while (position[x]! > position[y]!) x = idom[x]!
      while (position[y]! > position[x]!) y = idom[y]!
    }
    return x
  }
  for (let changed = true; changed;) {
    changed = false
    for (const node of order) {
      if (node === entry) continue
      let dominator = -1
      for (const p of predecessors[node]!) {
        if (idom[p] === -1) continue
        dominator = dominator === -1 ? p : intersect(p, dominator)
      }
      if (idom[node] !== dominator) {
        idom[node] = dominator
        // All that a node depends on is known when it is reached, unless an edge goes back.
        changed = goesBack
      }
    }
  }
  const children: Array<Array<number>> = graph.map(() => [])
  for (const node of order) if (node !== entry) children[idom[node]!]!.push(node)
  return { order, position, idom, children, predecessors, goesBack }
}

/** The analysis of a graph with one more node, the last, which becomes the entry and leads to what was the entry. */
export const withEntry = (analysis: Analysis): Analysis =>
  analysis === alone ? (aloneBehind ??= putEntry(alone)) : putEntry(analysis)

let aloneBehind: Analysis | undefined

const putEntry = (analysis: Analysis): Analysis => {
  const { children, goesBack, idom, order, position, predecessors } = analysis
  const entry = position.length
  const to = order[0]!
  return {
    order: [entry, ...order],
    position: [...position.map((at) => (at === -1 ? -1 : at + 1)), 0],
    idom: [...idom.map((node, n) => (n === to ? entry : node)), entry],
    children: [...children, [to]],
    predecessors: [...predecessors.map((list, n) => (n === to ? [entry, ...list] : list)), []],
    goesBack
  }
}

/** Whether `a` dominates `b`. */
export const dominates = (analysis: Analysis, a: number, b: number): boolean => {
  let node = b
  while (analysis.position[node]! > analysis.position[a]!) node = analysis.idom[node]!
  return node === a
}

/** Nodes that are reached by more than one forward edge. */
export const mergePoints = ({ order, position, predecessors }: Analysis): Array<number> =>
  order.filter((n) => predecessors[n]!.length > 1 && predecessors[n]!.filter((p) => position[p]! < position[n]!).length > 1)

/** Strongly connected components (Tarjan, iterative): the component number of each node reachable from the entry, or -1. */
export const components = (
  graph: Graph,
  entries: ReadonlyArray<number>
): { readonly of: Int32Array; readonly count: number } => {
  const of = new Int32Array(graph.length).fill(-1)
  const index = new Int32Array(graph.length).fill(-1)
  const low = new Int32Array(graph.length)
  const open: Array<number> = []
  let next = 0
  let count = 0
  const visit = (root: number) => {
    const stack: Array<{ node: number; next: number }> = [{ node: root, next: 0 }]
    index[root] = low[root] = next++
    open.push(root)
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const node = top.node
      const successors = graph[node]!
      if (top.next < successors.length) {
        const successor = successors[top.next++]!
        if (index[successor] === -1) {
          index[successor] = low[successor] = next++
          open.push(successor)
          stack.push({ node: successor, next: 0 })
        } else if (of[successor] === -1) low[node] = Math.min(low[node]!, index[successor]!)
      } else {
        stack.pop()
        const parent = stack.at(-1)
        if (parent !== undefined) low[parent.node] = Math.min(low[parent.node]!, low[node]!)
        if (low[node] === index[node]) {
          for (let member = open.pop()!; ; member = open.pop()!) {
            of[member] = count
            if (member === node) break
          }
          count++
        }
      }
    }
  }
  for (const entry of entries) if (index[entry] === -1) visit(entry)
  return { of, count }
}
