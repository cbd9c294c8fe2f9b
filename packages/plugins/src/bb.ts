/**
 * Counts the blocks and instructions that were executed, per vCPU.
 *
 *     CPU0: bb's: 306, insns: 2457
 *     Total: bb's: 306, insns: 2457
 *
 * A block counts with all its instructions when it is entered, also when it faults in the middle.
 */
import * as Effect from "effect/Effect"
import { InlineOp } from "@emu/core/Instrumentation"
import * as Plugin from "@emu/core/Plugin"
import * as PluginOptions from "@emu/core/PluginOptions"

export default Plugin.make({
  name: "bb",
  help: "count executed blocks and instructions",
  options: PluginOptions.struct({
    inline: PluginOptions.boolean({ default: false, description: "count with inline operations instead of callbacks" }),
    idle: PluginOptions.boolean({ default: false, description: "report each time a vCPU goes idle" })
  }),
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
        tb.onExec((vcpu) => {
          api.u64Add(blocks, vcpu, 1n)
          api.u64Add(insns, vcpu, size)
        })
      }
    })

    const line = (vcpu: number): string => {
      const entered = api.u64Get(blocks, vcpu)
      return entered === 0n ? "" : `CPU${vcpu}: bb's: ${entered}, insns: ${api.u64Get(insns, vcpu)}\n`
    }
    if (idle) {
      yield* api.onVcpuIdle((vcpu) => {
        const report = line(vcpu)
        if (report !== "") api.outs(`Idling ${report}`)
      })
    }
    yield* api.onAtExit(() => {
      let report = ""
      for (let vcpu = 0; vcpu < api.numVcpus(); vcpu++) report += line(vcpu)
      api.outs(`${report}Total: bb's: ${api.u64Sum(blocks)}, insns: ${api.u64Sum(insns)}\n`)
    })
  })
})
