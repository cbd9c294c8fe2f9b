/**
 * Tells where control flow branches: the instructions that went on elsewhere than behind them, how often, and where to.
 *
 *     addr: 0x101e2 fill: bne                     s1,s4,-40               # 0x101ba (branch)
 *       branches 99
 *         to 0x101ba (99)
 *
 * Blocks are recorded in a trace, which costs less than a callback for each that is branched to.
 */
import * as Effect from "effect/Effect"
import * as Plugin from "@emu/core/Plugin"
import { DisconKind } from "@emu/core/PluginEvent"
import * as PluginOptions from "@emu/core/PluginOptions"
import * as PluginResult from "@emu/core/PluginResult"
import { BlockFlow } from "@emu/plugins/kit/blocks/BlockFlow"
import { hex } from "@emu/plugins/kit/text/format"
import { ascending, descending } from "@emu/plugins/kit/text/order"

/** An instruction. */
interface Node {
  readonly address: number
  readonly symbol: string | undefined
  readonly disas: string
  /** It was translated in the middle of a block: only an exception leaves there. */
  isInside: boolean
  earlyExits: number
  exceptions: number
}

export default Plugin.make({
  name: "cflow",
  help: "print the instructions that branch most often, and where to",
  options: PluginOptions.struct({
    sort: PluginOptions.oneOf(["hottest", "early", "exceptions"], {
      default: "hottest",
      description: "by branches, by exits from the middle of a block, or by exceptions"
    }),
    limit: PluginOptions.integer({ default: 10, description: "how many instructions to print; 0 prints all" })
  }),
  result: PluginResult.struct({
    entries: PluginResult.count("instructions that were translated"),
    nodes: PluginResult.rows(
      {
        address: PluginResult.address("the instruction"),
        symbol: PluginResult.optional(PluginResult.text("the function that it is in")),
        disas: PluginResult.text("the instruction as text"),
        kind: PluginResult.oneOf(["branch", "sync fault"], "how it is left: sync fault where it was inside of a block"),
        branches: PluginResult.count("how often it went on elsewhere"),
        earlyExits: PluginResult.count("how often it ended a block that goes on behind it"),
        exceptions: PluginResult.count("how often it caused an exception")
      },
      "instructions, in the order asked for"
    ),
    targets: PluginResult.rows(
      {
        from: PluginResult.address("an instruction of these"),
        to: PluginResult.address("where it went"),
        count: PluginResult.count("how often")
      },
      "where they branched to, in the order of the first time"
    )
  }),
  render: ({ entries, nodes, targets }) => {
    let text = `collected ${entries} control flow nodes in the hash table\n`
    for (const { address, branches, disas, earlyExits, exceptions, kind, symbol } of nodes) {
      text += `  addr: 0x${hex(address)} ${symbol ?? "(null)"}: ${disas} (${kind})\n`
      if (earlyExits > 0) text += `    early exits ${earlyExits}\n`
      if (exceptions > 0) text += `    exceptions ${exceptions}\n`
      if (branches > 0) text += `    branches ${branches}\n`
      for (const { count, from, to } of targets) if (from === address) text += `      to 0x${hex(to)} (${count})\n`
    }
    return text
  },
  install: Effect.fnUntraced(function* (api, { limit, sort }) {
    const nodes = new Map<number, Node>()
    const flow = new BlockFlow(({ at, blockEnd, next, to }) => {
      api.outs(`vcpu_tb_branched_exec: pc=${hex(to)}, epbc=${hex(blockEnd)} npc=${hex(next)}, lpc=${hex(at)}\n`)
      nodes.get(at)!.earlyExits++
    })
    const trace = yield* api.trace({ records: 65536, onBatch: (batch) => flow.follow(batch) })
    flow.trace = trace

    yield* api.onTbTrans((tb) => {
      const last = tb.insns.at(-1)!
      const size = Number(last.pc - tb.pc) + last.size
      flow.define(Number(tb.pc), Number(last.pc), size)
      for (const insn of tb.insns) {
        const address = Number(insn.pc)
        let node = nodes.get(address)
        if (node === undefined) {
          node = { address, symbol: insn.symbol(), disas: insn.disas(), isInside: false, earlyExits: 0, exceptions: 0 }
          nodes.set(address, node)
        }
        if (insn !== last) node.isInside = true
      }
      tb.traceExec(trace)
    })
    yield* api.onVcpuInit((vcpu) => {
      trace.drain()
      flow.begin(vcpu)
    })
    yield* api.onDiscon(DisconKind.exception, (vcpu, _kind, from) => {
      const node = nodes.get(Number(from))
      if (node !== undefined) node.exceptions++
      flow.fault(vcpu, Number(from))
    })

    yield* api.onAtExit(() => {
      const targets = flow.branches()
      const counted = [...nodes.values()].map((node) => {
        const branches =
          targets
            .get(node.address)
            ?.values()
            .reduce((sum, count) => sum + count, 0) ?? 0
        return { ...node, branches, order: { hottest: branches, early: node.earlyExits, exceptions: node.exceptions }[sort] }
      })
      const sorted = counted
        .filter(({ order }) => order > 0)
        .sort((a, b) => descending(a.order, b.order) || ascending(a.address, b.address))
      const shown = limit === 0 ? sorted : sorted.slice(0, limit)
      api.report({
        entries: nodes.size,
        nodes: shown.map(({ address, branches, disas, earlyExits, exceptions, isInside, symbol }) => ({
          address,
          ...(symbol !== undefined && { symbol }),
          disas,
          kind: isInside ? "sync fault" : "branch",
          branches,
          earlyExits,
          exceptions
        })),
        targets: shown.flatMap(({ address }) =>
          Array.from(targets.get(address) ?? [], ([to, count]) => ({ from: address, to, count }))
        )
      })
    })
  })
})
