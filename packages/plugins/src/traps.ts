/**
 * Counts what took each vCPU elsewhere than its instructions did: signals (interrupts), instructions that failed (exceptions), and
 * returns from signal handlers (host calls).
 *
 *     VCPU, interrupts, exceptions, hostcalls
 *     0, 10, 2, 12
 */
import * as Effect from "effect/Effect"
import * as Plugin from "@emu/core/Plugin"
import { DisconKind } from "@emu/core/PluginEvent"
import * as PluginOptions from "@emu/core/PluginOptions"
import * as PluginResult from "@emu/core/PluginResult"

/** Bytes of a vCPU's element, and where in it each kind counts. */
const size = 24
const offsets: ReadonlyMap<number, number> = new Map([
  [DisconKind.interrupt, 0],
  [DisconKind.exception, 8],
  [DisconKind.hostcall, 16]
])

export default Plugin.make({
  name: "traps",
  help: "count signals, failing instructions and returns from handlers",
  options: PluginOptions.none,
  result: PluginResult.struct({
    vcpus: PluginResult.rows(
      {
        vcpu: PluginResult.count("index of the vCPU"),
        interrupts: PluginResult.count("signals delivered"),
        exceptions: PluginResult.count("instructions that failed"),
        hostcalls: PluginResult.count("returns from signal handlers")
      },
      "vCPUs, by index"
    )
  }),
  render: ({ vcpus }) =>
    vcpus.reduce(
      (text, { exceptions, hostcalls, interrupts, vcpu }) => `${text}${vcpu}, ${interrupts}, ${exceptions}, ${hostcalls}\n`,
      "VCPU, interrupts, exceptions, hostcalls\n"
    ),
  install: Effect.fnUntraced(function* (api) {
    const board = yield* api.scoreboardNew(size)
    const count = (kind: number, vcpu: number) => api.u64Get(api.u64(board, offsets.get(kind)), vcpu)

    yield* api.onDiscon(DisconKind.all, (vcpu, kind) => api.u64Add(api.u64(board, offsets.get(kind)), vcpu, 1n))
    yield* api.onAtExit(() => {
      const vcpus = Array.from({ length: api.numVcpus() }, (_, vcpu) => ({
        vcpu,
        interrupts: count(DisconKind.interrupt, vcpu),
        exceptions: count(DisconKind.exception, vcpu),
        hostcalls: count(DisconKind.hostcall, vcpu)
      }))
      api.report({ vcpus })
    })
  })
})
