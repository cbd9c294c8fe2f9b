/**
 * Prints the blocks that were entered most often: address, translations, instructions and executions.
 *
 *     pc, tcount, icount, ecount
 *     0x000000000001017c, 1, 10, 100
 */
import * as Effect from "effect/Effect"
import { CallbackFlags, InlineOp } from "@emu/core/Instrumentation"
import * as Plugin from "@emu/core/Plugin"
import * as PluginOptions from "@emu/core/PluginOptions"
import * as PluginResult from "@emu/core/PluginResult"
import type { ScoreboardU64 } from "@emu/core/Scoreboard"
import { hex } from "@emu/plugins/kit/text/format"
import { ascending, descending } from "@emu/plugins/kit/text/order"

/** A block: the same address with another number of instructions is another one. */
interface Block {
  readonly pc: bigint
  readonly insns: number
  translations: number
  /** Executions: in a scoreboard where they are counted inline, else here. */
  readonly inlineCount: ScoreboardU64 | undefined
  executions: number
}

export default Plugin.make({
  name: "hotblocks",
  help: "print the blocks that were executed most often",
  options: PluginOptions.struct({
    inline: PluginOptions.boolean({ default: false, description: "count with inline operations instead of callbacks" }),
    limit: PluginOptions.integer({ default: 20, description: "how many blocks to print; 0 prints all" }),
    symbols: PluginOptions.oneOf(["auto", "on", "off"], {
      default: "auto",
      description: "add a column with the function; auto: when blocks outside of the program's own code have one (libraries)"
    })
  }),
  result: PluginResult.struct({
    entries: PluginResult.count("blocks that were translated"),
    blocks: PluginResult.rows(
      {
        pc: PluginResult.address("where the block begins"),
        tcount: PluginResult.count("how often it was translated"),
        icount: PluginResult.count("its instructions"),
        ecount: PluginResult.count("how often it was executed"),
        symbol: PluginResult.optional(PluginResult.text("the function that it belongs to; empty where there is none"))
      },
      "those executed most often; with symbols under the option symbols"
    )
  }),
  render: ({ blocks, entries }) => {
    const withSymbols = blocks.some(({ symbol }) => symbol !== undefined)
    let text = `collected ${entries} entries in the hash table\npc, tcount, icount, ecount${withSymbols ? ", symbol" : ""}\n`
    for (const { ecount, icount, pc, symbol, tcount } of blocks) {
      text += `0x${hex(pc, 16)}, ${tcount}, ${icount}, ${ecount}${withSymbols ? `, ${symbol}` : ""}\n`
    }
    return text
  },
  install: Effect.fnUntraced(function* (api, { inline, limit, symbols }) {
    const blocks = new Map<string, Block>()

    yield* api.onTbTrans((tb) => {
      const key = `${tb.pc} ${tb.insns.length}`
      let block = blocks.get(key)
      if (block === undefined) {
        const inlineCount = inline ? api.u64(api.scoreboardNewUnsafe(8)) : undefined
        block = { pc: tb.pc, insns: tb.insns.length, translations: 0, inlineCount, executions: 0 }
        blocks.set(key, block)
      }
      const known = block
      known.translations++
      if (known.inlineCount !== undefined) {
        tb.inline(InlineOp.addU64, known.inlineCount, 1n)
      } else {
        tb.onExec(() => {
          known.executions++
        }, CallbackFlags.deferred)
      }
    })

    /** Whether a block of a library ran. The kernel maps its vdso into every process; that is none. */
    const usesLibraries = (): boolean => {
      const program = api.program()
      if (program === undefined) return false
      return blocks.values().some(({ pc }) => {
        if (pc >= program.startCode && pc < program.endCode) return false
        const symbol = api.symbol(pc)
        return symbol !== undefined && !symbol.startsWith("__vdso_")
      })
    }

    yield* api.onAtExit(() => {
      const rows = [...blocks.values()].map((block) => ({
        ...block,
        count: block.inlineCount === undefined ? BigInt(block.executions) : api.u64Sum(block.inlineCount)
      }))
      rows.sort((a, b) => descending(a.count, b.count) || ascending(a.pc, b.pc) || ascending(a.insns, b.insns))
      const withSymbols = symbols === "on" || (symbols === "auto" && usesLibraries())
      const shown = limit === 0 ? rows : rows.slice(0, limit)
      api.report({
        entries: rows.length,
        blocks: shown.map(({ count, insns, pc, translations }) => ({
          pc,
          tcount: translations,
          icount: insns,
          ecount: count,
          ...(withSymbols && { symbol: api.symbol(pc) ?? "" })
        }))
      })
    })
  })
})
