/**
 * Counts memory accesses, prints each of them, or sums them up by region.
 *
 *     mem accesses: 321
 *
 * An atomic read-modify-write is a load and then a store. System calls and instruction fetches don't count.
 */
import * as Effect from "effect/Effect"
import { CallbackFlags, InlineOp, type MemInfo, MemRw } from "@emu/core/Instrumentation"
import * as Plugin from "@emu/core/Plugin"
import { PluginInstallFailure } from "@emu/core/Plugin"
import type { InsnHandle } from "@emu/core/PluginApi"
import * as PluginOptions from "@emu/core/PluginOptions"
import * as PluginResult from "@emu/core/PluginResult"
import { hex } from "@emu/plugins/kit/text/format"
import { ascending } from "@emu/plugins/kit/text/order"

const regionSize = 16 * 1024

interface Region {
  readonly base: number
  readonly bytes: Uint8Array
  reads: number
  writes: number
  /** Every byte read so far had the value that the last store to it left, or zero. */
  seenAll: boolean
}

/** What `region-summary` keeps: for each region of memory the accesses, and the bytes that stores have put there. */
class Regions {
  readonly #regions = new Map<number, Region>()
  readonly #warn: (warning: string) => void

  /** @param warn is told, once for each region, when the guest reads what no store of it has written */
  constructor(warn: (warning: string) => void) {
    this.#warn = warn
  }

  /** Takes an access into account. One that crosses into the next region counts for the first, its bytes for both. */
  add(info: MemInfo, address: number): void {
    const size = 1 << info.sizeShift
    const first = this.#at(address)
    if (info.isStore) first.writes++
    else first.reads++
    let rest = info.value
    for (let at = address; at < address + size; at++, rest >>= 8n) {
      const region = at - first.base < regionSize ? first : this.#at(at)
      const byte = Number(rest & 0xffn)
      const offset = at - region.base
      if (info.isStore) {
        region.bytes[offset] = byte
      } else if (region.bytes[offset] !== byte && region.seenAll) {
        region.seenAll = false
        const from = region === first ? address - first.base : offset
        this.#warn(`Warning: 0x${hex(region.base, 16)}:${from} read an un-instrumented value\n`)
      }
    }
  }

  /** What was seen of each region, by address. */
  rows() {
    const regions = [...this.#regions.values()].sort((a, b) => ascending(a.base, b.base))
    return regions.map(({ base, reads, seenAll, writes }) => ({ base, reads, writes, seenAll }))
  }

  #at(address: number): Region {
    const base = address - (address % regionSize)
    let region = this.#regions.get(base)
    if (region === undefined) {
      region = { base, bytes: new Uint8Array(regionSize), reads: 0, writes: 0, seenAll: true }
      this.#regions.set(base, region)
    }
    return region
  }
}

const directions = { r: MemRw.read, w: MemRw.write, rw: MemRw.readWrite } as const

export default Plugin.make({
  name: "mem",
  help: "count memory accesses, print them, or sum them up by region",
  options: PluginOptions.struct({
    inline: PluginOptions.boolean({
      default: false,
      description: "count with inline operations (the default way to count)"
    }),
    callback: PluginOptions.boolean({ default: false, description: "count with callbacks" }),
    track: PluginOptions.oneOf(["r", "w", "rw"], { default: "rw", description: "which accesses: reads, writes, or both" }),
    haddr: PluginOptions.boolean({
      default: false,
      description: "count accesses to devices apart; there are none in user mode"
    }),
    "print-accesses": PluginOptions.boolean({ default: false, description: "print each access, as comma-separated values" }),
    "region-summary": PluginOptions.boolean({
      default: false,
      description: "print reads and writes of each region of 16 KiB"
    })
  }),
  result: PluginResult.struct({
    accesses: PluginResult.optional(PluginResult.count("memory accesses, where they are counted")),
    ioAccesses: PluginResult.optional(PluginResult.count("under haddr: accesses to devices, of which there are none")),
    regions: PluginResult.optional(
      PluginResult.rows(
        {
          base: PluginResult.address("where the region begins"),
          reads: PluginResult.count("reads from it"),
          writes: PluginResult.count("writes to it"),
          seenAll: PluginResult.boolean("whether each byte read was zero or what the last write had left")
        },
        "under region-summary: regions of 16 KiB, by address"
      )
    )
  }),
  render: ({ accesses, ioAccesses, regions }) => {
    let text = accesses === undefined ? "" : `mem accesses: ${accesses}\n`
    if (ioAccesses !== undefined) text += `io accesses: ${ioAccesses}\n`
    if (regions === undefined) return text
    text += "Region Base, Reads, Writes, Seen all\n"
    for (const { base, reads, seenAll, writes } of regions) text += `0x${hex(base, 16)}, ${reads}, ${writes}, ${seenAll}\n`
    return text
  },
  install: Effect.fnUntraced(function* (api, options) {
    const { callback, haddr, inline, track, "print-accesses": printAccesses, "region-summary": regionSummary } = options
    if (inline && callback) {
      return yield* new PluginInstallFailure({ message: "inline and callback are two ways to count: choose one of them" })
    }
    const counts = inline || callback || haddr || !(printAccesses || regionSummary)
    const byCallback = callback || haddr
    const rw = directions[track]
    const accesses = api.u64(yield* api.scoreboardNew(8))
    const regions = new Regions((warning) => api.outs(warning))

    const printer = (insn: InsnHandle) => {
      const head = `0x${hex(insn.pc)},${insn.symbol() ?? ""},`
      return (_vcpu: number, info: MemInfo, address: number) => {
        const bits = 8 << info.sizeShift
        const kind = info.isStore ? "store" : "load"
        api.outs(`${head}0x${hex(address)},0x0,${bits},${kind},0x${hex(info.value, bits / 4)}\n`)
      }
    }

    // One function for all instructions: blocks that overlap then have the same callbacks, and can share code.
    const count = (vcpu: number) => api.u64Add(accesses, vcpu, 1n)
    const addToRegion = (_vcpu: number, info: MemInfo, address: number) => regions.add(info, address)

    if (printAccesses) api.outs("insn_vaddr,insn_symbol,mem_vaddr,mem_hwaddr,access_size,access_type,mem_value\n")
    yield* api.onTbTrans((tb) => {
      for (const insn of tb.insns) {
        if (counts && byCallback) insn.onMem(count, rw, CallbackFlags.deferred)
        else if (counts) insn.memInline(rw, InlineOp.addU64, accesses, 1n)
        if (regionSummary) insn.onMem(addToRegion, rw, CallbackFlags.deferred)
        if (printAccesses) insn.onMem(printer(insn), rw, CallbackFlags.deferred)
      }
    })
    yield* api.onAtExit(() =>
      api.report({
        ...(counts && { accesses: api.u64Sum(accesses) }),
        ...(haddr && { ioAccesses: 0 }),
        ...(regionSummary && { regions: regions.rows() })
      })
    )
  })
})
