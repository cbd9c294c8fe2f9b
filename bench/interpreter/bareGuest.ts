/** Loads a freestanding static program and runs it on an engine, with the few system calls that such programs make. */
import { readFileSync } from "node:fs"
import { makeRiscv64 } from "@emu/guest/riscv64/Riscv64"
import { CpuState } from "@emu/tcg/CpuState"
import { ExitKind } from "@emu/tcg/Engine"
import type { EngineServices, EngineOptions } from "@emu/tcg/engine/tiered/TieredEngine"
import { CpuSlot, PageFlag, pageShift, wasmPages } from "@emu/tcg/Layout"

const stackTop = 0x55d57000
const stackSize = 1 << 20
const register = { sp: 2, a0: 10, a1: 11, a2: 12, a7: 17 }
const enosys = -38n

const segmentFlags = (elf: number): number =>
  PageFlag.mapped |
  ((elf & 4) !== 0 ? PageFlag.read : 0) |
  ((elf & 2) !== 0 ? PageFlag.write : 0) |
  ((elf & 1) !== 0 ? PageFlag.exec : 0)

const allow = (state: CpuState, start: number, end: number, flags: number): void => {
  for (let page = start >>> pageShift; page <= (end - 1) >>> pageShift; page++) {
    state.pageTable[page] = state.pageTable[page]! | flags
  }
}

const load = (state: CpuState, path: string): void => {
  const file = readFileSync(path)
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const headers = Number(view.getBigUint64(32, true))
  for (let i = 0; i < view.getUint16(56, true); i++) {
    const at = headers + i * view.getUint16(54, true)
    if (view.getUint32(at, true) === 1) {
      const [offset, address, , fileSize, memorySize] = [8, 16, 24, 32, 40].map((field) =>
        Number(view.getBigUint64(at + field, true))
      ) as [number, number, number, number, number]
      state.u8.set(file.subarray(offset, offset + fileSize), address)
      allow(state, address, address + memorySize, segmentFlags(view.getUint32(at + 4, true)))
    }
  }
  allow(state, stackTop - stackSize, stackTop, segmentFlags(6))
  state.i64[register.sp] = BigInt(stackTop - 256)
  state.i64[CpuSlot.pc] = view.getBigUint64(24, true)
}

/** What a run was like. */
export interface BareRun {
  readonly status: number
  readonly output: string
  readonly instructions: number
  /** Processor time of the process meanwhile: on a busy machine it says more than the clock. */
  readonly milliseconds: number
}

/**
 * Runs a program to its exit.
 *
 * @param make makes the engine
 * @param prepare installs instrumentation
 */
export const runBare = (
  path: string,
  make: (options: EngineOptions) => EngineServices,
  prepare: (services: EngineServices) => void = () => {}
): BareRun => {
  const state = new CpuState(new WebAssembly.Memory({ initial: wasmPages, maximum: wasmPages, shared: true }))
  load(state, path)
  const services = make({ state, frontEnd: makeRiscv64({ time: () => 0n }) })
  prepare(services)
  const decoder = new TextDecoder()
  let output = ""
  const begin = process.cpuUsage().user
  for (;;) {
    const { kind } = services.engine.run(1_000_000)
    if (kind === ExitKind.syscall) {
      const [number, a0, a1, a2] = [register.a7, register.a0, register.a1, register.a2].map((r) => Number(state.i64[r])) as [
        number,
        number,
        number,
        number
      ]
      if (number === 93 || number === 94) {
        const instructions = Number(state.i64[CpuSlot.instructions])
        return { status: a0, output, instructions, milliseconds: (process.cpuUsage().user - begin) / 1000 }
      }
      if (number === 64) {
        output += decoder.decode(state.u8.slice(a1, a1 + a2))
      }
      state.i64[register.a0] = number === 64 ? BigInt(a2) : enosys
    } else if (kind === ExitKind.fenceI) {
      services.engine.flushWritable()
    } else if (kind !== ExitKind.budget) {
      throw new Error(`${path} stopped at 0x${state.u64[CpuSlot.pc]!.toString(16)} with exit ${kind}`)
    }
  }
}
