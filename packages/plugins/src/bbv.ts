/**
 * Writes basic block vectors, as SimPoint reads them: for each interval of executed instructions a line with the blocks that ran
 * and their instructions. One file for each vCPU, `PATH.0.bb` and so on.
 *
 *     T:1:5 :4:40 :5:21
 *
 * Blocks are numbered from 1 in the order of their translation, by address. The last interval is written only if it is complete.
 */
import * as Effect from "effect/Effect"
import { InlineOp, PluginCond } from "@emu/core/Instrumentation"
import * as Plugin from "@emu/core/Plugin"
import { PluginInstallFailure } from "@emu/core/Plugin"
import type { OutputFile } from "@emu/core/PluginFiles"
import * as PluginOptions from "@emu/core/PluginOptions"
import * as PluginResult from "@emu/core/PluginResult"
import type { ScoreboardU64 } from "@emu/core/Scoreboard"
import { Counters } from "@emu/plugins/kit/Counters"

export default Plugin.make({
  name: "bbv",
  help: "write basic block vectors for SimPoint",
  options: PluginOptions.struct({
    interval: PluginOptions.integer({ default: 100_000_000, description: "instructions in an interval" }),
    outfile: PluginOptions.string({ description: "where to write: PATH.0.bb is the file of vCPU 0" })
  }),
  result: PluginResult.struct({
    blocks: PluginResult.count("blocks that were translated"),
    vcpus: PluginResult.rows(
      { file: PluginResult.text("the file written"), intervals: PluginResult.count("complete intervals in it") },
      "the files, by vCPU"
    )
  }),
  render: () => "",
  install: Effect.fnUntraced(function* (api, { interval, outfile }) {
    if (interval === 0) return yield* new PluginInstallFailure({ message: "interval=0: give at least one instruction" })
    const length = BigInt(interval)
    const executed = api.u64(yield* api.scoreboardNew(8))
    const counters = new Counters(api)
    const blocks = new Map<bigint, ScoreboardU64>()
    const vcpus: Array<{ readonly file: OutputFile; intervals: number }> = []

    const open = (vcpu: number) => {
      vcpus[vcpu] ??= { file: api.openFile(`${outfile}.${vcpu}.bb`), intervals: 0 }
    }
    open(0)
    yield* api.onVcpuInit(open)

    const endInterval = (vcpu: number) => {
      api.u64Add(executed, vcpu, -length)
      let line = "T"
      counters.take(vcpu, (index, insns) => {
        line += `:${index + 1}:${insns} `
      })
      const output = vcpus[vcpu]!
      output.file.write(`${line}\n`)
      output.intervals++
    }

    yield* api.onTbTrans((tb) => {
      let counter = blocks.get(tb.pc)
      if (counter === undefined) blocks.set(tb.pc, (counter = counters.add()))
      const insns = BigInt(tb.insns.length)
      tb.inline(InlineOp.addU64, counter, insns)
      tb.inline(InlineOp.addU64, executed, insns)
      tb.onExecCond(endInterval, PluginCond.ge, executed, length)
    })

    yield* api.onAtExit(() => {
      for (const { file } of vcpus) file.close()
      api.report({ blocks: blocks.size, vcpus: vcpus.map(({ file, intervals }) => ({ file: file.path, intervals })) })
    })
  })
})
