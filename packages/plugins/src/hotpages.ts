/**
 * Counts reads and writes of memory by page.
 *
 *     Addr, RCPUs, Reads, WCPUs, Writes
 *     0x0000000000011000, 0x0001, 4, 0x0001, 204
 *
 * RCPUs and WCPUs are bit masks of the vCPUs that read and wrote. An access counts for each page that it touches.
 */
import * as Effect from "effect/Effect"
import { MemRw } from "@emu/core/Instrumentation"
import * as Plugin from "@emu/core/Plugin"
import { PluginInstallFailure } from "@emu/core/Plugin"
import * as PluginOptions from "@emu/core/PluginOptions"
import * as PluginResult from "@emu/core/PluginResult"
import type { Trace } from "@emu/core/Trace"
import * as Schema from "effect/Schema"
import { hex } from "@emu/plugins/kit/text/format"
import { ascending, descending, cutOff } from "@emu/plugins/kit/text/order"
import { accessOf, type PageCount, PageCounts } from "@emu/plugins/kit/PageCounts"
import { SiteTable } from "@emu/plugins/kit/SiteTable"

const orders: Readonly<Record<"sum" | "reads" | "writes" | "address", (page: PageCount) => number>> = {
  sum: ({ reads, writes }) => reads + writes,
  reads: ({ reads }) => reads,
  writes: ({ writes }) => writes,
  address: ({ address }) => address
}

export default Plugin.make({
  name: "hotpages",
  help: "count reads and writes of memory by page",
  options: PluginOptions.struct({
    sortby: PluginOptions.oneOf(["sum", "reads", "writes", "address"], {
      default: "sum",
      description: "what the greatest of comes first; sum: of reads and writes"
    }),
    io: PluginOptions.boolean({
      default: false,
      description: "count accesses to devices only; there are none in user mode"
    }),
    pagesize: PluginOptions.integer({ default: 4096, description: "bytes of a page: a power of two from 64 up" }),
    limit: Schema.optionalKey(
      PluginOptions.integer({
        description: "how many pages to print; 0 prints all. Without it 50, but never the last, as in QEMU"
      })
    )
  }),
  result: PluginResult.struct({
    pages: PluginResult.rows(
      {
        address: PluginResult.address("where the page begins"),
        readers: PluginResult.address("the vCPUs that read from it, as a bit mask"),
        reads: PluginResult.count("reads from it"),
        writers: PluginResult.address("the vCPUs that wrote to it, as a bit mask"),
        writes: PluginResult.count("writes to it")
      },
      "pages in the order asked for"
    ),
    textRows: PluginResult.count("how many of these are in the plain text, which leaves out the last one as QEMU does")
  }),
  render: ({ pages, textRows }) => {
    let text = "Addr, RCPUs, Reads, WCPUs, Writes\n"
    for (const { address, readers, reads, writers, writes } of pages.slice(0, Number(textRows))) {
      text += `0x${hex(address, 16)}, 0x${hex(readers, 4)}, ${reads}, 0x${hex(writers, 4)}, ${writes}\n`
    }
    return text
  },
  install: Effect.fnUntraced(function* (api, { io, limit, pagesize, sortby }) {
    if (!Number.isInteger(Math.log2(pagesize)) || pagesize < 64 || pagesize > 2 ** 31) {
      const message = `pagesize=${pagesize}: must be a power of two from 64 to 0x80000000`
      return yield* new PluginInstallFailure({ message })
    }
    const pages = new PageCounts(pagesize)

    const accesses = new SiteTable(accessOf)
    const trace: Trace = yield* api.trace({ onBatch: (batch) => pages.add(batch, accesses.numbers(trace)) })

    yield* api.onTbTrans((tb) => {
      if (io) return
      for (const insn of tb.insns) insn.traceMem(trace, MemRw.readWrite)
    })

    yield* api.onAtExit(() => {
      const order = orders[sortby]
      const rows = pages.rows().sort((a, b) => descending(order(a), order(b)) || ascending(a.address, b.address))
      const { reported, textRows } = cutOff(rows, limit)
      api.report({ pages: reported, textRows })
    })
  })
})
