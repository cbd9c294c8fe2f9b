/**
 * Ends the guest with an exit status of the user's choice, before an instruction: the one at an address, or the one after a number
 * of executed instructions.
 *
 *     0x10250 reached, exiting
 *
 * Instructions are counted for each vCPU on its own.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { InlineOp, PluginCond } from "@emu/core/Instrumentation"
import * as Plugin from "@emu/core/Plugin"
import { PluginInstallFailure } from "@emu/core/Plugin"
import type { TbHandle } from "@emu/core/PluginApi"
import * as PluginOptions from "@emu/core/PluginOptions"
import * as PluginResult from "@emu/core/PluginResult"
import { hex } from "@emu/plugins/kit/text/format"

/** Where to stop, and with which status. */
interface Trigger {
  readonly at: bigint
  readonly status: number
}

const readTrigger = (name: string, text: string): Effect.Effect<Trigger, PluginInstallFailure> => {
  const match = /^(\d+|0x[0-9a-f]+)(?::(\d+|0x[0-9a-f]+))?$/i.exec(text)
  const at = BigInt(match?.[1] ?? -1)
  const status = Number(match?.[2] ?? 0)
  return at >= 0n && at < 1n << 64n && status <= 255
    ? Effect.succeed({ at, status })
    : Effect.fail(new PluginInstallFailure({ message: `${name}=${text}: write a number, or number:status (0 to 255)` }))
}

/** More instructions than two blocks can have: as long before the end, each instruction is watched. */
const nearEnd = 1024n

export default Plugin.make({
  name: "stoptrigger",
  help: "end the guest at an address, or after a number of instructions",
  options: PluginOptions.struct({
    icount: Schema.optionalKey(PluginOptions.string({ description: "N or N:STATUS: end after N instructions" })),
    addr: Schema.optionalKey(PluginOptions.string({ description: "0xADDR or 0xADDR:STATUS: end before this instruction" }))
  }),
  result: PluginResult.struct({
    reached: PluginResult.oneOf(["icount", "addr", "nothing"], "which of the options has ended the guest"),
    pc: PluginResult.optional(PluginResult.address("the instruction before which it ended")),
    status: PluginResult.optional(PluginResult.count("its exit status"))
  }),
  // What there is to say has been said when it happened.
  render: () => "",
  install: Effect.fnUntraced(function* (api, options) {
    if (options.icount === undefined && options.addr === undefined) {
      return yield* new PluginInstallFailure({ message: "say when to stop: icount=N or addr=0xADDR" })
    }
    const icount = options.icount === undefined ? undefined : yield* readTrigger("icount", options.icount)
    const addr = options.addr === undefined ? undefined : yield* readTrigger("addr", options.addr)
    const executed = api.u64(yield* api.scoreboardNew(8))
    let end: { readonly reached: "icount" | "addr"; readonly pc: bigint; readonly status: number } | undefined

    const watchAddress = (tb: TbHandle, { at, status }: Trigger) => {
      tb.insns
        .find((insn) => insn.pc === at)
        ?.onExec(() => {
          api.outs(`0x${hex(at)} reached, exiting\n`)
          end = { reached: "addr", pc: at, status }
          api.exit(status)
        })
    }

    /** Far from the end it is enough to look once a block: that costs next to nothing. */
    const countFar = (tb: TbHandle, { at }: Trigger) => {
      tb.onExecCond(comeNear, PluginCond.ge, executed, at - nearEnd)
      for (const insn of tb.insns) insn.inline(InlineOp.addU64, executed, 1n)
    }

    const countNear = (tb: TbHandle, { at, status }: Trigger) => {
      for (const insn of tb.insns) {
        const { pc } = insn
        const stop = () => {
          api.outs(`icount reached at 0x${hex(pc)}, exiting\n`)
          end = { reached: "icount", pc, status }
          api.exit(status)
        }
        insn.onExecCond(stop, PluginCond.eq, executed, at)
        insn.inline(InlineOp.addU64, executed, 1n)
      }
    }

    let isNear = icount === undefined || icount.at < nearEnd
    const watch = (tb: TbHandle) => {
      if (addr !== undefined) watchAddress(tb, addr)
      if (icount !== undefined) (isNear ? countNear : countFar)(tb, icount)
    }

    /** Registered anew, the handler sees every block again, from the next one on. */
    const comeNear = () => {
      if (isNear) return
      isNear = true
      api.runSync(Effect.andThen(api.onTbTrans(undefined), api.onTbTrans(watch)))
    }

    yield* api.onTbTrans(watch)
    yield* api.onAtExit(() => api.report(end ?? { reached: "nothing" }))
  })
})
