/** Registers of a vCPU as debuggers and plugins see them: gdb's order, QEMU's names. */
import { CpuSlot } from "@emu/tcg/Layout"
import type { RegisterInfo } from "@emu/core/Ports"
import { floatNames, integerNames } from "./names.ts"
import { floatSlot } from "./translate/Emitter.ts"

/** A register and how to read and write it in a vCPU's state slots (the first 256 words of its memory, or a copy of them). */
export interface Register extends RegisterInfo {
  /** The value, zero-extended. */
  readonly read: (slots: BigUint64Array<ArrayBufferLike>) => bigint
  /** Sets the value; bits that the register does not have are dropped. Read-only registers stay as they are. */
  readonly write: (slots: BigUint64Array<ArrayBufferLike>, value: bigint) => void
}

const cpuFeature = "org.gnu.gdb.riscv.cpu"
const fpuFeature = "org.gnu.gdb.riscv.fpu"
const csrFeature = "org.gnu.gdb.riscv.csr"

const slotRegister = (name: string, feature: string, slot: number): Register => ({
  name,
  feature,
  size: 8,
  isReadOnly: false,
  read: (slots) => slots[slot]!,
  write: (slots, value) => {
    slots[slot] = value
  }
})

const zeroRegister: Register = {
  name: "zero",
  feature: cpuFeature,
  size: 8,
  isReadOnly: true,
  read: () => 0n,
  write: () => {}
}

/** It takes more than a new value to go elsewhere: see `setPc`. */
const pcRegister: Register = { ...slotRegister("pc", cpuFeature, CpuSlot.pc), isReadOnly: true, write: () => {} }

/** QEMU's gdb description calls x8 fp, its disassembler s0. */
const gdbName = (name: string): string => (name === "s0" ? "fp" : name)

const flagsMask = 0x1fn
const roundMask = 7n
const roundShift = 5n

const fcsr: Register = {
  name: "fcsr",
  feature: csrFeature,
  size: 8,
  isReadOnly: false,
  read: (slots) => ((slots[CpuSlot.fpRound]! & roundMask) << roundShift) | (slots[CpuSlot.fpFlags]! & flagsMask),
  write: (slots, value) => {
    slots[CpuSlot.fpFlags] = value & flagsMask
    slots[CpuSlot.fpRound] = (value >> roundShift) & roundMask
  }
}

const maskedRegister = (name: string, slot: number, mask: bigint): Register => ({
  name,
  feature: csrFeature,
  size: 8,
  isReadOnly: false,
  read: (slots) => slots[slot]! & mask,
  write: (slots, value) => {
    slots[slot] = value & mask
  }
})

/** x0 to x31, pc, f0 to f31, then the floating-point CSRs. The index is gdb's register number up to 64. */
export const registers: ReadonlyArray<Register> = [
  zeroRegister,
  ...integerNames.slice(1).map((name, index) => slotRegister(gdbName(name), cpuFeature, index + 1)),
  pcRegister,
  ...floatNames.map((name, index) => slotRegister(name, fpuFeature, floatSlot + index)),
  maskedRegister("fflags", CpuSlot.fpFlags, flagsMask),
  maskedRegister("frm", CpuSlot.fpRound, roundMask),
  fcsr
]
