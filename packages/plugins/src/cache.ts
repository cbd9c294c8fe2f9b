/**
 * Simulates caches: how many accesses miss in all, and which instructions they belong to. There is a first level for instructions
 * and one for data, on request with a second one behind them.
 *
 *     core #, data accesses, data misses, dmiss rate, insn accesses, insn misses, imiss rate
 *     0       321            13              4.0498%  2457           5               0.2035%
 *
 * Lines are told apart by guest address. What reaches from one line into the next is an access of both.
 */
import * as Effect from "effect/Effect"
import { InlineOp, MemRw } from "@emu/core/Instrumentation"
import * as Plugin from "@emu/core/Plugin"
import { PluginInstallFailure } from "@emu/core/Plugin"
import type { InsnHandle } from "@emu/core/PluginApi"
import * as PluginOptions from "@emu/core/PluginOptions"
import * as PluginResult from "@emu/core/PluginResult"
import type { Trace } from "@emu/core/Trace"
import * as Schema from "effect/Schema"
import { CacheCore, Misses, roleOf, spanOf } from "@emu/plugins/kit/caches/CacheHierarchy"
import { cacheGeometry } from "@emu/plugins/kit/caches/CacheModel"
import { hex, padRight } from "@emu/plugins/kit/text/format"
import { ascending, descending } from "@emu/plugins/kit/text/order"
import { SiteTable } from "@emu/plugins/kit/SiteTable"

const size = (bytes: number, what: string) => PluginOptions.integer({ default: bytes, description: what })
/** An option of the second level, which it switches on. */
const secondSize = (bytes: number, what: string) =>
  Schema.optionalKey(PluginOptions.integer({ description: `${what} (${bytes}); switches l2 on` }))

const coreFields = {
  core: PluginResult.count("index of the core"),
  dataAccesses: PluginResult.count("loads and stores"),
  dataMisses: PluginResult.count("those not found in its data cache"),
  insnAccesses: PluginResult.count("instructions fetched"),
  insnMisses: PluginResult.count("those not found in its instruction cache"),
  l2Accesses: PluginResult.optional(PluginResult.count("under l2: what the first level missed")),
  l2Misses: PluginResult.optional(PluginResult.count("under l2: what the second one missed, too"))
}
type CoreRow = Schema.Struct.Type<typeof coreFields>

const missFields = {
  address: PluginResult.address("where the instruction is"),
  symbol: PluginResult.optional(PluginResult.text("the function that it belongs to")),
  misses: PluginResult.count("its misses"),
  disas: PluginResult.text("the instruction")
}
type MissRow = Schema.Struct.Type<typeof missFields>

const rate = (misses: number | bigint, accesses: number | bigint): string => {
  const percent = accesses === 0 ? 0 : (Number(misses) / Number(accesses)) * 100
  return percent.toFixed(4)
}

const coreLine = (name: string, row: CoreRow): string => {
  const { dataAccesses, dataMisses, insnAccesses, insnMisses, l2Accesses, l2Misses } = row
  const data = `${padRight(dataAccesses, 14)} ${padRight(dataMisses, 12)} ${rate(dataMisses, dataAccesses).padStart(9)}%`
  const insns = `${padRight(insnAccesses, 14)} ${padRight(insnMisses, 12)} ${rate(insnMisses, insnAccesses).padStart(9)}%`
  const line = `${name.padEnd(8)}${data}  ${insns}`
  if (l2Accesses === undefined || l2Misses === undefined) return `${line}\n`
  return `${line}  ${padRight(l2Accesses, 12)} ${padRight(l2Misses, 11)} ${rate(l2Misses, l2Accesses).padStart(10)}%\n`
}

const sum = (rows: ReadonlyArray<CoreRow>): CoreRow => {
  const add = (column: keyof CoreRow) => rows.reduce((total, row) => total + Number(row[column] ?? 0), 0)
  return {
    core: 0,
    dataAccesses: add("dataAccesses"),
    dataMisses: add("dataMisses"),
    insnAccesses: add("insnAccesses"),
    insnMisses: add("insnMisses"),
    ...(rows[0]?.l2Accesses !== undefined && { l2Accesses: add("l2Accesses"), l2Misses: add("l2Misses") })
  }
}

const missTable = (what: string, rows: ReadonlyArray<MissRow>): string => {
  let text = `\naddress, ${what} misses, instruction\n`
  for (const { address, disas, misses, symbol } of rows) {
    text += `0x${hex(address)}${symbol === undefined ? "" : ` (${symbol})`}, ${misses}, ${disas}\n`
  }
  return text
}

export default Plugin.make({
  name: "cache",
  help: "simulate caches, and tell which instructions miss them",
  options: PluginOptions.struct({
    icachesize: size(16384, "bytes of the instruction cache"),
    iblksize: size(64, "bytes of its lines"),
    iassoc: size(8, "lines of each of its sets"),
    dcachesize: size(16384, "bytes of the data cache"),
    dblksize: size(64, "bytes of its lines"),
    dassoc: size(8, "lines of each of its sets"),
    l2: PluginOptions.boolean({ default: false, description: "simulate a second level for instructions and data, too" }),
    l2cachesize: secondSize(2097152, "bytes of the second level"),
    l2blksize: secondSize(64, "bytes of its lines"),
    l2assoc: secondSize(16, "lines of each of its sets"),
    evict: PluginOptions.oneOf(["lru", "fifo", "rand"], {
      default: "lru",
      description: "which line makes room for another: the one not used for longest, the oldest, or any"
    }),
    cores: PluginOptions.integer({ default: 1, description: "how many cores there are; vCPUs take turns with them" }),
    limit: PluginOptions.integer({ default: 32, description: "how many instructions to print of each kind; 0 prints all" })
  }),
  result: PluginResult.struct({
    cores: PluginResult.rows(coreFields, "the simulated cores"),
    dataMisses: PluginResult.rows(missFields, "instructions whose loads and stores missed most often"),
    fetchMisses: PluginResult.rows(missFields, "instructions whose fetches missed most often"),
    l2Misses: PluginResult.optional(PluginResult.rows(missFields, "under l2: those whose accesses missed both levels"))
  }),
  render: ({ cores, dataMisses, fetchMisses, l2Misses }) => {
    let text = "core #, data accesses, data misses, dmiss rate, insn accesses, insn misses, imiss rate"
    text += l2Misses === undefined ? "\n" : ", l2 accesses, l2 misses, l2 miss rate\n"
    for (const row of cores) text += coreLine(`${row.core}`, row)
    if (cores.length > 1) text += coreLine("sum", sum(cores))
    text += missTable("data", dataMisses) + missTable("fetch", fetchMisses)
    return l2Misses === undefined ? text : text + missTable("L2", l2Misses)
  },
  install: Effect.fnUntraced(function* (api, options) {
    const { cores: coreCount, evict, l2assoc, l2blksize, l2cachesize, limit } = options
    const hasSecond = options.l2 || l2cachesize !== undefined || l2blksize !== undefined || l2assoc !== undefined
    const instructions = cacheGeometry(options.icachesize, options.iblksize, options.iassoc)
    const data = cacheGeometry(options.dcachesize, options.dblksize, options.dassoc)
    const second = hasSecond ? cacheGeometry(l2cachesize ?? 2097152, l2blksize ?? 64, l2assoc ?? 16) : undefined
    const refuse = (message: string) => new PluginInstallFailure({ message })
    if (typeof instructions === "string") return yield* refuse(`icachesize, iblksize, iassoc: ${instructions}`)
    if (typeof data === "string") return yield* refuse(`dcachesize, dblksize, dassoc: ${data}`)
    if (typeof second === "string") return yield* refuse(`l2cachesize, l2blksize, l2assoc: ${second}`)
    if (coreCount < 1) return yield* refuse(`cores=${coreCount}: there must be one at least`)

    const misses = new Misses()
    const cores = Array.from(
      { length: coreCount },
      () => new CacheCore({ instructions, data, second, eviction: evict }, misses)
    )
    const executed = api.u64(yield* api.scoreboardNew(8))
    /** By number. An instruction is one and the same in all blocks. */
    const insns: Array<{ readonly pc: number; readonly disas: string }> = []
    const numbers = new Map<number, number>()
    const takeNote = (insn: InsnHandle) => {
      const pc = Number(insn.pc)
      if (numbers.has(pc)) return
      numbers.set(pc, insns.push({ pc, disas: insn.disas() }) - 1)
      misses.reserve(insns.length)
    }

    const roles = new SiteTable((site) => roleOf(site, numbers.get(site.pc)!))
    const spans = new SiteTable(spanOf)
    const trace: Trace = yield* api.trace({
      onBatch: (batch) => cores[batch.vcpu % coreCount]!.replay(batch, roles.numbers(trace), spans.numbers(trace))
    })
    const lineOf = ({ pc }: InsnHandle) => Math.floor(Number(pc) / options.iblksize)
    const lastLineOf = (insn: InsnHandle) => Math.floor((Number(insn.pc) + insn.size - 1) / options.iblksize)
    /** Whether an instruction has to be fetched from a line other than that which the one before it ends in. */
    const isFetched = (insn: InsnHandle, before: InsnHandle | undefined) =>
      before === undefined || lineOf(insn) !== lastLineOf(before) || lastLineOf(insn) !== lineOf(insn)

    yield* api.onTbTrans((tb) => {
      // What a block fetches from the line that it is in already, is there: the block's first fetch from each line is enough.
      tb.insns.forEach((insn, index) => {
        takeNote(insn)
        if (isFetched(insn, tb.insns[index - 1])) insn.traceExec(trace)
        insn.inline(InlineOp.addU64, executed, 1n)
        insn.traceMem(trace, MemRw.readWrite)
      })
    })

    const table = (counts: Float64Array): ReadonlyArray<MissRow> => {
      const rows = insns.map(({ disas, pc }, number) => ({ address: pc, misses: counts[number]!, disas }))
      rows.sort((a, b) => descending(a.misses, b.misses) || ascending(a.address, b.address))
      return (limit === 0 ? rows : rows.slice(0, limit)).map((row) => {
        const symbol = api.symbol(BigInt(row.address))
        return symbol === undefined ? row : { ...row, symbol }
      })
    }
    const coreRow = (core: CacheCore, index: number): CoreRow => {
      let insnAccesses = 0n
      for (let vcpu = index; vcpu < api.numVcpus(); vcpu += coreCount) insnAccesses += api.u64Get(executed, vcpu)
      const { dataAccesses, dataMisses, fetchMisses, secondMisses } = core
      return {
        core: index,
        dataAccesses,
        dataMisses,
        insnAccesses,
        insnMisses: fetchMisses,
        ...(hasSecond && { l2Accesses: dataMisses + fetchMisses, l2Misses: secondMisses })
      }
    }
    yield* api.onAtExit(() =>
      api.report({
        cores: cores.map(coreRow),
        dataMisses: table(misses.data),
        fetchMisses: table(misses.fetch),
        ...(hasSecond && { l2Misses: table(misses.second) })
      })
    )
  })
})
