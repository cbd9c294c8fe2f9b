/**
 * Prints registers, who has called whom, and memory: when an instruction is about to run, or when one fails.
 *
 *     vCPU 0 at 0x11054 value_of
 *        ra 0000000000011078   sp 0000000055d56760   gp 0000000000013848   tp 0000000000000000
 *       ...
 *       #0 0x11054 value_of (crash.elf)
 *       memory at 0x55d56760
 *     00 00 00 00 00 00 00 00 ...
 */
import * as Effect from "effect/Effect"
import { CallbackFlags } from "@emu/core/Instrumentation"
import * as Plugin from "@emu/core/Plugin"
import { PluginInstallFailure } from "@emu/core/Plugin"
import { DisconKind } from "@emu/core/PluginEvent"
import * as PluginOptions from "@emu/core/PluginOptions"
import * as PluginResult from "@emu/core/PluginResult"
import { findPlace, parsePlace, type Place } from "@emu/plugins/kit/places"
import { hex, hexDump } from "@emu/plugins/kit/text/format"
import { backtraceText, registerDump } from "@emu/plugins/kit/text/registers"

/** Memory to be shown: `sp:64`, `table+8:16`. */
interface Stretch {
  readonly text: string
  readonly place: Place
  readonly length: number
}

const parseStretch = (text: string): Stretch | undefined => {
  const [, where = "", count = "64"] = /^(.*?)(?::(\d+))?$/.exec(text) ?? []
  const place = parsePlace(where)
  const length = Number(count)
  return place === undefined || length < 1 ? undefined : { text: where, place, length }
}

export default Plugin.make({
  name: "dump",
  help: "print registers, callers and memory at a place, or where an instruction fails",
  options: PluginOptions.struct({
    at: PluginOptions.strings({
      default: [],
      description: "where: an address or a symbol, such as 0x10158, main or main+0x10"
    }),
    fault: PluginOptions.boolean({ default: false, description: "where an instruction fails, such as a bad access" }),
    memory: PluginOptions.strings({
      default: [],
      description: "memory to print: an address, a symbol or a register, and behind a colon how many bytes, such as sp:64"
    }),
    times: PluginOptions.integer({ default: 1, description: "how often at each place; 0: each time" })
  }),
  result: PluginResult.struct({ dumps: PluginResult.count("how often something was printed") }),
  render: ({ dumps }) => (dumps === 0 ? "dump: no such place was come to\n" : ""),
  install: Effect.fnUntraced(function* (api, { at, fault, memory, times }) {
    const places = at.map(parsePlace)
    const wrongPlace = at.find((_, i) => places[i] === undefined)
    if (wrongPlace !== undefined) {
      return yield* new PluginInstallFailure({
        message: `at=${wrongPlace}: write an address or a symbol, such as main+0x10`
      })
    }
    const stretches = memory.map(parseStretch)
    const wrongMemory = memory.find((_, i) => stretches[i] === undefined)
    if (wrongMemory !== undefined) {
      return yield* new PluginInstallFailure({ message: `memory=${wrongMemory}: write a place and a length, such as sp:64` })
    }
    if (at.length === 0 && !fault) {
      return yield* new PluginInstallFailure({ message: "say when: at=ADDRESS, at=SYMBOL, or fault=on" })
    }
    const registers = new Map(api.getRegisters().map((register) => [register.name, register]))
    let dumps = 0

    const memoryText = ({ length, place, text }: Stretch): string => {
      const register = registers.get(place.name)
      const address =
        register === undefined
          ? findPlace(api, place)?.address
          : BigInt.asUintN(64, api.readRegister(register) + place.offset)
      if (address === undefined) return `  memory at ${text}: there is no such symbol\n`
      try {
        return `  memory at ${text}, 0x${hex(address)}\n${hexDump(api.readMemory(address, length))}`
      } catch {
        return `  memory at ${text}, 0x${hex(address)}: not mapped\n`
      }
    }

    const dump = (vcpu: number, pc: bigint, why: string): void => {
      dumps++
      api.outs(
        `vCPU ${vcpu} ${why} 0x${hex(pc)} ${api.describeAddress(pc)}\n${registerDump(api)}${backtraceText(api, vcpu)}`
      )
      for (const stretch of stretches) api.outs(memoryText(stretch!))
    }

    const counts = new Map<bigint, number>()
    if (places.length > 0) {
      yield* api.onTbTrans((tb) => {
        const addresses = new Set(places.map((place) => findPlace(api, place!)?.address))
        for (const insn of tb.insns) {
          const { pc } = insn
          if (!addresses.has(pc)) continue
          insn.onExec((vcpu) => {
            const count = (counts.get(pc) ?? 0) + 1
            counts.set(pc, count)
            if (times === 0 || count <= times) dump(vcpu, pc, "at")
          }, CallbackFlags.readRegs)
        }
      })
    }
    if (fault) {
      yield* api.onDiscon(DisconKind.exception, (vcpu, _kind, from, to) => {
        // where the program handles it, the registers are its handler's
        dump(vcpu, from, from === to ? "failed at" : `handles, at 0x${hex(to)}, what failed at`)
      })
    }
    yield* api.onAtExit(() => api.report({ dumps }))
  })
})
