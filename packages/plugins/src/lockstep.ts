/**
 * Runs beside the same plugin in another emu, connected by a socket, and finds the first block at which the two programs part.
 *
 *     setup_socket::ready
 *     No divergence :-)
 *     Executed 306/306 blocks
 *     Executed ~2457 instructions
 *
 * Each side tells the other which blocks it executes, in batches, and waits while it is ahead. Meant for programs of one thread
 * with the same input: give both sides the same `--seed`.
 */
import * as Effect from "effect/Effect"
import * as Plugin from "@emu/core/Plugin"
import * as PluginOptions from "@emu/core/PluginOptions"
import * as PluginResult from "@emu/core/PluginResult"
import { BlockStream } from "@emu/plugins/kit/blocks/BlockStream"
import { hex } from "@emu/plugins/kit/text/format"

/** Blocks after which the two sides wait for each other. */
const batch = 4096
/** Blocks before a divergence that are shown. */
const shown = 10

const address = (pc: number): string => `0x${hex(pc, 16)}`

export default Plugin.make({
  name: "lockstep",
  help: "compare the blocks that two emus execute, over a socket",
  options: PluginOptions.struct({
    sockpath: PluginOptions.string({ description: "path of the Unix socket at which the two meet" }),
    verbose: PluginOptions.boolean({
      default: false,
      description: "also print each time the two have waited for each other"
    })
  }),
  result: PluginResult.struct({
    diverged: PluginResult.boolean("the two did not execute the same blocks"),
    blocks: PluginResult.count("blocks executed"),
    compared: PluginResult.count("blocks of them that both executed, up to the first difference"),
    insns: PluginResult.count("instructions in the blocks executed")
  }),
  render: ({ blocks, compared, diverged, insns }) =>
    `${diverged ? "" : "No divergence :-)\n"}Executed ${compared}/${blocks} blocks\nExecuted ~${insns} instructions\n`,
  install: Effect.fnUntraced(function* (api, { sockpath, verbose }) {
    const channel = yield* api.openChannel(sockpath)
    api.outs(`${channel.isFirst ? "setup_socket" : "connect_socket"}::ready\n`)

    const own = new BlockStream()
    const other = new BlockStream()
    let compared = 0
    /** Instructions in the blocks compared. */
    let insns = 0
    let isAsked = false
    let isAlone = false
    let hasDiverged = false

    const place = (stream: BlockStream): string => {
      const block = stream.at(compared)
      return block === undefined ? "the end" : address(block.pc)
    }

    const diverge = () => {
      hasDiverged = true
      let report = `Δ insn_count @ ${place(own)} (${insns}) vs ${place(other)} (${insns})\n`
      let count = insns
      for (let i = compared - 1; i >= compared - shown; i--) {
        const block = own.at(i)
        if (block === undefined) break
        report += `  previously @ ${address(block.pc)}/${block.insns} (${count} insns)\n`
        count -= block.insns
      }
      api.outs(report)
      // the other side learns of it when it waits for more
      channel.end()
    }

    /** Compares what both have executed. Where one has ended, the other must not have more. */
    const compare = (ownEnded: boolean, otherEnded: boolean) => {
      for (;;) {
        const [mine, theirs] = [own.at(compared), other.at(compared)]
        const isOver = (mine === undefined && !ownEnded) || (theirs === undefined && !otherEnded)
        if (isOver || (mine === undefined && theirs === undefined)) break
        if (mine?.pc !== theirs?.pc || mine?.insns !== theirs?.insns) return diverge()
        insns += mine!.insns
        compared++
      }
      own.forget(compared - shown)
      other.forget(compared)
    }

    /** Takes what the other side has sent, waiting until that is as much as `blocks`, or it sends no more. */
    const receive = (blocks: number): Effect.Effect<void> =>
      Effect.suspend(() => {
        if (isAlone || other.length >= blocks) return Effect.void
        return Effect.flatMap(channel.receive, (bytes) => {
          if (bytes === undefined) isAlone = true
          else other.append(bytes)
          return receive(blocks)
        })
      })

    const exchange = Effect.gen(function* () {
      if (hasDiverged) return
      isAsked = false
      channel.send(own.unsent())
      yield* receive(own.length)
      compare(false, isAlone)
      if (verbose && !hasDiverged) api.outs(`@ ${place(own)} vs ${place(other)} (${own.length}/${other.length})\n`)
    })

    yield* api.onTbTrans((tb) => {
      const pc = Number(tb.pc)
      const count = tb.insns.length
      tb.onExec(() => {
        if (hasDiverged) return own.count(count)
        own.add(pc, count)
        if (own.length - compared < batch || isAsked) return
        isAsked = true
        api.queueWork(() => exchange)
      })
    })

    yield* api.onAtExit(() =>
      Effect.gen(function* () {
        if (!hasDiverged) {
          channel.send(own.unsent())
          channel.end()
          yield* receive(Infinity)
          compare(true, true)
        }
        api.report({ diverged: hasDiverged, blocks: own.length, compared, insns: own.insns })
      })
    )
  })
})
