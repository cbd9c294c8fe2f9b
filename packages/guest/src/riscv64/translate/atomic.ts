/**
 * A: atomics. A reservation is the address and the value that LR loaded; SC succeeds where both still hold (as QEMU has it:
 * other stores that restore the value go unnoticed, which the ISA forbids but compare-and-swap cannot see).
 */
import { Cond, MemOp, Opcode } from "@emu/tcg/ir/Opcode"
import { CpuSlot } from "@emu/tcg/Layout"
import type { Lowering, Lowerings } from "./Emitter.ts"

const loadReserved =
  (memop: number): Lowering =>
  (emit, insn) => {
    const { builder } = emit
    const value = emit.temp(Opcode.guest_ld, emit.x(insn.rs1), 0, memop | MemOp.aligned)
    builder.op(Opcode.mov, CpuSlot.reserveAddress, emit.x(insn.rs1))
    builder.op(Opcode.mov, CpuSlot.reserveValue, value)
    builder.op(Opcode.mov, emit.xOut(insn.rd), value)
  }

const storeConditional =
  (memop: number): Lowering =>
  (emit, insn) => {
    const { builder } = emit
    const isWord = (memop & MemOp.sizeMask) === MemOp.size32
    const attempt = builder.label()
    const failed = builder.label()
    const done = builder.label()
    // a misaligned address raises its exception also where there is no reservation: the attempt does that
    const misaligned = emit.temp(Opcode.and, emit.x(insn.rs1), emit.constant(isWord ? 3 : 7))
    builder.brcond(misaligned, emit.constant(0), Cond.ne, attempt)
    builder.brcond(emit.x(insn.rs1), CpuSlot.reserveAddress, Cond.ne, failed)
    builder.setLabel(attempt)
    // After an LR of the other width only as many bits as SC has are compared.
    const expected = isWord ? emit.temp(Opcode.ext32s, CpuSlot.reserveValue) : CpuSlot.reserveValue
    const old = emit.temp(Opcode.atomic_cmpxchg, emit.x(insn.rs1), expected, emit.x(insn.rs2), memop | MemOp.aligned)
    builder.op(Opcode.setcond, emit.xOut(insn.rd), old, expected, Cond.ne)
    builder.op(Opcode.br, done)
    builder.setLabel(failed)
    builder.op(Opcode.mov, emit.xOut(insn.rd), emit.constant(1))
    builder.setLabel(done)
    builder.op(Opcode.mov, CpuSlot.reserveAddress, emit.constant(-1))
  }

const fetchAndModify =
  (opcode: Opcode, memop: number): Lowering =>
  (emit, insn) =>
    emit.builder.op(opcode, emit.xOut(insn.rd), emit.x(insn.rs1), emit.x(insn.rs2), memop)

const lowerings = (suffix: string, memop: number): Lowerings => ({
  [`lr.${suffix}`]: loadReserved(memop),
  [`sc.${suffix}`]: storeConditional(memop),
  [`amoswap.${suffix}`]: fetchAndModify(Opcode.atomic_xchg, memop),
  [`amoadd.${suffix}`]: fetchAndModify(Opcode.atomic_fetch_add, memop),
  [`amoxor.${suffix}`]: fetchAndModify(Opcode.atomic_fetch_xor, memop),
  [`amoor.${suffix}`]: fetchAndModify(Opcode.atomic_fetch_or, memop),
  [`amoand.${suffix}`]: fetchAndModify(Opcode.atomic_fetch_and, memop),
  [`amomin.${suffix}`]: fetchAndModify(Opcode.atomic_fetch_smin, memop),
  [`amomax.${suffix}`]: fetchAndModify(Opcode.atomic_fetch_smax, memop),
  [`amominu.${suffix}`]: fetchAndModify(Opcode.atomic_fetch_umin, memop),
  [`amomaxu.${suffix}`]: fetchAndModify(Opcode.atomic_fetch_umax, memop)
})

export const atomicLowerings: Lowerings = {
  ...lowerings("w", MemOp.size32 | MemOp.sign),
  ...lowerings("d", MemOp.size64)
}
