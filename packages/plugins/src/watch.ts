/**
 * Watches memory, or a register: says which instruction reads, writes or changes it, from where, and what it held.
 *
 *     0x1012a count_word+0x12: write 4 bytes at 0x13048: 0x2 -> 0x3
 *       #0 0x1012a count_word+0x12 (wc.elf)
 *       #1 0x10188 main+0x40 (wc.elf)
 *
 * Accesses by system calls are not seen when they happen; their changes show at the next access.
 */
import * as Effect from "effect/Effect"
import { CallbackFlags, type MemInfo, MemRw } from "@emu/core/Instrumentation"
import * as Plugin from "@emu/core/Plugin"
import { PluginInstallFailure } from "@emu/core/Plugin"
import * as PluginOptions from "@emu/core/PluginOptions"
import * as PluginResult from "@emu/core/PluginResult"
import { findPlace, parsePlace } from "@emu/plugins/kit/places"
import { hex } from "@emu/plugins/kit/text/format"
import { ascending, descending } from "@emu/plugins/kit/text/order"
import { backtraceText } from "@emu/plugins/kit/text/registers"

const directions = { r: MemRw.read, w: MemRw.write, rw: MemRw.readWrite, change: MemRw.write } as const

/** Bytes as a little-endian number. */
const numberOf = (bytes: Uint8Array): bigint => bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)

/** What is watched, once it is found. */
interface Range {
  readonly start: number
  readonly end: number
  /** What it held when it was last looked at. */
  bytes: Uint8Array
}

export default Plugin.make({
  name: "watch",
  help: "say what reads, writes or changes memory, or a register",
  options: PluginOptions.struct({
    at: PluginOptions.string({ default: "", description: "an address or a symbol, such as 0x13048, counter or table+8" }),
    size: PluginOptions.integer({ default: 0, description: "how many bytes; 0: the symbol's size, or 8" }),
    access: PluginOptions.oneOf(["r", "w", "rw", "change"], {
      default: "w",
      description: "which accesses: reads, writes, both, or writes of another value"
    }),
    register: PluginOptions.string({ default: "", description: "a register to watch instead; every change is told" }),
    backtrace: PluginOptions.boolean({ default: true, description: "say who has called whom each time" }),
    limit: PluginOptions.integer({ default: 0, description: "print so many at most, and count the rest; 0 prints all" })
  }),
  result: PluginResult.struct({
    places: PluginResult.rows(
      {
        pc: PluginResult.address("the instruction"),
        place: PluginResult.text("the function that it is in"),
        count: PluginResult.count("how often it did that")
      },
      "instructions that did what was watched for, the busiest first"
    )
  }),
  render: ({ places }) =>
    places.length === 0
      ? "watch: nothing of that kind has happened\n"
      : places.map(({ count, pc, place }) => `0x${hex(pc)} ${place}: ${count}\n`).join(""),
  install: Effect.fnUntraced(function* (api, { access, at, backtrace, limit, register, size }) {
    const place = parsePlace(at)
    const watched = api.getRegisters().find(({ name }) => name === register)
    if ((register === "") === (at === "")) {
      return yield* new PluginInstallFailure({ message: "say what to watch: at=ADDRESS or at=SYMBOL, or register=NAME" })
    }
    if (register !== "" && watched === undefined) {
      return yield* new PluginInstallFailure({ message: `register=${register}: there is no such register` })
    }
    if (register === "" && place === undefined) {
      return yield* new PluginInstallFailure({
        message: `at=${at}: write an address or a symbol, such as 0x13048 or table+8`
      })
    }

    let printed = 0
    const counts = new Map<bigint, { readonly place: string; count: number }>()
    const flags = backtrace || watched !== undefined ? CallbackFlags.readRegs : CallbackFlags.noRegs

    const tell = (vcpu: number, pc: bigint, what: string): void => {
      const known = counts.get(pc) ?? { place: api.describeAddress(pc), count: 0 }
      counts.set(pc, known)
      known.count++
      if (limit > 0 && printed >= limit) return
      printed++
      api.outs(`0x${hex(pc)} ${known.place}: ${what}\n${backtrace ? backtraceText(api, vcpu) : ""}`)
    }

    let range: Range | undefined
    /** Finds what is watched; a library may come later. */
    const find = (): void => {
      if (range !== undefined || place === undefined) return
      const found = findPlace(api, place)
      if (found === undefined) return
      const length = size > 0 ? size : found.size > 0 ? found.size : 8
      const start = Number(found.address)
      range = { start, end: start + length, bytes: new Uint8Array(length) }
      try {
        range.bytes = api.readMemory(found.address, length)
      } catch {
        // it is not mapped yet: zero, then
      }
    }

    const memoryCallback = (pc: bigint) => (vcpu: number, info: MemInfo, address: number) => {
      const bytes = 1 << info.sizeShift
      if (range === undefined || address >= range.end || address + bytes <= range.start) return
      if (!info.isStore) {
        tell(vcpu, pc, `read ${bytes} bytes at 0x${hex(address)}: 0x${hex(info.value)}`)
        return
      }
      const before = range.bytes
      range.bytes = api.readMemory(BigInt(range.start), range.end - range.start)
      const old = numberOf(before.slice(Math.max(0, address - range.start), address + bytes - range.start))
      if (access === "change" && before.every((byte, i) => byte === range!.bytes[i])) return
      tell(vcpu, pc, `write ${bytes} bytes at 0x${hex(address)}: 0x${hex(old)} -> 0x${hex(info.value)}`)
    }

    /** Each vCPU's value before the instruction that is about to run, and the one that ran before it. */
    const registers = new Map<number, { value: bigint; pc: bigint }>()
    const registerCallback = (pc: bigint) => (vcpu: number) => {
      const value = api.readRegister(watched!)
      const last = registers.get(vcpu)
      if (last === undefined) registers.set(vcpu, { value, pc })
      else {
        if (last.value !== value) tell(vcpu, last.pc, `${register}: 0x${hex(last.value)} -> 0x${hex(value)}`)
        last.value = value
        last.pc = pc
      }
    }

    yield* api.onTbTrans((tb) => {
      find()
      for (const insn of tb.insns) {
        if (watched !== undefined) insn.onExec(registerCallback(insn.pc), flags)
        else insn.onMem(memoryCallback(insn.pc), directions[access], flags)
      }
    })
    yield* api.onAtExit(() => {
      const places = Array.from(counts, ([pc, known]) => ({ pc, ...known }))
      api.report({ places: places.sort((a, b) => descending(a.count, b.count) || ascending(a.pc, b.pc)) })
    })
  })
})
