/**
 * Limits how many instructions a vCPU executes in a second, and lets the guest's clocks follow: for the guest, each instruction takes
 * 1/ips of a second. It is held up at the end of each quantum of instructions.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { InlineOp, PluginCond } from "@emu/core/Instrumentation"
import * as Plugin from "@emu/core/Plugin"
import { PluginInstallFailure } from "@emu/core/Plugin"
import * as PluginOptions from "@emu/core/PluginOptions"

const suffixes: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, g: 1e9 }

/** A positive number of instructions, with a suffix perhaps: 500, 1.5m, 2G. */
const readCount = (name: string, text: string): Effect.Effect<number, PluginInstallFailure> => {
  const match = /^(\d+(?:\.\d+)?)([kmg]?)$/i.exec(text)
  const count = match === null ? 0 : Number(match[1]) * (suffixes[match[2]!.toLowerCase()] ?? 1)
  return count >= 1 && count <= Number.MAX_SAFE_INTEGER
    ? Effect.succeed(Math.round(count))
    : Effect.fail(
        new PluginInstallFailure({ message: `${name}=${text}: write a number of instructions such as 500000, 500k or 2g` })
      )
}

/** How far a vCPU is. */
interface Pace {
  /** All its instructions, up to the last quantum. */
  insns: bigint
  /** When its instructions so far should have been executed, in milliseconds of the host's clock. */
  due: number
}

export default Plugin.make({
  name: "ips",
  help: "limit the instructions that a vCPU executes in a second",
  options: PluginOptions.struct({
    ips: PluginOptions.string({
      default: "1g",
      description: "instructions per second; k, m and g stand for 10^3, 10^6, 10^9"
    }),
    ipq: Schema.optionalKey(
      PluginOptions.string({ description: "instructions in a quantum, after which it waits; a tenth of ips if left out" })
    )
  }),
  install: Effect.fnUntraced(function* (api, options) {
    const ips = yield* readCount("ips", options.ips)
    const ipq = options.ipq === undefined ? Math.max(1, Math.floor(ips / 10)) : yield* readCount("ipq", options.ipq)
    const quantum = BigInt(ipq)
    const time = api.requestTimeControl("host")
    if (time === undefined) return yield* new PluginInstallFailure({ message: "another plugin controls the guest's time" })
    const executed = api.u64(yield* api.scoreboardNew(8))
    const paces: Array<Pace> = []

    yield* api.onVcpuInit((vcpu) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        paces[vcpu] = { insns: paces[vcpu]?.insns ?? 0n, due: now }
      })
    )

    /**
     * Waits until instructions should have been executed. The vCPUs share one host thread: one that is late because others ran or
     * waited may catch up, but not on time for which it was asleep itself.
     */
    const wait = Effect.fnUntraced(function* (pace: Pace, insns: number) {
      const now = yield* Clock.currentTimeMillis
      const millis = (insns / ips) * 1000
      pace.due = Math.max(pace.due + millis, now - millis * api.numVcpus())
      if (pace.due > now) yield* Effect.sleep(pace.due - now)
    })

    /** A block may be longer than a quantum, so there may be several. */
    const endQuanta = (vcpu: number) => {
      const pace = paces[vcpu]!
      const count = api.u64Get(executed, vcpu)
      const insns = count - (count % quantum)
      api.u64Set(executed, vcpu, count - insns)
      pace.insns += insns
      const furthest = paces.reduce((most, { insns: total }) => (total > most ? total : most), 0n)
      time.updateNs((furthest * 1_000_000_000n) / BigInt(ips))
      api.queueWork(() => wait(pace, Number(insns)))
    }

    yield* api.onTbTrans((tb) => {
      tb.inline(InlineOp.addU64, executed, BigInt(tb.insns.length))
      tb.onExecCond(endQuanta, PluginCond.ge, executed, quantum)
    })
  })
})
