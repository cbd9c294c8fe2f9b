/** Zicsr over the registers that user mode has: fflags, frm, fcsr, and the read-only counters. */
import type { Value } from "@emu/tcg/ir/Block"
import { Opcode } from "@emu/tcg/ir/Opcode"
import { CpuSlot } from "@emu/tcg/Layout"
import { HelperIndex } from "../helpers.ts"
import type { Insn } from "../isa/decode.ts"
import { Csr } from "../names.ts"
import type { Emitter, Lowering, Lowerings } from "./Emitter.ts"

/** How a CSR is read and, where it is writable, written. */
interface CsrAccess {
  readonly read: (emit: Emitter) => Value
  readonly write?: (emit: Emitter, value: Value) => void
}

const flagsMask = 0x1f
const roundMask = 7
const roundShift = 5

const masked = (emit: Emitter, value: Value, mask: number): Value => emit.temp(Opcode.and, value, emit.constant(mask))
const writeMasked = (emit: Emitter, slot: Value, value: Value, mask: number): void =>
  emit.builder.op(Opcode.and, slot, value, emit.constant(mask))

const counter = (helper: number): CsrAccess => ({
  read: (emit) => emit.temp(Opcode.call, emit.constant(0), emit.constant(0), helper)
})

const accesses: ReadonlyMap<number, CsrAccess> = new Map<number, CsrAccess>([
  [
    Csr.fflags,
    {
      read: (emit) => masked(emit, CpuSlot.fpFlags, flagsMask),
      write: (emit, value) => writeMasked(emit, CpuSlot.fpFlags, value, flagsMask)
    }
  ],
  [
    Csr.frm,
    {
      read: (emit) => masked(emit, CpuSlot.fpRound, roundMask),
      write: (emit, value) => writeMasked(emit, CpuSlot.fpRound, value, roundMask)
    }
  ],
  [
    Csr.fcsr,
    {
      read: (emit) => {
        const round = emit.temp(Opcode.shl, masked(emit, CpuSlot.fpRound, roundMask), emit.constant(roundShift))
        return emit.temp(Opcode.or, round, masked(emit, CpuSlot.fpFlags, flagsMask))
      },
      write: (emit, value) => {
        writeMasked(emit, CpuSlot.fpFlags, value, flagsMask)
        writeMasked(emit, CpuSlot.fpRound, emit.temp(Opcode.shr, value, emit.constant(roundShift)), roundMask)
      }
    }
  ],
  [Csr.cycle, counter(HelperIndex.instructions)],
  [Csr.time, counter(HelperIndex.time)],
  [Csr.instret, counter(HelperIndex.instructions)],
  // programs that ask how long vectors are, and not whether there are any, learn that there is nothing to gain
  [Csr.vlenb, { read: (emit) => emit.constant(0) }]
])

/** The operand: rs1, or the immediate in its place. */
type Source = (emit: Emitter, insn: Insn) => Value
const fromRegister: Source = (emit, insn) => emit.x(insn.rs1)
const fromImmediate: Source = (emit, insn) => emit.constant(insn.rs1)

/** The value to write, made of the old one and the operand. */
type Update = (emit: Emitter, old: Value, operand: Value) => Value
const swap: Update = (_emit, _old, operand) => operand
const setBits: Update = (emit, old, operand) => emit.temp(Opcode.or, old, operand)
const clearBits: Update = (emit, old, operand) =>
  emit.temp(Opcode.and, old, emit.temp(Opcode.xor, operand, emit.constant(-1)))

/** csrrs and csrrc with a zero operand field only read, hence are allowed on read-only registers: section 6.1. */
const access =
  (source: Source, update: Update): Lowering =>
  (emit, insn) => {
    const csr = accesses.get(insn.imm)
    const isWrite = update === swap || insn.rs1 !== 0
    if (csr === undefined || (isWrite && csr.write === undefined)) return emit.illegal()
    const old = csr.read(emit)
    if (isWrite) csr.write!(emit, update(emit, old, source(emit, insn)))
    if (insn.rd !== 0) emit.builder.op(Opcode.mov, insn.rd, old)
    emit.goto(emit.nextPc, 0)
  }

export const csrLowerings: Lowerings = {
  csrrw: access(fromRegister, swap),
  csrrs: access(fromRegister, setBits),
  csrrc: access(fromRegister, clearBits),
  csrrwi: access(fromImmediate, swap),
  csrrsi: access(fromImmediate, setBits),
  csrrci: access(fromImmediate, clearBits)
}
