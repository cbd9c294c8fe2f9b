/**
 * Counts the blocks and instructions that were executed, per vCPU.
 *
 *     CPU0: bb's: 306, insns: 2457
 *     Total: bb's: 306, insns: 2457
 *
 * A block counts with all its instructions when it is entered, also when it faults in the middle.
 */
import * as Effect from "effect/Effect"
import { CallbackFlags, type ExecCallback, InlineOp } from "@emu/core/Instrumentation"
import * as Plugin from "@emu/core/Plugin"
import type { PluginApi } from "@emu/core/PluginApi"
import * as PluginOptions from "@emu/core/PluginOptions"
import * as PluginResult from "@emu/core/PluginResult"
import type { ScoreboardU64 } from "@emu/core/Scoreboard"

interface Counts {
  readonly vcpu: number | bigint
  readonly blocks: number | bigint
  readonly insns: number | bigint
}

const line = ({ blocks, insns, vcpu }: Counts): string => `CPU${vcpu}: bb's: ${blocks}, insns: ${insns}\n`

/** What is called for a block. A function that finds all it needs in its own scope is the fastest there is. */
const counter =
  (add: PluginApi["u64Add"], blocks: ScoreboardU64, insns: ScoreboardU64, size: bigint): ExecCallback =>
  (vcpu) => {
    add(blocks, vcpu, 1n)
    add(insns, vcpu, size)
  }

export default Plugin.make({
  name: "bb",
  help: "count executed blocks and instructions",
  options: PluginOptions.struct({
    inline: PluginOptions.boolean({ default: false, description: "count with inline operations instead of callbacks" }),
    idle: PluginOptions.boolean({ default: false, description: "report each time a vCPU goes idle" })
  }),
  result: PluginResult.struct({
    blocks: PluginResult.count("blocks executed"),
    insns: PluginResult.count("instructions in them"),
    vcpus: PluginResult.rows(
      {
        vcpu: PluginResult.count("index of the vCPU"),
        blocks: PluginResult.count("blocks that it executed"),
        insns: PluginResult.count("instructions in them")
      },
      "vCPUs that executed any"
    )
  }),
  render: ({ blocks, insns, vcpus }) => `${vcpus.map(line).join("")}Total: bb's: ${blocks}, insns: ${insns}\n`,
  install: Effect.fnUntraced(function* (api, { inline, idle }) {
    const counts = yield* api.scoreboardNew(16)
    const blocks = api.u64(counts, 0)
    const insns = api.u64(counts, 8)

    yield* api.onTbTrans((tb) => {
      const size = BigInt(tb.insns.length)
      if (inline) {
        tb.inline(InlineOp.addU64, blocks, 1n)
        tb.inline(InlineOp.addU64, insns, size)
      } else {
        tb.onExec(counter(api.u64Add, blocks, insns, size), CallbackFlags.deferred)
      }
    })

    const countsOf = (vcpu: number) => ({ vcpu, blocks: api.u64Get(blocks, vcpu), insns: api.u64Get(insns, vcpu) })
    if (idle) {
      yield* api.onVcpuIdle((vcpu) => {
        const row = countsOf(vcpu)
        if (row.blocks > 0n) api.outs(`Idling ${line(row)}`)
      })
    }
    yield* api.onAtExit(() => {
      const vcpus = Array.from({ length: api.numVcpus() }, (_, vcpu) => countsOf(vcpu)).filter((row) => row.blocks > 0n)
      api.report({ blocks: api.u64Sum(blocks), insns: api.u64Sum(insns), vcpus })
    })
  })
})
