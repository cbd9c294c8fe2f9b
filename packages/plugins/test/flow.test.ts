/** What cflow and uftrace make of the blocks and calls they hear of. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import type { TraceBatch, TraceSite } from "@emu/core/Trace"
import { BlockFlow, type EarlyExit } from "../src/kit/blocks/BlockFlow.ts"
import { CallStack } from "../src/kit/functions/CallStack.ts"
import { EdgeCounts } from "../src/kit/blocks/EdgeCounts.ts"

const Pairs = Schema.Array(Schema.Tuple([Schema.Literals([0, 1, 2, 4096, 70_000]), Schema.Literals([0, 1, 7, 8192])]))

describe("EdgeCounts", () => {
  it.prop("counts as a map does, in the order of first occurrence", [Pairs], ([pairs]) => {
    const edges = new EdgeCounts()
    const expected = new Map<string, number>()
    for (const [from, to] of pairs) {
      edges.add(from, to, 3)
      expected.set(`${from} ${to}`, (expected.get(`${from} ${to}`) ?? 0) + 3)
    }
    const counted = edges.from.map((from, i): readonly [string, number] => [`${from} ${edges.to[i]}`, edges.count(i)])
    assert.deepStrictEqual(counted, [...expected])
  })

  it("keeps its counts as it grows", () => {
    const edges = new EdgeCounts()
    for (let round = 0; round < 3; round++) for (let i = 0; i < 20_000; i++) edges.add(i, i * 7, 1)
    assert.strictEqual(edges.length, 20_000)
    assert.isTrue(edges.from.every((from, i) => from === i && edges.count(i) === 3))
  })
})

/** Blocks of three instructions at multiples of 16, and the record of those that were executed. */
const makeFlow = () => {
  const exits: Array<EarlyExit> = []
  const flow = new BlockFlow((exit) => exits.push(exit))
  const sites: Array<TraceSite> = []
  const numbers = new Map<number, number>()
  let recorded: Array<number> = []
  const drain = () => {
    const batch = { vcpu: 0, length: recorded.length, sites: Uint32Array.from(recorded) }
    recorded = []
    // Only what it looks at.
    flow.follow(batch as unknown as TraceBatch)
  }
  flow.trace = { drain, site: (number) => sites[number]! }
  return {
    flow,
    exits,
    drain,
    run: (...blocks: ReadonlyArray<number>) => {
      for (const pc of blocks) {
        if (!numbers.has(pc)) {
          flow.define(pc, pc + 8, 12)
          numbers.set(pc, sites.push({ pc, size: 12, kind: 3 }) - 1)
        }
        recorded.push(numbers.get(pc)!)
      }
    },
    branches: () => {
      drain()
      return Array.from(flow.branches(), ([from, targets]) => [from, [...targets]])
    }
  }
}

describe("BlockFlow", () => {
  it("counts what does not go on behind a block", () => {
    const { branches, drain, run } = makeFlow()
    run(0, 12, 24, 0, 12)
    drain()
    run(0, 100, 112)
    assert.deepStrictEqual(branches(), [
      [32, [[0, 1]]],
      [20, [[0, 1]]],
      [8, [[100, 1]]]
    ])
  })

  it("counts the rounds of loops, in loops", () => {
    const { branches, run } = makeFlow()
    for (let i = 0; i < 3; i++) run(0, 12, 12, 12, 24)
    assert.deepStrictEqual(branches(), [
      [20, [[12, 6]]],
      [32, [[0, 2]]]
    ])
  })

  it("tells exits from the middle of a block, which are no branches", () => {
    const { branches, exits, flow, run } = makeFlow()
    run(0)
    flow.fault(0, 4)
    run(100, 112)
    assert.deepStrictEqual(branches(), [])
    assert.deepStrictEqual(exits, [{ at: 4, blockEnd: 8, next: 12, to: 100 }])
  })

  it("takes a block's last instruction that faults, and a place that cannot be fetched, for branches", () => {
    const { branches, exits, flow, run } = makeFlow()
    run(0)
    flow.fault(0, 8)
    run(100)
    flow.fault(0, 0x5000)
    run(200)
    assert.deepStrictEqual(branches(), [
      [8, [[100, 1]]],
      [108, [[200, 1]]]
    ])
    assert.deepStrictEqual(exits, [])
  })

  it("begins anew with a vCPU", () => {
    const { branches, drain, flow, run } = makeFlow()
    run(0)
    drain()
    flow.begin(0)
    run(100)
    assert.deepStrictEqual(branches(), [])
  })

  it("keeps what was counted before code changed", () => {
    const { branches, flow, run } = makeFlow()
    run(0, 100)
    // The same bytes, but the last instruction is one of two now.
    flow.define(0, 10, 12)
    run(0, 100)
    assert.deepStrictEqual(branches(), [
      [8, [[100, 1]]],
      [108, [[0, 1]]],
      [10, [[100, 1]]]
    ])
  })
})

const makeStack = () => {
  const events: Array<string> = []
  const stack = new CallStack((kind, address, depth) => events.push(`${kind} ${address} ${depth}`))
  return { stack, events: () => events.splice(0) }
}

describe("CallStack", () => {
  it("pairs calls with returns, recursive ones by their stack pointer", () => {
    const { events, stack } = makeStack()
    stack.enter(1n, 100n, 0x1000n)
    stack.enter(1n, 100n, 0xff0n)
    stack.return(100n, 0xff0n)
    stack.return(100n, 0x1000n)
    assert.deepStrictEqual(events(), ["entry 1 0", "entry 1 1", "exit 1 1", "exit 1 0"])
  })

  it("replaces a function by its tail call, which returns for both", () => {
    const { events, stack } = makeStack()
    stack.enter(1n, 100n, 0x1000n)
    stack.become(2n)
    stack.return(100n, 0x1000n)
    assert.deepStrictEqual(events(), ["entry 1 0", "exit 1 0", "entry 2 0", "exit 2 0"])
  })

  it("leaves all functions below at once where one returns for them", () => {
    const { events, stack } = makeStack()
    for (const n of [1n, 2n, 3n]) stack.enter(n, 100n + n, 0x1000n - n)
    events()
    stack.return(101n, 0xfffn)
    assert.deepStrictEqual(events(), ["exit 3 2", "exit 2 1", "exit 1 0"])
  })

  it("leaves functions whose stack is gone after a longjmp, but none on another stack", () => {
    const { events, stack } = makeStack()
    stack.enter(1n, 101n, 0x9000_0000n)
    stack.enter(2n, 102n, 0x1000n)
    stack.enter(3n, 103n, 0x0f00n)
    events()
    stack.return(555n, 0x0f80n)
    assert.deepStrictEqual(events(), ["exit 3 2"])
    stack.return(555n, 0x8000_0000n)
    assert.deepStrictEqual(events(), [])
  })

  it("finds a call that a signal came in between, whose stack pointer is unknown", () => {
    const { events, stack } = makeStack()
    stack.enter(1n, 101n, undefined)
    stack.return(101n, 0x1234n)
    stack.end()
    assert.deepStrictEqual(events(), ["entry 1 0", "exit 1 0"])
  })
})
