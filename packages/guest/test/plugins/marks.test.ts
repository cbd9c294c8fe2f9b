/** `InlineOp.markU64`: exactly the blocks that ran are marked, although compiled code leaves out what has been done. */
import { InlineOp } from "@emu/core/Instrumentation"
import type { ScoreboardU64 } from "@emu/core/Scoreboard"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { call, insn, li, reg } from "../linux/support/assemble.ts"
import { engines, plugin, run } from "../linux/support/run.ts"

/** A loop that takes its rare way only in the last of 60 rounds, when it is compiled, and never what is behind that. */
const program = [
  ...li(reg.s0, 60),
  insn("addi", { rd: reg.s0, rs1: reg.s0, imm: -1 }),
  insn("bne", { rs1: reg.s0, rs2: 0, imm: 12 }),
  insn("addi", { rd: reg.s1, rs1: 0, imm: 1 }),
  insn("beq", { rs1: reg.s1, rs2: 0, imm: 12 }),
  insn("bne", { rs1: reg.s0, rs2: 0, imm: -16 }),
  insn("jal", { rd: 0, imm: 8 }),
  insn("addi", { rd: reg.s1, rs1: 0, imm: 2 }),
  ...call(94, 0)
]

describe.each(engines)("on the $name", ({ engine }) => {
  it.live("marks are where blocks ran", () =>
    Effect.gen(function* () {
      const marks = new Map<bigint, ScoreboardU64>()
      const ran = new Set<bigint>()
      const marked = new Set<bigint>()
      const marking = plugin((api) =>
        Effect.andThen(
          api.onTbTrans((tb) => {
            const mark = marks.get(tb.pc) ?? api.u64(api.scoreboardNewUnsafe(8))
            marks.set(tb.pc, mark)
            tb.inline(InlineOp.markU64, mark, 1n)
          }),
          api.onAtExit(() => {
            for (const [pc, mark] of marks) if (api.u64Sum(mark) === 1n) marked.add(pc)
          })
        )
      )
      const watching = plugin((api) =>
        api.onTbTrans((tb) => {
          const { pc } = tb
          tb.onExec(() => void ran.add(pc))
        })
      )
      const { regions } = yield* run({ program, engine, plugins: [marking, watching] })
      if (engine.jit !== undefined) assert.isAbove(regions, 0)
      assert.isAbove(ran.size, 4)
      assert.deepStrictEqual(marked, ran)
      marked.clear()
      marks.clear()
      yield* run({ program, engine, plugins: [marking] })
      assert.deepStrictEqual(marked, ran)
    })
  )
})
