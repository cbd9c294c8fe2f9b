/** Instrumentation asked for in the middle of a hot loop counts from the next block on, on both engines, whatever its kind. */
import { InlineOp, MemRw, PluginCond } from "@emu/core/Instrumentation"
import type { PluginApi } from "@emu/core/PluginApi"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { call, insn, li, reg } from "../linux/support/assemble.ts"
import { engines, plugin, run } from "../linux/support/run.ts"

const data = 0x11000
const exitGroup = 94
const rounds = 500

const before = [...li(reg.s1, data), ...li(reg.s0, rounds)]
const loop = [
  insn("amoadd.w", { rd: reg.t0, rs1: reg.s1, rs2: reg.s0 }),
  insn("addi", { rd: reg.s0, rs1: reg.s0, imm: -1 }),
  insn("bne", { rs1: reg.s0, rs2: 0, imm: -8 })
]
const program = [...before, ...loop, ...call(exitGroup, 0)]
/** The loop as a block of its own: the first round belongs to the block before it. */
const loopPc = BigInt(0x10000 + 4 * before.length)
const executions = rounds - 1

/** Asks for everything there is in the loop's block; gives what has been counted. */
const instrument = (api: PluginApi) => {
  const board = api.scoreboardNewUnsafe(40)
  const slots = [0, 8, 16, 24, 32].map((offset) => api.u64(board, offset))
  const counts = { block: 0, insn: 0, loads: 0, stores: 0, cond: 0, traced: 0 }
  const trace = api.runSync(api.trace({ onBatch: ({ length }) => void (counts.traced += length) }))
  const register = api.onTbTrans((tb) => {
    if (tb.pc !== loopPc) return
    const [first, second] = tb.insns
    tb.onExec(() => void counts.block++)
    tb.inline(InlineOp.addU64, slots[0]!, 1n)
    tb.traceExec(trace)
    second!.onExec(() => void counts.insn++)
    second!.inline(InlineOp.addU64, slots[1]!, 1n)
    second!.onExecCond(() => void counts.cond++, PluginCond.gt, slots[1]!, 0n)
    first!.onMem((_vcpu, { isStore }) => void counts[isStore ? "stores" : "loads"]++, MemRw.readWrite)
    first!.memInline(MemRw.read, InlineOp.addU64, slots[2]!, 1n)
    first!.memInline(MemRw.write, InlineOp.addU64, slots[3]!, 1n)
    first!.memInline(MemRw.readWrite, InlineOp.addU64, slots[4]!, 1n)
  })
  const finish = () => {
    trace.drain()
    return { ...counts, inline: slots.map((slot) => Number(api.u64Sum(slot))) }
  }
  return { register, finish }
}

/** Where the registration happens: in a callback of another plugin, the `at`th time that it is called for the loop's block. */
const places = (["exec", "insn", "mem", "work"] as const).flatMap((place) => [1, 2, 250].map((at) => ({ place, at })))

describe.each(engines)("instrumentation that comes late, on the $name", ({ engine }) => {
  it.effect.each(places)("counts from the next block on: asked for in $place, call $at", ({ at, place }) =>
    Effect.gen(function* () {
      let late: ReturnType<typeof instrument> | undefined
      let counted: ReturnType<ReturnType<typeof instrument>["finish"]> | undefined
      const counter = plugin((api) => {
        late = instrument(api)
        return api.onAtExit(() => void (counted = late!.finish()))
      })
      const trigger = plugin((api) => {
        let calls = 0
        const ask = () => {
          if (++calls !== at) return
          if (place === "work") api.queueWork(() => Effect.orDie(late!.register))
          else api.runSync(late!.register)
        }
        return api.onTbTrans((tb) => {
          if (tb.pc !== loopPc) return
          if (place === "insn") tb.insns[2]!.onExec(ask)
          else if (place === "mem") tb.insns[0]!.onMem(ask, MemRw.write)
          else tb.onExec(ask)
        })
      })
      const { exit } = yield* run({ program, plugins: [counter, trigger], engine })
      assert.strictEqual(Result.getOrThrow(exit).status, 0)
      const left = executions - at
      const inline = [left, left, left, left, 2 * left]
      assert.deepStrictEqual(counted, {
        block: left,
        insn: left,
        loads: left,
        stores: left,
        cond: left,
        traced: left,
        inline
      })
    })
  )
})
