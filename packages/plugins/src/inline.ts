/**
 * Counts blocks, instructions and memory accesses in every way there is (callbacks, inline operations, conditional
 * callbacks), prints the counts side by side, and fails where they differ: a check of the plugin system, and of emu.
 */
import * as Effect from "effect/Effect"
import { InlineOp, MemRw, PluginCond } from "@emu/core/Instrumentation"
import * as Plugin from "@emu/core/Plugin"
import type { PluginApi } from "@emu/core/PluginApi"
import * as PluginOptions from "@emu/core/PluginOptions"
import * as PluginResult from "@emu/core/PluginResult"

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

const ways = {
  callback: PluginResult.count("by a callback on each event"),
  inline: PluginResult.count("by inline operations"),
  /** Accesses have no conditional callbacks. */
  triggers: PluginResult.optional(
    PluginResult.count("by a conditional callback: how often it ran, each time for 100 events")
  ),
  rest: PluginResult.optional(PluginResult.count("and how many events came after its last run"))
}

const result = PluginResult.struct({
  vcpus: PluginResult.list(
    PluginResult.struct({
      vcpu: PluginResult.count("index of the vCPU"),
      blocks: PluginResult.struct(ways),
      insns: PluginResult.struct(ways),
      accesses: PluginResult.struct(ways)
    }),
    "counts of each vCPU"
  ),
  totals: PluginResult.rows(
    {
      event: PluginResult.oneOf(["tb", "insn", "mem"], "what was counted: blocks, instructions or memory accesses"),
      total: PluginResult.count("by callbacks, in one number"),
      callback: PluginResult.count("by callbacks, summed over all vCPUs"),
      inline: PluginResult.count("by inline operations, summed over all vCPUs"),
      conditional: PluginResult.optional(PluginResult.count("by conditional callbacks"))
    },
    "counts of all vCPUs together"
  )
})
type Result = typeof result.Type
type Ways = Result["vcpus"][number]["insns"]

const waysText = ({ callback, inline, rest, triggers }: Ways): string =>
  triggers === undefined ? `(${callback}, ${inline})` : `(${callback}, ${inline}, ${triggers} * ${threshold} + ${rest})`

const vcpuText = ({ accesses, blocks, insns, vcpu }: Result["vcpus"][number]): string =>
  `cpu ${vcpu}: tb ${waysText(blocks)} | insn ${waysText(insns)} | mem ${waysText(accesses)}\n`

const totalText = ({ callback, conditional, event, inline, total }: Result["totals"][number]): string => {
  const text = `${event}: ${total}\n${event}: ${callback} (per vcpu)\n${event}: ${inline} (per vcpu inline)\n`
  if (conditional === undefined) return text
  return `${text}${event}: ${conditional} (${event === "tb" ? "conditional cb" : "cond cb"})\n`
}

export default Plugin.make({
  name: "inline",
  help: "count events in every way there is and check that the counts agree",
  options: PluginOptions.struct({}),
  result,
  render: ({ totals, vcpus }) => `${vcpus.map(vcpuText).join("")}${totals.map(totalText).join("")}`,
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

    /** Throws where ways of counting disagree, on the whole or on one vCPU. */
    const check = (what: string, counts: ReadonlyArray<bigint>) => {
      if (counts.some((count) => count !== counts[0])) throw new Error(`the counts of ${what} differ: ${counts.join(", ")}`)
    }

    const onVcpu = (
      vcpu: number,
      what: string,
      { byCallback, byInline, pending, triggers }: Counters,
      isConditional: boolean
    ) => {
      const callback = api.u64Get(byCallback, vcpu)
      const inline = api.u64Get(byInline, vcpu)
      check(`${what} on cpu ${vcpu}`, [callback, inline])
      if (!isConditional) return { callback, inline }
      const times = api.u64Get(triggers, vcpu)
      const rest = api.u64Get(pending, vcpu)
      check(`${what} on cpu ${vcpu}`, [callback, times * threshold + rest])
      return { callback, inline, triggers: times, rest }
    }

    const onAll = (event: "tb" | "insn" | "mem", { byCallback, byInline, pending, total, triggers }: Counters) => {
      const callback = api.u64Sum(byCallback)
      const inline = api.u64Sum(byInline)
      check(event, [total, callback, inline])
      if (event === "mem") return { event, total, callback, inline }
      const conditional = api.u64Sum(triggers) * threshold + api.u64Sum(pending)
      check(event, [total, conditional])
      return { event, total, callback, inline, conditional }
    }

    yield* api.onAtExit(() =>
      api.report({
        vcpus: Array.from({ length: api.numVcpus() }, (_, vcpu) => ({
          vcpu,
          blocks: onVcpu(vcpu, "tb", blocks, true),
          insns: onVcpu(vcpu, "insn", insns, true),
          accesses: onVcpu(vcpu, "mem", accesses, false)
        })),
        totals: [onAll("tb", blocks), onAll("insn", insns), onAll("mem", accesses)]
      })
    )
  })
})
