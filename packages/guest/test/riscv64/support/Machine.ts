/** A riscv64 guest on the interpreter: a code page, a data page, registers. */
import { makeRiscv64 } from "@emu/guest/riscv64/Riscv64"
import { CpuState } from "@emu/tcg/CpuState"
import type { Exit } from "@emu/tcg/Engine"
import { make } from "@emu/tcg/engine/tiered/TieredEngine"
import * as Layout from "@emu/tcg/Layout"

/** Addresses of the code page and of the data page. */
export const codeBase = 0x10000
export const dataBase = 0x20000

const ecall = 0x00000073

/** What the `time` CSR of the machine shows. */
export const machineTime = 123_456_789_000n

/** One guest. Code is replaced, translated and run by each `run`. */
export class Machine {
  readonly state = new CpuState(
    new WebAssembly.Memory({ initial: Layout.wasmPages, maximum: Layout.wasmPages, shared: true })
  )
  private readonly services = make({ state: this.state, frontEnd: makeRiscv64({ time: () => machineTime }) })

  constructor() {
    const { mapped, read, write, exec } = Layout.PageFlag
    this.state.pageTable[codeBase / Layout.pageSize] = mapped | read | exec
    this.state.pageTable[dataBase / Layout.pageSize] = mapped | read | write
    this.reset()
  }

  /** All registers 0, no reservation, data page zero. */
  reset(): void {
    this.state.u8.fill(0, 0, Layout.guestBase)
    this.state.u8.fill(0, dataBase, dataBase + Layout.pageSize)
    this.state.i64[Layout.CpuSlot.reserveAddress] = -1n
  }

  /** Sets an integer register; x0 stays 0. */
  setX(register: number, value: bigint): void {
    if (register !== 0) this.state.i64[register] = value
  }

  x(register: number): bigint {
    return this.state.i64[register]!
  }

  get pc(): number {
    return Number(this.state.u64[Layout.CpuSlot.pc])
  }

  /** Runs 32-bit instructions from `codeBase` on, then an ecall. Says why it stopped. */
  run(...words: ReadonlyArray<number>): Exit {
    const { state } = this
    const at = codeBase >>> 2
    words.forEach((value, index) => {
      state.i32[at + index] = value
    })
    state.i32[at + words.length] = ecall
    this.services.engine.flush()
    state.u64[Layout.CpuSlot.pc] = BigInt(codeBase)
    return this.services.engine.run(1_000_000)
  }
}
