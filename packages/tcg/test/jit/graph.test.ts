/** Orders, dominators and components against their definitions, on random graphs. */
import { assert, describe, it } from "@effect/vitest"
import { analyse, components, dominates } from "@emu/tcg/engine/jit/analysis/Graph"
import { RandomGraph, reachable } from "./graphs.ts"

describe("analyse", () => {
  it.prop(
    "the order holds each reachable node once, the entry first, and an acyclic edge leads on",
    [RandomGraph],
    ([graph]) => {
      const { order, position } = analyse(graph)
      assert.deepStrictEqual(new Set(order), reachable(graph, 0))
      assert.lengthOf(order, new Set(order).size)
      assert.strictEqual(order[0], 0)
      graph.forEach((_, node) => assert.strictEqual(position[node], order.indexOf(node)))
      for (const node of order) {
        for (const successor of graph[node]!) {
          if (!reachable(graph, successor).has(node)) assert.isBelow(position[node]!, position[successor]!)
        }
      }
    }
  )

  it.prop("a node dominates those that cannot be reached without it", [RandomGraph], ([graph]) => {
    const analysis = analyse(graph)
    for (const a of analysis.order) {
      const without = reachable(graph, 0, a)
      for (const b of analysis.order) assert.strictEqual(dominates(analysis, a, b), !without.has(b), `${a} dominates ${b}`)
    }
  })

  it.prop("the immediate dominator is the nearest one, and the tree's parent", [RandomGraph], ([graph]) => {
    const analysis = analyse(graph)
    for (const node of analysis.order.slice(1)) {
      const parent = analysis.idom[node]!
      assert.notStrictEqual(parent, node)
      assert.include(analysis.children[parent]!, node)
      for (const other of analysis.order) {
        if (other !== node && dominates(analysis, other, node)) assert.isTrue(dominates(analysis, other, parent))
      }
    }
  })
})

describe("components", () => {
  it.prop("nodes share one if each is reached from the other", [RandomGraph], ([graph]) => {
    const { count, of } = components(graph, [0])
    const all = reachable(graph, 0)
    const from = graph.map((_, node) => reachable(graph, node))
    graph.forEach((_, a) => {
      if (!all.has(a)) return assert.strictEqual(of[a], -1)
      assert.isBelow(of[a]!, count)
      for (const b of all) assert.strictEqual(of[a] === of[b], from[a]!.has(b) && from[b]!.has(a), `${a} and ${b}`)
    })
  })
})
