/** A guest whose code is IR text, for tests: one block per address, registers r0 to r31. */
import type { EngineServices } from "@emu/tcg/engine/tiered/TieredEngine"
import * as TieredEngine from "@emu/tcg/engine/tiered/TieredEngine"
import { entryTableBase, entryTableBytes } from "@emu/tcg/engine/jit/Runtime"
import { CpuState } from "@emu/tcg/CpuState"
import type { FrontEnd, Helper } from "@emu/tcg/FrontEnd"
import * as Layout from "@emu/tcg/Layout"
import { opTable } from "@emu/tcg/ir/Opcode"
import { parse } from "@emu/tcg/ir/Parse"
import type { Trace } from "@emu/tcg/Translator"

/** Names of the test guest's registers. */
export const globals = Array.from({ length: 32 }, (_, i) => `r${i}`)

const shared = new CpuState(new WebAssembly.Memory({ initial: Layout.wasmPages, maximum: Layout.wasmPages, shared: true }))

/** First address of the code page that tests use, and of a readable and writable data page. */
export const codeBase = 0x10000
export const dataBase = 0x20000

/** The interpreters' loops, for `describe.each`. */
export const loops = [
  { name: "the reference loop", cold: false },
  { name: "the loop in WebAssembly", cold: true }
] as const

/** What a test guest is made of. */
export interface GuestOptions {
  /** IR text by address. */
  readonly code?: Record<number, string>
  readonly helpers?: ReadonlyArray<Helper>
  readonly trace?: Trace
  readonly optimize?: boolean
  /** Makes the engine; the interpreter when absent. */
  readonly make?: typeof TieredEngine.make
  /** Interpret in WebAssembly. */
  readonly cold?: boolean
}

/** A guest with its engine. Guests share one memory: make one per test. */
export class Guest {
  readonly state = shared
  readonly code: Record<number, string>
  readonly services: EngineServices
  /** Addresses of the blocks translated, in order. */
  readonly translated: Array<number> = []

  /** Code from an instruction in the middle of a block on. */
  private restAt(pc: number): string | undefined {
    const start = new RegExp(`^ ---- ${pc.toString(16)} `, "m")
    for (const text of Object.values(this.code)) {
      const at = text.search(start)
      if (at >= 0) return text.slice(at)
    }
    return undefined
  }

  constructor(options: GuestOptions = {}) {
    const { state } = this
    state.u8.fill(0, 0, 0x1000)
    state.pageTable.fill(0)
    // The entries of another guest's compiled code.
    state.u8.fill(0, entryTableBase, entryTableBase + entryTableBytes)
    this.map(codeBase, 4, Layout.PageFlag.read | Layout.PageFlag.exec)
    this.map(dataBase, 4, Layout.PageFlag.read | Layout.PageFlag.write)
    state.u8.fill(0, dataBase, dataBase + 4 * Layout.pageSize)
    this.code = options.code ?? {}
    const frontEnd: FrontEnd = {
      name: "text",
      globals,
      helpers: options.helpers ?? [],
      translate: (reader, builder) => {
        const pc = Number(builder.pc)
        if (reader.fetch16(pc) < 0) {
          return false
        }
        const text = this.code[pc] ?? this.restAt(pc)
        if (text === undefined) {
          throw new Error(`no code at 0x${pc.toString(16)}`)
        }
        this.translated.push(pc)
        const block = parse(text, globals)
        for (let i = 0; i < block.temps; i++) builder.temp()
        for (let i = 0; i < block.labels; i++) builder.label()
        builder.insns.push(...block.insns)
        for (const op of block.ops) {
          const info = opTable[op.opcode]!
          const values = info.outputs + info.inputs
          builder.op(
            op.opcode,
            ...op.args.map((arg, i) => (i < values && arg < 0 ? builder.constant(block.constants[~arg]!) : arg))
          )
        }
        return true
      },
      disassemble: (raw) => `insn ${raw}`
    }
    this.services = (options.make ?? TieredEngine.make)({
      state,
      frontEnd,
      optimize: options.optimize ?? true,
      ...(options.cold === true && { cold: 0 }),
      ...(options.trace && { trace: options.trace })
    })
    this.pc = BigInt(codeBase)
  }

  get engine() {
    return this.services.engine
  }

  get codeCache() {
    return this.services.codeCache
  }

  map(address: number, pages: number, flags: number): void {
    const first = address / Layout.pageSize
    this.state.pageTable.fill(flags === 0 ? 0 : flags | Layout.PageFlag.mapped, first, first + pages)
  }

  get pc(): bigint {
    return this.state.u64[Layout.CpuSlot.pc]!
  }

  set pc(value: bigint) {
    this.state.u64[Layout.CpuSlot.pc] = value
  }

  get instructions(): number {
    return Number(this.state.u64[Layout.CpuSlot.instructions])
  }

  reg(n: number): bigint {
    return this.state.i64[n]!
  }

  setReg(n: number, value: bigint): void {
    this.state.i64[n] = value
  }
}
