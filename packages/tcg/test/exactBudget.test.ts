/** `exactBudget`: blocks are cut so that no run exceeds what it may execute. */
import { assert, describe, it } from "@effect/vitest"
import { CpuState } from "@emu/tcg/CpuState"
import { ExitKind } from "@emu/tcg/Engine"
import { make } from "@emu/tcg/engine/tiered/TieredEngine"
import type { FrontEnd } from "@emu/tcg/FrontEnd"
import { JumpHint, Opcode } from "@emu/tcg/ir/Opcode"
import * as Layout from "@emu/tcg/Layout"
import { codeBase } from "./support/Guest.ts"

const state = new CpuState(new WebAssembly.Memory({ initial: Layout.wasmPages, maximum: Layout.wasmPages, shared: true }))
const blockInsns = 7
const counter = 1

/** Blocks of seven instructions that each add one to a register; the last one goes back to the first. */
const frontEnd: FrontEnd = {
  name: "counting",
  globals: ["zero", "count"],
  helpers: [],
  translate: (_, builder, { maxInsns }) => {
    const first = (Number(builder.pc) - codeBase) / 4
    const end = Math.min(blockInsns, first + maxInsns)
    for (let i = first; i < end; i++) {
      builder.insnStart({ pc: BigInt(codeBase + 4 * i), size: 4, raw: i })
      builder.op(Opcode.add, counter, counter, builder.constant(1n))
    }
    builder.op(Opcode.goto_tb, builder.constant(BigInt(codeBase + 4 * (end % blockInsns))), 0, JumpHint.jump)
    return true
  },
  disassemble: () => ""
}

const start = (exactBudget: boolean) => {
  state.u8.fill(0, 0, Layout.guestBase)
  state.i64[Layout.CpuSlot.pc] = BigInt(codeBase)
  const services = make({ state, frontEnd, exactBudget })
  const asked: Array<number> = []
  services.codeCache.setInstrumenter((_, { insns, pc }) => {
    asked.push(insns.length)
    const callback = {
      kind: "exec",
      plugin: 1n,
      flags: 0,
      callback: () => void seen.push(Number(pc - BigInt(codeBase)) / 4)
    } as const
    return { tb: [callback], insns: insns.map(() => ({ exec: [], mem: [] })) }
  })
  const seen: Array<number> = []
  return { ...services, asked, seen }
}

describe("a budget", () => {
  it("is exceeded by a block at most", () => {
    const { engine } = start(false)
    assert.strictEqual(engine.run(3).kind, ExitKind.budget)
    assert.strictEqual(state.i64[counter], 7n)
  })

  it("is never exceeded where it is to be exact, however large or small", () => {
    const { asked, engine, seen } = start(true)
    let expected = 0
    for (const budget of [3, 1, 1, 7, 20, 2, 1000, 5000, 6]) {
      assert.strictEqual(engine.run(budget).kind, ExitKind.budget)
      expected += budget
      assert.strictEqual(state.i64[counter], BigInt(expected))
      assert.strictEqual(state.i64[Layout.CpuSlot.instructions], BigInt(expected))
      assert.strictEqual(state.u64[Layout.CpuSlot.pc], BigInt(codeBase + 4 * (expected % blockInsns)))
    }
    // A cut block shows plugins what it contains, and what is left of it is a block of its own.
    assert.deepStrictEqual(asked.slice(0, 6), [7, 3, 4, 1, 3, 1])
    assert.deepStrictEqual(seen.slice(0, 6), [0, 3, 4, 5, 0, 5])
  })

  it("leaves nothing behind of blocks that were cut", () => {
    const { engine } = start(true)
    for (let i = 0; i < 100; i++) engine.run(1 + (i % blockInsns))
    const { cachedBlocks, codeWordsUsed } = engine.stats()
    engine.run(3)
    for (let i = 0; i < 700; i++) engine.run(1 + (i % blockInsns))
    assert.isAtMost(engine.stats().cachedBlocks, blockInsns)
    assert.isAtMost(engine.stats().codeWordsUsed, codeWordsUsed + 100 * (blockInsns - cachedBlocks))
  })
})
