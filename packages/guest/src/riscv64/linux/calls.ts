/** How functions call each other: the RISC-V calling convention (psABI, chapters 1 and 2). */
import type { CallingConvention } from "../../linux/kernel/Abi.ts"
import { prologueRule } from "./prologue.ts"
import { registersOffset } from "./signalFrame.ts"

const jal = 0x6f
const jalr = 0x67

/** `ra` and the alternate link register `t0`: jumps that set one of them are calls (unprivileged ISA manual, table 3). */
const isLink = (register: number): boolean => register === 1 || register === 5

/** Whether an instruction of four bytes calls. */
const isCall = (insn: number): boolean => {
  const opcode = insn & 0x7f
  return (opcode === jal || (opcode === jalr && (insn & 0x7000) === 0)) && isLink((insn >>> 7) & 31)
}

/** Whether one of two bytes does: c.jalr, which sets `ra`. */
const isCompressedCall = (insn: number): boolean => (insn & 0xf07f) === 0x9002 && (insn & 0xf80) !== 0

export const riscv64Calls: CallingConvention = {
  integerRegisters: Array.from({ length: 31 }, (_, i) => i + 1),
  returnAddress: 1,
  stackPointer: 2,
  framePointer: 8,
  savedAt: { returnAddress: -8, framePointer: -16 },
  arguments: [10, 11, 12, 13, 14, 15, 16, 17],
  result: 10,
  signalRegisters: registersOffset,
  prologueRule,
  isCall: (raw, size) => (size === 2 ? isCompressedCall(raw) : isCall(raw))
}
