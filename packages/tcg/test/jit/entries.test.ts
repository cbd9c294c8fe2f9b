/** Making graphs reducible and giving them entries, on random graphs: structure, and what the graphs do when they are walked. */
import { assert, describe, it } from "@effect/vitest"
import { type Cfg, type Node, type RegionBlock, successors, type Terminator } from "@emu/tcg/engine/jit/analysis/Cfg"
import { addEntries } from "@emu/tcg/engine/jit/analysis/Entries"
import { analyse, dominates, type Graph } from "@emu/tcg/engine/jit/analysis/Graph"
import { makeReducible } from "@emu/tcg/engine/jit/analysis/Irreducible"
import { parse } from "@emu/tcg/ir/Parse"
import * as Arbitrary from "effect/Arbitrary"
import { word } from "../support/values.ts"
import { RandomGraph, reachable } from "./graphs.ts"

const condition = parse(" ---- 0 4\nbrcond r1,r2,eq,L0\nset_label L0\nexit_tb $0x0,syscall", ["", "r1", "r2"]).ops[1]!
const ir = parse(" ---- 0 4\nexit_tb $0x0,syscall", [])
const pcOf = (node: number) => 0x1000 + 2 * node

/** A region whose node n is the block at `pcOf(n)`. */
const cfgOf = (graph: Graph): Cfg => {
  const terminatorOf = (node: number, [first, second]: ReadonlyArray<number>): Terminator => {
    if (first === undefined) return { kind: "leave", pc: pcOf(node) + 0x10000 }
    return second === undefined
      ? { kind: "goto", target: first }
      : { kind: "cond", op: condition, taken: second, next: first }
  }
  const blocks = graph.map((_, node): RegionBlock => ({
    pc: pcOf(node),
    end: pcOf(node) + 2,
    head: undefined,
    ir,
    cut: undefined,
    isJumpTarget: false
  }))
  const nodes = graph.map((list, node): Node => ({
    block: blocks[node]!,
    ir,
    start: 0,
    end: 0,
    entry: true,
    resume: pcOf(node),
    body: true,
    terminator: terminatorOf(node, list)
  }))
  return { blocks, nodes, entryOf: new Map(graph.map((_, node) => [pcOf(node), node])), switchNode: undefined }
}

const graphOf = ({ nodes }: Cfg): Graph => nodes.map(({ terminator }) => successors(terminator))

/** The original nodes met on a walk, whose k-th fork goes by the k-th choice. `key` is the function's pc parameter. */
const walk = (cfg: Cfg, count: number, start: number, choices: ReadonlyArray<boolean>, key = 0): Array<number> => {
  const trace: Array<number> = []
  let pc = key
  let node = start
  let fork = 0
  for (let steps = 0; trace.length < 60; steps++) {
    assert.isBelow(steps, 5000, "dispatch nodes lead in circles")
    if (node < count) trace.push(node)
    const { terminator } = cfg.nodes[node]!
    switch (terminator.kind) {
      case "goto":
        node = terminator.target
        break
      case "cond":
        if (fork >= choices.length) return trace
        node = choices[fork++]! ? terminator.taken : terminator.next
        break
      case "enter":
        pc = terminator.key
        node = terminator.target
        break
      case "dispatch": {
        const { cases, next } = terminator
        const found = cases.find((each) => each.key === pc)
        if (found?.last === true || node === start) pc = found?.last === false ? pc : 0
        node = found?.node ?? next
        break
      }
      default:
        return trace
    }
  }
  return trace
}

const Choices = Arbitrary.map(Arbitrary.array(word, { maxLength: 40 }), (words) => words.map((w) => w % 2 === 0))

/** Edges that go back in the order to a node that does not dominate their source. */
const offending = (cfg: Cfg, start: number): Array<string> => {
  const analysis = analyse(graphOf(cfg), start)
  const { position } = analysis
  return analysis.order.flatMap((from) =>
    successors(cfg.nodes[from]!.terminator)
      .filter((to) => position[to]! <= position[from]! && !dominates(analysis, to, from))
      .map((to) => `${from} to ${to}`)
  )
}

describe("makeReducible", () => {
  it.prop("leaves no edge that goes back to a node that does not dominate its source", [RandomGraph], ([graph]) => {
    const cfg = cfgOf(graph)
    assert.deepStrictEqual(offending(cfg, makeReducible(cfg, 0).start), [])
  })

  it.prop("the graph does what it did", [RandomGraph, Choices], ([graph, choices]) => {
    const cfg = cfgOf(graph)
    const { start } = makeReducible(cfg, 0)
    assert.deepStrictEqual(walk(cfg, graph.length, start, choices), walk(cfgOf(graph), graph.length, 0, choices))
  })

  it("leaves a reducible graph alone", () => {
    const cfg = cfgOf([[1], [2, 3], [1], []])
    assert.strictEqual(makeReducible(cfg, 0).start, 0)
    assert.lengthOf(cfg.nodes, 4)
  })
})

describe("addEntries", () => {
  it.prop("from its root the graph does what it did", [RandomGraph, Choices, word], ([graph, choices, random]) => {
    const cfg = cfgOf(graph)
    const { start } = addEntries(cfg, pcOf(0), { hot: pcOf(random % graph.length), must: random % 3 === 0 })
    assert.deepStrictEqual(walk(cfg, graph.length, start, choices), walk(cfgOf(graph), graph.length, 0, choices))
  })

  it.prop("from each entry it goes on there", [RandomGraph, Choices, word], ([graph, choices, random]) => {
    const cfg = cfgOf(graph)
    const { pcs, start } = addEntries(cfg, pcOf(0), { hot: pcOf(random % graph.length), must: random % 3 === 0 })
    for (const pc of pcs) {
      const node = cfg.entryOf.get(pc)!
      assert.deepStrictEqual(
        walk(cfg, graph.length, start, choices, pc),
        walk(cfgOf(graph), graph.length, node, choices),
        `entered at node ${node}`
      )
    }
  })

  it.prop(
    "the block asked for can be entered if it must, or there is no loop around it",
    [RandomGraph, word],
    ([graph, random]) => {
      const hot = random % graph.length
      if (!reachable(graph, 0).has(hot)) return
      assert.include(addEntries(cfgOf(graph), pcOf(0), { hot: pcOf(hot), must: true }).pcs, pcOf(hot))
      const { pcs } = addEntries(cfgOf(graph), pcOf(0), { hot: pcOf(hot), must: false })
      const isInLoop = graph[hot]!.some((next) => reachable(graph, next).has(hot))
      if (!isInLoop) assert.include(pcs, pcOf(hot))
    }
  )

  it.prop("the root and the heads of loops can be entered", [RandomGraph, word], ([graph, random]) => {
    const { pcs } = addEntries(cfgOf(graph), pcOf(0), { hot: pcOf(random % graph.length), must: false })
    assert.include(pcs, pcOf(0))
    const analysis = analyse(graph)
    if (offending(cfgOf(graph), 0).length > 0) return
    for (const from of analysis.order) {
      for (const to of graph[from]!) if (dominates(analysis, to, from)) assert.include(pcs, pcOf(to))
    }
  })

  it.prop("the graph stays reducible", [RandomGraph, word], ([graph, random]) => {
    const cfg = cfgOf(graph)
    const { start } = addEntries(cfg, pcOf(0), { hot: pcOf(random % graph.length), must: random % 3 === 0 })
    assert.deepStrictEqual(offending(cfg, start), [])
  })
})
