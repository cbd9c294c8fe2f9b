/**
 * Counts executed instructions; on request how long instructions are, and how often those with a given text run.
 *
 *     cpu 0 insns: 2457
 *     total insns: 2457
 */
import * as Effect from "effect/Effect"
import { CallbackFlags, InlineOp } from "@emu/core/Instrumentation"
import * as Plugin from "@emu/core/Plugin"
import type { InsnHandle } from "@emu/core/PluginApi"
import * as PluginOptions from "@emu/core/PluginOptions"
import * as PluginResult from "@emu/core/PluginResult"
import { hex } from "@emu/plugins/kit/text/format"
import { ascending } from "@emu/plugins/kit/text/order"

/** An instruction that a `match` selects. */
interface MatchedInsn {
  readonly pc: bigint
  readonly disas: string
  hits: number
}

/** A `match`, and what became of it. */
interface Match {
  readonly prefix: string
  readonly insns: Map<string, MatchedInsn>
  hits: number
  /** Executed instructions at the last hit, and between all hits. */
  lastHit: bigint
  totalDelta: bigint
}

export default Plugin.make({
  name: "insn",
  help: "count executed instructions",
  options: PluginOptions.struct({
    inline: PluginOptions.boolean({ default: false, description: "count with inline operations instead of callbacks" }),
    sizes: PluginOptions.boolean({
      default: false,
      description: "report lengths of translated instructions instead of counts"
    }),
    match: PluginOptions.strings({
      default: [],
      description: "also count the instructions whose disassembly begins with this text"
    }),
    trace: PluginOptions.boolean({ default: false, description: "print a line each time a matched instruction runs" })
  }),
  result: PluginResult.struct({
    insns: PluginResult.optional(PluginResult.count("instructions executed; left out under sizes")),
    vcpus: PluginResult.optional(
      PluginResult.rows(
        {
          vcpu: PluginResult.count("index of the vCPU"),
          insns: PluginResult.count("instructions that it executed")
        },
        "all vCPUs; left out under sizes"
      )
    ),
    sizes: PluginResult.optional(
      PluginResult.rows(
        {
          size: PluginResult.count("length in bytes"),
          insns: PluginResult.count("translated instructions of that length")
        },
        "under sizes: lengths of instructions"
      )
    ),
    matches: PluginResult.rows(
      {
        match: PluginResult.text("how the disassembly begins"),
        hits: PluginResult.count("how often such instructions were executed"),
        insns: PluginResult.rows(
          {
            pc: PluginResult.address("where the instruction is"),
            disas: PluginResult.text("its disassembly"),
            hits: PluginResult.count("how often it was executed")
          },
          "such instructions, by address"
        )
      },
      "one for each match"
    )
  }),
  render: ({ insns, matches, sizes = [], vcpus = [] }) => {
    let text = ""
    for (const { insns: count, size } of sizes) text += `len ${size} bytes: ${count} insns\n`
    for (const { insns: count, vcpu } of vcpus) text += `cpu ${vcpu} insns: ${count}\n`
    if (insns !== undefined) text += `total insns: ${insns}\n`
    for (const { hits, insns: matched, match } of matches) {
      text += `Match: ${match}, hits ${hits}\n`
      for (const insn of matched) text += `  ${hex(insn.pc)}: ${insn.disas} (hits ${insn.hits})\n`
    }
    return text
  },
  install: Effect.fnUntraced(function* (api, { inline, sizes, match, trace }) {
    const executed = api.u64(yield* api.scoreboardNew(8))
    const translatedBySize = new Map<number, number>()
    const matches = match.map((prefix): Match => ({ prefix, insns: new Map(), hits: 0, lastHit: 0n, totalDelta: 0n }))

    const record = (wanted: Match, insn: InsnHandle, disas: string): MatchedInsn => {
      const key = `${insn.pc} ${disas}`
      const known = wanted.insns.get(key)
      if (known !== undefined) return known
      const added = { pc: insn.pc, disas, hits: 0 }
      wanted.insns.set(key, added)
      api.outs(`Created record for: ${hex(insn.pc)} ${disas}\n`)
      return added
    }

    const hit = (wanted: Match, insn: MatchedInsn, vcpu: number): void => {
      const now = api.u64Get(executed, vcpu)
      const delta = now - wanted.lastHit
      insn.hits++
      wanted.hits++
      wanted.lastHit = now
      wanted.totalDelta += delta
      if (trace) {
        const average = wanted.totalDelta / BigInt(wanted.hits)
        api.outs(
          `0x${hex(insn.pc)}, '${insn.disas}', ${insn.hits} hits , cpu ${vcpu}, ${wanted.hits} match hits, ` +
            `Δ+${delta} since last match, ${average} avg insns/match\n`
        )
      }
    }

    // As QEMU's plugin counts: once for each translation, and a first longer instruction drops the counts of shorter ones
    // (QEMU's table does not keep them when it grows). docs/differences-from-qemu.md has the reason for keeping this.
    const countSize = (size: number): void => {
      if (!translatedBySize.has(size) && translatedBySize.keys().every((known) => known < size)) translatedBySize.clear()
      translatedBySize.set(size, (translatedBySize.get(size) ?? 0) + 1)
    }

    // One function for all instructions: blocks that overlap then have the same callbacks, and can share code.
    const count = (vcpu: number) => api.u64Add(executed, vcpu, 1n)
    yield* api.onTbTrans((tb) => {
      for (const insn of tb.insns) {
        if (inline) insn.inline(InlineOp.addU64, executed, 1n)
        else insn.onExec(count, CallbackFlags.deferred)
        if (sizes) countSize(insn.size)
        if (matches.length === 0) continue
        const disas = insn.disas()
        for (const wanted of matches) {
          if (!disas.startsWith(wanted.prefix)) continue
          const matched = record(wanted, insn, disas)
          insn.onExec((vcpu) => hit(wanted, matched, vcpu), inline ? CallbackFlags.noRegs : CallbackFlags.deferred)
        }
      }
    })

    const sizeTable = () =>
      [...translatedBySize].map(([size, insns]) => ({ size, insns })).sort((a, b) => ascending(a.size, b.size))
    const counts = () => ({
      insns: api.u64Sum(executed),
      vcpus: Array.from({ length: api.numVcpus() }, (_, vcpu) => ({ vcpu, insns: api.u64Get(executed, vcpu) }))
    })
    const byAddress = (a: MatchedInsn, b: MatchedInsn) => ascending(a.pc, b.pc) || (a.disas < b.disas ? -1 : 1)
    yield* api.onAtExit(() =>
      api.report({
        ...(sizes ? { sizes: sizeTable() } : counts()),
        matches: matches.map(({ hits, insns, prefix }) => ({
          match: prefix,
          hits,
          insns: [...insns.values()].sort(byAddress)
        }))
      })
    )
  })
})
