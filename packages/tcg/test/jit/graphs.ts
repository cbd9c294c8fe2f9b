/** Random control-flow graphs from lists of random words. */
import type { Graph } from "@emu/tcg/engine/jit/analysis/Graph"
import * as Arbitrary from "effect/Arbitrary"
import { word } from "../support/values.ts"

/** A graph of up to `most` nodes, each with up to two successors; few nodes and many edges between near ones, so loops cross. */
const graphOf = (words: ReadonlyArray<number>, most: number): Graph => {
  const count = 1 + Math.min(most - 1, Math.floor(words.length / 2))
  return Array.from({ length: count }, (_, node) => {
    const [a = 0, b = 0] = words.slice(2 * node, 2 * node + 2)
    const near = (w: number) =>
      w % 3 === 0 ? (w >>> 4) % count : (node + 1 + ((w >>> 4) % 5) - (w % 2 === 0 ? 3 : 0) + count) % count
    const successors = [near(a), near(b)]
    return successors.slice(0, (a >>> 24) % 8 === 0 ? 0 : (b >>> 24) % 3 === 0 ? 1 : 2)
  })
}

export const RandomGraph: Arbitrary.Arbitrary<Graph> = Arbitrary.map(Arbitrary.array(word, { maxLength: 40 }), (words) =>
  graphOf(words, 18)
)

/** Nodes reachable from the entry without passing through `without`. */
export const reachable = (graph: Graph, entry: number, without = -1): Set<number> => {
  const seen = new Set<number>()
  const queue = entry === without ? [] : [entry]
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    if (seen.has(node)) continue
    seen.add(node)
    queue.push(...graph[node]!.filter((successor) => successor !== without))
  }
  return seen
}
