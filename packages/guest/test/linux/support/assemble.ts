/** Machine code for tests, by instruction names of the table. */
import { encode } from "@emu/guest/riscv64/isa/encode"
import { insnRow } from "@emu/guest/riscv64/isa/table"

/** Numbers of registers that tests use. */
export const reg = {
  zero: 0,
  ra: 1,
  sp: 2,
  tp: 4,
  t0: 5,
  t1: 6,
  s0: 8,
  s1: 9,
  a0: 10,
  a1: 11,
  a2: 12,
  a3: 13,
  a4: 14,
  a5: 15,
  a7: 17,
  s2: 18,
  s3: 19
}

export const insn = (name: string, operands: Record<string, number> = {}): number => encode(insnRow(name).pattern, operands)

export const ecall = 0x73
export const ebreak = 0x100073
/** Jumps to itself. */
export const spin = insn("jal", { rd: 0, imm: 0 })

/** Loads a 32-bit constant. */
export const li = (rd: number, value: number): Array<number> => {
  const low = (value << 20) >> 20
  const high = (value - low) >>> 12
  return high === 0
    ? [insn("addi", { rd, rs1: 0, imm: low })]
    : [insn("lui", { rd, imm: (high << 12) | 0 }), insn("addi", { rd, rs1: rd, imm: low })]
}

/** A system call with constant arguments. */
export const call = (number: number, ...args: ReadonlyArray<number>): Array<number> => [
  ...args.flatMap((value, i) => li(reg.a0 + i, value)),
  ...li(reg.a7, number),
  ecall
]

/** Instruction words as bytes. */
export const bytesOf = (words: ReadonlyArray<number>): Uint8Array => new Uint8Array(Uint32Array.from(words).buffer)
