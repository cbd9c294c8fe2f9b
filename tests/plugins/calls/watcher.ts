/** Prints calls of some functions of calls.c, with their arguments and results. */
import * as Effect from "effect/Effect"
import { CallbackFlags } from "@emu/core/Instrumentation"
import * as Plugin from "@emu/core/Plugin"
import * as PluginOptions from "@emu/core/PluginOptions"

export default Plugin.make({
  name: "watcher",
  help: "print calls of some functions",
  options: PluginOptions.struct({
    names: PluginOptions.strings({ description: "functions" }),
    change: PluginOptions.boolean({ default: false, description: "let leaf return 1000" })
  }),
  install: Effect.fnUntraced(function* (api, { change, names }) {
    const depths = new Map<number, number>()
    const a0 = api.getRegisters().find(({ name }) => name === "a0")!
    for (const name of names) {
      yield* api.onCall(name, {
        enter: ({ args, vcpu }) => {
          const depth = depths.get(vcpu) ?? 0
          depths.set(vcpu, depth + 1)
          api.outs(`${vcpu}${" ".repeat(depth + 1)}${name}(${args[0]})\n`)
          return depth
        },
        exit: ({ vcpu }, result, depth) => {
          depths.set(vcpu, depth)
          const text = result === undefined ? "left" : BigInt.asIntN(64, result).toString()
          api.outs(`${vcpu}${" ".repeat(depth + 1)}${name} = ${text}\n`)
          if (change && name === "leaf" && result !== undefined) api.writeRegister(a0, 1000n)
        }
      })
    }
    // shares events with what onCall needs
    let blocks = 0
    yield* api.onTbTrans((tb) => tb.onExec(() => void blocks++))
    yield* api.onCall(({ name }) => name === "abort", {
      enter: ({ vcpu }) =>
        api.outs(
          `${api
            .backtrace(vcpu)
            .map(({ place }) => place)
            .join(" < ")}\n`
        ),
      flags: CallbackFlags.readRegs
    })
    yield* api.onAtExit(() => api.outs(blocks > 0 ? "saw blocks\n" : "saw nothing\n"))
  })
})
