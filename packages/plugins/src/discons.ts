/**
 * Checks what plugins are told of discontinuities against the instructions that are executed: that each begins where the thread was,
 * and leads to what is executed next.
 *
 *     interrupts: 10, exceptions: 2, host calls: 12, mismatches: 0
 */
import * as Effect from "effect/Effect"
import * as Plugin from "@emu/core/Plugin"
import { DisconKind } from "@emu/core/PluginEvent"
import type { InsnHandle } from "@emu/core/PluginApi"
import * as PluginOptions from "@emu/core/PluginOptions"
import * as PluginResult from "@emu/core/PluginResult"
import { hex } from "@emu/plugins/kit/text/format"

const kindNames: ReadonlyMap<number, string> = new Map([
  [DisconKind.interrupt, "interrupt"],
  [DisconKind.exception, "exception"],
  [DisconKind.hostcall, "host call"]
])

/** An instruction, as far as it matters what comes behind it. */
interface Insn {
  readonly pc: bigint
  readonly next: bigint
  /** The last of its block: it may have gone anywhere. */
  readonly isLast: boolean
}

/** What is known of a vCPU. */
interface Place {
  /** The instruction executed last. */
  last: Insn | undefined
  /** Where the discontinuities since then have led, if there were any. */
  to: bigint | undefined
  kind: number
}

/** Where a discontinuity of a kind may begin behind an instruction; undefined: anywhere. */
const begins = (kind: number, { isLast, next, pc }: Insn): ReadonlyArray<bigint> | undefined => {
  // the call itself
  if (kind === DisconKind.hostcall) return [pc]
  // a jump may lead to where nothing can be fetched, or to where a signal arrives
  if (isLast) return undefined
  // an instruction that fails has been executed as far as callbacks are concerned
  return kind === DisconKind.exception ? [pc, next] : [next]
}

export default Plugin.make({
  name: "discons",
  help: "check that discontinuities begin and end where instructions say so",
  options: PluginOptions.struct({
    abort: PluginOptions.boolean({ default: true, description: "end the run at the first mismatch" }),
    "trace-all": PluginOptions.boolean({ default: false, description: "print every instruction and discontinuity" })
  }),
  result: PluginResult.struct({
    interrupts: PluginResult.count("signals delivered"),
    exceptions: PluginResult.count("instructions that failed"),
    hostcalls: PluginResult.count("returns from signal handlers"),
    mismatches: PluginResult.count("discontinuities that were not where they should be")
  }),
  render: ({ exceptions, hostcalls, interrupts, mismatches }) =>
    `interrupts: ${interrupts}, exceptions: ${exceptions}, host calls: ${hostcalls}, mismatches: ${mismatches}\n`,
  install: Effect.fnUntraced(function* (api, { abort, "trace-all": traceAll }) {
    const places: Array<Place> = []
    const counts = new Map<number, number>()
    let mismatches = 0

    const placeOf = (vcpu: number): Place => (places[vcpu] ??= { last: undefined, to: undefined, kind: 0 })

    const mismatch = (vcpu: number, what: string, expected: bigint | undefined, actual: bigint): void => {
      mismatches++
      const where = expected === undefined ? "" : `, not 0x${hex(expected)}`
      const text = `vCPU ${vcpu}: ${what} 0x${hex(actual)}${where}`
      if (abort) throw new Error(text)
      api.outs(`${text}\n`)
    }

    const executed = (vcpu: number, insn: Insn): void => {
      const place = placeOf(vcpu)
      if (traceAll) api.outs(`insn ${vcpu}: 0x${hex(insn.pc)}\n`)
      const { kind, to } = place
      place.last = insn
      place.to = undefined
      if (to !== undefined && to !== insn.pc) mismatch(vcpu, `the ${kindNames.get(kind)!} was followed by`, to, insn.pc)
    }

    const insnOf = ({ pc, size }: InsnHandle, isLast: boolean): Insn => ({ pc, next: pc + BigInt(size), isLast })

    yield* api.onTbTrans((tb) => {
      const { insns } = tb
      insns.forEach((handle, i) => {
        const insn = insnOf(handle, i === insns.length - 1)
        handle.onExec((vcpu) => executed(vcpu, insn))
      })
    })
    yield* api.onDiscon(DisconKind.all, (vcpu, kind, from, to) => {
      const place = placeOf(vcpu)
      const { last } = place
      counts.set(kind, (counts.get(kind) ?? 0) + 1)
      if (traceAll) api.outs(`${kindNames.get(kind)!} ${vcpu}: 0x${hex(from)} -> 0x${hex(to)}\n`)
      const expected = place.to !== undefined ? [place.to] : last === undefined ? undefined : begins(kind, last)
      place.to = to
      place.kind = kind
      if (expected !== undefined && !expected.includes(from)) {
        mismatch(vcpu, `the ${kindNames.get(kind)!} began at`, expected[0], from)
      }
    })
    // a thread that takes over the index begins anew
    yield* api.onVcpuInit((vcpu) => void (places[vcpu] = { last: undefined, to: undefined, kind: 0 }))
    yield* api.onAtExit(() =>
      api.report({
        interrupts: counts.get(DisconKind.interrupt) ?? 0,
        exceptions: counts.get(DisconKind.exception) ?? 0,
        hostcalls: counts.get(DisconKind.hostcall) ?? 0,
        mismatches
      })
    )
  })
})
