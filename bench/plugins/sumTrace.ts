/** The plugin that shows what a buffered memory trace costs: sums the addresses of all accesses. */
import { MemRw } from "@emu/core/Instrumentation"
import * as Plugin from "@emu/core/Plugin"
import * as PluginOptions from "@emu/core/PluginOptions"
import * as Effect from "effect/Effect"

export default Plugin.make({
  name: "sumTrace",
  help: "sum the addresses of all accesses, modulo 2^32, from a buffered trace",
  options: PluginOptions.none,
  install: Effect.fnUntraced(function* (api) {
    let count = 0
    let total = 0
    const trace = yield* api.trace({
      onBatch: ({ addresses, length }) => {
        // A sum that began with `total` would be three times as slow: V8 knows nothing of a captured variable's value.
        let sum = 0
        for (let i = 0; i < length; i++) sum = (sum + addresses[i]!) | 0
        total = (total + sum) | 0
        count += length
      }
    })
    yield* api.onTbTrans((tb) => {
      for (const insn of tb.insns) insn.traceMem(trace, MemRw.readWrite)
    })
    yield* api.onAtExit(() => api.outs(`${count} accesses, sum 0x${(total >>> 0).toString(16)}\n`))
  })
})
