/** Which registers walk in a loop: regions as IR text, and by how much each register may have moved where. */
import { assert, describe, it } from "@effect/vitest"
import type { RegionBlock } from "@emu/tcg/engine/jit/analysis/Cfg"
import { naturalLoops } from "@emu/tcg/engine/jit/analysis/Entries"
import { analyseRegion } from "@emu/tcg/engine/jit/analysis/RegionAnalysis"
import { findStrides } from "@emu/tcg/engine/jit/analysis/Strides"
import { parse } from "@emu/tcg/ir/Parse"
import { globals } from "../support/Guest.ts"

/** An instruction: its operations. */
type Insn = string

/** Where a block goes: to the second pc if r9 and r10 are equal, where there is one; a call comes back to the first. */
interface Ways {
  readonly to: number
  readonly or?: number
  readonly how?: "jump" | "call"
}

/** Instructions by pc, with where they lead. */
type Code = Record<number, readonly [ReadonlyArray<Insn>, Ways]>

const blockOf = (pc: number, insns: ReadonlyArray<Insn>, { how = "jump", or, to }: Ways): RegionBlock => {
  const jump = (target: number, slot: number) => `goto_tb $0x${target.toString(16)},${slot},${how}`
  const ends = or === undefined ? jump(to, 0) : `brcond r9,r10,eq,L0\n${jump(to, 0)}\nset_label L0\n${jump(or, 1)}`
  const starts = insns.map((insn, i) => ` ---- ${(pc + 4 * i).toString(16)} 4\n${insn}\n`)
  const ir = parse(`tb ${pc.toString(16)}\n${starts.join("")}${ends}`, globals)
  return { pc, end: pc + 4 * insns.length, head: undefined, ir, cut: undefined, isJumpTarget: false }
}

/**
 * What walks, by the header's pc: the shortest round, then for each register its step, and where blocks begin with it elsewhere
 * than the header did.
 */
const walking = (code: Code, mayHoist = true): Record<string, Record<string, unknown>> => {
  const blocks = Object.entries(code).map(([pc, [insns, ways]]) => blockOf(Number(pc), insns, ways))
  const root = blocks[0]!.pc
  const { cfg, graph, webs } = analyseRegion(
    { root, blocks },
    { hot: root, must: false },
    {
      strictFloat: false,
      wideAt: () => ~0n,
      scoreboardAddress: () => ({ address: 0, stride: 0 }),
      sharing: "none",
      allows: () => false
    }
  )
  const found = findStrides(cfg, graph, webs, naturalLoops(graph), () => mayHoist)
  const pcOf = (n: number) => cfg.nodes[n]!.block.pc.toString(16)
  return Object.fromEntries(
    [...found].map(([header, { shortest, strides }]) => {
      const byRegister = strides.map(({ at, step, web }) => {
        const moved = [...at].filter(([n, { high, low }]) => cfg.nodes[n]!.body && (low !== 0 || high !== 0))
        const places = moved.map(([n, { high, low }]) => [pcOf(n), `${low}..${high}`] as const)
        return [globals[webs.globalOf(web)]!, { step, ...Object.fromEntries(places) }] as const
      })
      return [pcOf(header), { shortest, ...Object.fromEntries(byRegister) }]
    })
  )
}

/** A loop of one block. */
const loop = (...insns: ReadonlyArray<Insn>): Code => ({ 0x1000: [insns, { to: 0x2000, or: 0x1000 }] })

/** A loop with a block that is gone over or not. */
const fork = (always: Insn, sometimes: Insn, last: Insn = "mov r20,r20"): Code => ({
  0x1000: [[always], { to: 0x1010, or: 0x1020 }],
  0x1010: [[sometimes], { to: 0x1020 }],
  0x1020: [[last], { to: 0x2000, or: 0x1000 }]
})

/** A loop with one of two blocks in each round. */
const either = (one: Insn, other: Insn): Code => ({
  0x1000: [[load(1)], { to: 0x1010, or: 0x1020 }],
  0x1010: [[one], { to: 0x1030 }],
  0x1020: [[other], { to: 0x1030 }],
  0x1030: [[load(1)], { to: 0x2000, or: 0x1000 }]
})

const load = (register: number) => `guest_ld r30,r${register},0,uq`
const add = (register: number, added: number) =>
  `add r${register},r${register},$0x${BigInt.asUintN(64, BigInt(added)).toString(16)}`

describe("a register walks", () => {
  const cases: Record<string, readonly [Code, Record<string, Record<string, unknown>>]> = {
    up: [loop(load(1), add(1, 8)), { 1000: { shortest: 2, r1: { step: 8 } } }],
    down: [loop(load(1), add(1, -16)), { 1000: { shortest: 2, r1: { step: -16 } } }],
    "beside another": [loop(add(1, 8), add(2, -2), load(1)), { 1000: { shortest: 3, r1: { step: 8 }, r2: { step: -2 } } }],
    "only in some rounds": [fork(load(1), add(1, 8)), { 1000: { shortest: 2, r1: { step: 8, 1020: "0..8" } } }],
    "further in some rounds": [either(add(1, 8), add(1, 16)), { 1000: { shortest: 3, r1: { step: 16, 1030: "8..16" } } }],
    "further down in some rounds": [
      either(add(1, -8), add(1, -16)),
      { 1000: { shortest: 3, r1: { step: -16, 1030: "-16..-8" } } }
    ],
    "there and not always back": [
      fork(add(1, 8), add(1, -8), load(1)),
      { 1000: { shortest: 2, r1: { step: 8, 1010: "8..8", 1020: "0..8" } } }
    ],
    "by other steps where rounds end early": [
      {
        0x1000: [[load(1), add(1, 8)], { to: 0x1010, or: 0x1000 }],
        0x1010: [[add(1, 4), load(1), load(1)], { to: 0x2000, or: 0x1000 }]
      },
      { 1000: { shortest: 2, r1: { step: 12, 1010: "8..8" } } }
    ],
    "by as much as is followed": [loop(add(1, 1 << 16)), { 1000: { shortest: 1, r1: { step: 1 << 16 } } }],
    "in the inner loop only": [
      {
        0x1000: [[add(1, 8)], { to: 0x1010 }],
        0x1010: [[add(2, 8)], { to: 0x1020, or: 0x1010 }],
        0x1020: [[load(2)], { to: 0x2000, or: 0x1000 }]
      },
      { 1010: { shortest: 1, r2: { step: 8 } } }
    ]
  }
  it.each(Object.entries(cases))("%s", (_, [code, expected]) => assert.deepStrictEqual(walking(code), expected))
})

describe("a register does not walk", () => {
  const cases: Record<string, Code> = {
    "that does not change": loop(load(1)),
    "that ends where it began": loop(add(1, 8), load(1), add(1, -8)),
    "that goes up or down": either(add(1, 8), add(1, -8)),
    "that is a web of its own in between": loop(add(1, 8), load(1), add(1, 8)),
    "that takes large steps": loop(add(1, (1 << 16) + 1)),
    "that takes large steps down": loop(add(1, -(1 << 16) - 1)),
    "to which a register is added": loop("add r1,r1,r2"),
    "that is made of another": loop("add r1,r2,$0x8", "mov r2,r1"),
    "that is loaded": loop(add(1, 8), "guest_ld r1,r1,0,uq"),
    "that is multiplied": loop(add(1, 8), "mul r1,r1,$0x3"),
    "that is copied elsewhere in between": fork(add(1, 8), "mov r1,r2"),
    "in a loop with a call": {
      0x1000: [[add(1, 8)], { to: 0x3000, how: "call" }],
      0x1004: [[load(1)], { to: 0x2000, or: 0x1000 }]
    },
    "in a loop that goes nowhere": { 0x1000: [[load(1)], { to: 0x2000 }] }
  }
  it.each(Object.entries(cases))("%s", (_, code) => assert.deepStrictEqual(walking(code), {}))

  it("where no check may stand in front of the loop", () => {
    assert.deepStrictEqual(walking(loop(load(1), add(1, 8)), false), {})
  })
})
