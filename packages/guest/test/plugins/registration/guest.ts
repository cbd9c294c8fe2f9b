/** The guest: rounds of a short loop with a store, and a system call. What it executes is known in advance. */
import { bytesOf, call, insn, li, reg } from "../../linux/support/assemble.ts"
import { buildElf } from "../../linux/support/buildElf.ts"

const data = 0x11000
const getpid = 172
const exitGroup = 94
const rounds = 12
const turns = 3

const loop = [
  insn("sw", { rs1: reg.s1, rs2: reg.t0, imm: 0 }),
  insn("addi", { rd: reg.t0, rs1: reg.t0, imm: -1 }),
  insn("bne", { rs1: reg.t0, rs2: 0, imm: -8 })
]
const start = [...li(reg.s1, data), ...li(reg.s0, rounds)]
const outer = [...li(reg.t0, turns), ...loop, ...call(getpid)]
const tail = [
  insn("addi", { rd: reg.s0, rs1: reg.s0, imm: -1 }),
  insn("bne", { rs1: reg.s0, rs2: 0, imm: -4 * (outer.length + 1) })
]

export const program = buildElf({ code: bytesOf([...start, ...outer, ...tail, ...call(exitGroup, 0)]), bss: 65536 })

/** One execution of a block. */
export interface Executed {
  /** Address of the block. */
  readonly block: number
  readonly stores: number
  /** The block ends with this system call. */
  readonly syscall?: number
}

const at = (words: number) => 0x10000 + 4 * words

const round = (first: number): ReadonlyArray<Executed> => [
  { block: first, stores: 1 },
  ...Array.from({ length: turns - 1 }, () => ({ block: at(start.length + 1), stores: 1 })),
  { block: at(start.length + 1 + loop.length), stores: 0, syscall: getpid },
  { block: at(start.length + outer.length), stores: 0 }
]

/** All that the guest executes, in order. */
export const execution: ReadonlyArray<Executed> = [
  ...Array.from({ length: rounds }, (_, i) => round(at(i === 0 ? 0 : start.length))).flat(),
  { block: at(start.length + outer.length + tail.length), stores: 0, syscall: exitGroup }
]

/** The system call that ends the guest. */
export const isExit = (number: number): boolean => number === exitGroup
