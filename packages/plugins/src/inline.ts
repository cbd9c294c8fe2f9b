/**
 * Counts blocks, instructions and memory accesses in every way there is (callbacks, inline operations, conditional
 * callbacks), prints the counts side by side, and fails where they differ: a check of the plugin system, and of emu.
 */
import * as Effect from "effect/Effect"
import { InlineOp, MemRw, PluginCond } from "@emu/core/Instrumentation"
import * as Plugin from "@emu/core/Plugin"
import type { PluginApi } from "@emu/core/PluginApi"
import * as PluginOptions from "@emu/core/PluginOptions"

/** A conditional callback runs each time this many events have been counted inline. */
const threshold = 100n

/** Counters of one kind of event: a scoreboard element of four numbers for each vCPU, and a total. */
const makeCounters = (api: PluginApi) =>
  Effect.map(api.scoreboardNew(32), (scoreboard) => ({
    total: 0n,
    byCallback: api.u64(scoreboard, 0),
    byInline: api.u64(scoreboard, 8),
    /** Counted inline since the conditional callback ran last, and how often it ran. */
    pending: api.u64(scoreboard, 16),
    triggers: api.u64(scoreboard, 24)
  }))
type Counters = Effect.Success<ReturnType<typeof makeCounters>>

export default Plugin.make({
  name: "inline",
  help: "count events in every way there is and check that the counts agree",
  options: PluginOptions.struct({}),
  install: Effect.fnUntraced(function* (api) {
    const blocks = yield* makeCounters(api)
    const insns = yield* makeCounters(api)
    const accesses = yield* makeCounters(api)

    const counted = (counters: Counters) => (vcpu: number) => {
      counters.total++
      api.u64Add(counters.byCallback, vcpu, 1n)
    }
    const triggered = (counters: Counters) => (vcpu: number) => {
      api.u64Set(counters.pending, vcpu, 0n)
      api.u64Add(counters.triggers, vcpu, 1n)
    }
    const onBlock = counted(blocks)
    const onBlocks = triggered(blocks)
    const onInsn = counted(insns)
    const onInsns = triggered(insns)
    const onAccess = counted(accesses)

    yield* api.onTbTrans((tb) => {
      tb.onExec(onBlock)
      tb.inline(InlineOp.addU64, blocks.byInline, 1n)
      tb.inline(InlineOp.addU64, blocks.pending, 1n)
      tb.onExecCond(onBlocks, PluginCond.eq, blocks.pending, threshold)
      for (const insn of tb.insns) {
        insn.onExec(onInsn)
        insn.inline(InlineOp.addU64, insns.byInline, 1n)
        insn.inline(InlineOp.addU64, insns.pending, 1n)
        insn.onExecCond(onInsns, PluginCond.eq, insns.pending, threshold)
        insn.onMem(onAccess, MemRw.readWrite)
        insn.memInline(MemRw.readWrite, InlineOp.addU64, accesses.byInline, 1n)
      }
    })

    yield* api.onAtExit(() => {
      /** Throws where ways of counting disagree, on the whole or on one vCPU. */
      const check = (what: string, counts: ReadonlyArray<bigint>) => {
        if (counts.some((count) => count !== counts[0]))
          throw new Error(`the counts of ${what} differ: ${counts.join(", ")}`)
      }
      const conditional = ({ pending, triggers }: Counters) => api.u64Sum(triggers) * threshold + api.u64Sum(pending)
      const show = (what: string, vcpu: number, { byCallback, byInline, pending, triggers }: Counters) => {
        const callback = api.u64Get(byCallback, vcpu)
        const inline = api.u64Get(byInline, vcpu)
        check(`${what} on cpu ${vcpu}`, [callback, inline])
        if (what === "mem") return `mem (${callback}, ${inline})`
        const times = api.u64Get(triggers, vcpu)
        const rest = api.u64Get(pending, vcpu)
        check(`${what} on cpu ${vcpu}`, [callback, times * threshold + rest])
        return `${what} (${callback}, ${inline}, ${times} * ${threshold} + ${rest})`
      }

      let report = ""
      for (let vcpu = 0; vcpu < api.numVcpus(); vcpu++) {
        report += `cpu ${vcpu}: ${show("tb", vcpu, blocks)} | ${show("insn", vcpu, insns)} | ${show("mem", vcpu, accesses)}\n`
      }
      const tables = [
        { what: "tb", counters: blocks, conditionalName: "conditional cb" },
        { what: "insn", counters: insns, conditionalName: "cond cb" },
        { what: "mem", counters: accesses, conditionalName: undefined }
      ]
      for (const { what, counters, conditionalName } of tables) {
        const callbacks = api.u64Sum(counters.byCallback)
        const inlines = api.u64Sum(counters.byInline)
        report += `${what}: ${counters.total}\n${what}: ${callbacks} (per vcpu)\n${what}: ${inlines} (per vcpu inline)\n`
        check(what, [counters.total, callbacks, inlines])
        if (conditionalName !== undefined) {
          const count = conditional(counters)
          report += `${what}: ${count} (${conditionalName})\n`
          check(what, [counters.total, count])
        }
      }
      api.outs(report)
    })
  })
})
