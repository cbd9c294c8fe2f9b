/** Endless loops whose blocks plugins watch: compiled or not, what goes on outside reaches the guest. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { insn, reg } from "../linux/support/assemble.ts"
import { engines, plugin, run } from "../linux/support/run.ts"

const count = insn("addi", { rd: reg.t0, rs1: reg.t0, imm: 1 })
const jump = (imm: number) => insn("jal", { rd: 0, imm })

const programs = [
  { what: "a loop that the program falls into", program: [count, count, jump(-4)] },
  { what: "a loop of its own", program: [jump(4), count, jump(-4)] },
  {
    what: "a loop with two entries",
    program: [
      insn("beq", { rs1: reg.a0, rs2: 0, imm: 8 }),
      count,
      count,
      insn("bne", { rs1: reg.t0, rs2: 0, imm: -8 }),
      jump(-12)
    ]
  }
]

describe.each(engines)("on the $name", ({ engine }) => {
  it.live.each(programs)("$what is ended by a signal of the host", ({ program }) =>
    Effect.gen(function* () {
      let blocks = 0
      const watch = plugin((api) => api.onTbTrans((tb) => tb.onExec(() => void blocks++)))
      const hostSignals = (deliver: (signal: number) => void) => {
        const timer = setTimeout(() => deliver(2), 30)
        return () => clearTimeout(timer)
      }
      const { exit } = yield* run({ program, engine, plugins: [watch], options: { hostSignals, budget: 20_000 } })
      assert.strictEqual(Result.getOrThrow(exit).signal, 2)
      assert.isAbove(blocks, 1000)
    })
  )
})
