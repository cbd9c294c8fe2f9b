/**
 * Writes which blocks ran, in DynamoRIO's drcov format (version 2), which Lighthouse, lcov and others read. Blocks are given by
 * module (program, dynamic loader, library) and offset in it.
 *
 * A block is marked when it runs the first time, which costs compiled code nothing; marks are read once, at the end.
 */
import * as Effect from "effect/Effect"
import { InlineOp } from "@emu/core/Instrumentation"
import * as Plugin from "@emu/core/Plugin"
import * as PluginOptions from "@emu/core/PluginOptions"
import * as PluginResult from "@emu/core/PluginResult"
import type { ModuleInfo } from "@emu/core/Ports"
import { Counters } from "@emu/plugins/kit/Counters"
import { type CoveredBlock, drcovFile } from "@emu/plugins/kit/formats/drcov"

export default Plugin.make({
  name: "drcov",
  help: "write which blocks ran, as a drcov file",
  options: PluginOptions.struct({
    filename: PluginOptions.string({ default: "file.drcov.trace", description: "the file to write" })
  }),
  result: PluginResult.struct({
    file: PluginResult.text("the file written"),
    modules: PluginResult.count("modules in it"),
    blocks: PluginResult.count("blocks that ran")
  }),
  render: () => "",
  install: Effect.fnUntraced(function* (api, { filename }) {
    const file = api.openFile(filename)
    /** A mark for each block, by the same index. */
    const marks = new Counters(api)
    const blocks: Array<CoveredBlock & { readonly mark: ReturnType<Counters["add"]> }> = []
    const known = new Map<string, (typeof blocks)[number]>()
    const modules = new Map<string, ModuleInfo>()

    /** A module may be mapped at another's place later: path and base tell them apart. */
    const keep = (module: ModuleInfo): ModuleInfo => {
      const key = `${module.base} ${module.path}`
      const kept = modules.get(key) ?? module
      modules.set(key, kept)
      return kept
    }

    yield* api.onTbTrans((tb) => {
      const found = api.moduleAt(tb.pc)
      const module = found === undefined ? undefined : keep(found)
      const size = tb.insns.reduce((sum, insn) => sum + insn.size, 0)
      const key = `${tb.pc} ${size} ${module?.base} ${module?.path}`
      let block = known.get(key)
      if (block === undefined) {
        block = { pc: tb.pc, size, module, mark: marks.add() }
        known.set(key, block)
        blocks.push(block)
      }
      tb.inline(InlineOp.markU64, block.mark, 1n)
    })

    yield* api.onAtExit(() => {
      const ran = new Set<number>()
      for (let vcpu = 0; vcpu < api.numVcpus(); vcpu++) marks.take(vcpu, (index) => ran.add(index))
      const covered = blocks.filter((_, index) => ran.has(index))
      const program = api.program()
      const main = program === undefined ? undefined : api.moduleAt(program.entryCode)
      const table = new Set(main === undefined ? [] : [keep(main)])
      for (const { module } of covered) if (module !== undefined) table.add(module)
      // Libraries of which nothing ran are part of the program as well; the kernel's page is not.
      for (const module of api.modules()) if (module.path !== "[vdso]") table.add(keep(module))
      file.write(drcovFile([...table], covered))
      file.close()
      api.report({ file: file.path, modules: table.size, blocks: covered.length })
    })
  })
})
