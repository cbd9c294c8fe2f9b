/** The registers as gdb and QEMU's plugins number them: features org.gnu.gdb.riscv.cpu, .fpu, .csr. */
import type { RegisterInfo } from "@emu/core/Ports"
import { CpuSlot } from "@emu/tcg/Layout"
import { floatNames, integerNames } from "../names.ts"

type Slots = BigInt64Array<ArrayBufferLike>

/** A register, and how it is read from and written to the state. */
interface Register extends RegisterInfo {
  readonly read: (slots: Slots) => bigint
  readonly write: (slots: Slots, value: bigint) => void
}

const xlen = 8
const flagsMask = 0x1fn
const roundMask = 7n

const inSlot = (name: string, feature: string, slot: number, isReadOnly = false): Register => ({
  name,
  feature,
  size: xlen,
  isReadOnly,
  read: (slots) => BigInt.asUintN(64, slots[slot]!),
  write: (slots, value) => {
    if (!isReadOnly) slots[slot] = BigInt.asIntN(64, value)
  }
})

const csr = (name: string, read: Register["read"], write: Register["write"]): Register => ({
  name,
  feature: "org.gnu.gdb.riscv.csr",
  size: xlen,
  isReadOnly: false,
  read,
  write
})

const readFlags = (slots: Slots): bigint => slots[CpuSlot.fpFlags]! & flagsMask
const readRound = (slots: Slots): bigint => slots[CpuSlot.fpRound]! & roundMask

/** fcsr: the accrued flags, and the rounding mode above them. */
export const readFcsr = (slots: Slots): bigint => (readRound(slots) << 5n) | readFlags(slots)

export const writeFcsr = (slots: Slots, value: bigint): void => {
  slots[CpuSlot.fpFlags] = value & flagsMask
  slots[CpuSlot.fpRound] = (value >> 5n) & roundMask
}

const table: ReadonlyArray<Register> = [
  // gdb calls x8 by its other name
  ...integerNames.map((name, i) => inSlot(name === "s0" ? "fp" : name, "org.gnu.gdb.riscv.cpu", i, i === 0)),
  inSlot("pc", "org.gnu.gdb.riscv.cpu", CpuSlot.pc),
  ...floatNames.map((name, i) => inSlot(name, "org.gnu.gdb.riscv.fpu", 32 + i)),
  csr("fflags", readFlags, (slots, value) => (slots[CpuSlot.fpFlags] = value & flagsMask)),
  csr("frm", readRound, (slots, value) => (slots[CpuSlot.fpRound] = value & roundMask)),
  csr("fcsr", readFcsr, writeFcsr),
  inSlot("cycle", "org.gnu.gdb.riscv.csr", CpuSlot.instructions, true),
  inSlot("instret", "org.gnu.gdb.riscv.csr", CpuSlot.instructions, true)
]

export const registers: ReadonlyArray<RegisterInfo> = table.map(({ name, feature, size, isReadOnly }) => ({
  name,
  feature,
  size,
  isReadOnly
}))

/** The value of register `index`, unsigned. */
export const readRegister = (slots: Slots, index: number): bigint => table[index]!.read(slots)

/** Sets register `index`; writes to read-only ones are ignored. */
export const writeRegister = (slots: Slots, index: number, value: bigint): void => table[index]!.write(slots, value)
