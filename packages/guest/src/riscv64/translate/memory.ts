/** Loads and stores, integer and floating-point. A load into x0 still accesses memory. */
import { MemOp, Opcode } from "@emu/tcg/ir/Opcode"
import type { Lowering, Lowerings } from "./Emitter.ts"

const load =
  (memop: number): Lowering =>
  (emit, insn) =>
    emit.builder.op(Opcode.guest_ld, emit.xOut(insn.rd), emit.x(insn.rs1), insn.imm, memop)

const store =
  (memop: number): Lowering =>
  (emit, insn) =>
    emit.builder.op(Opcode.guest_st, emit.x(insn.rs2), emit.x(insn.rs1), insn.imm, memop)

export const memoryLowerings: Lowerings = {
  lb: load(MemOp.size8 | MemOp.sign),
  lh: load(MemOp.size16 | MemOp.sign),
  lw: load(MemOp.size32 | MemOp.sign),
  ld: load(MemOp.size64),
  lbu: load(MemOp.size8),
  lhu: load(MemOp.size16),
  lwu: load(MemOp.size32),
  sb: store(MemOp.size8),
  sh: store(MemOp.size16),
  sw: store(MemOp.size32),
  sd: store(MemOp.size64),
  flw: (emit, insn) => {
    const bits = emit.temp(Opcode.guest_ld, emit.x(insn.rs1), insn.imm, MemOp.size32)
    emit.builder.op(Opcode.f32_box, emit.f(insn.rd), bits)
  },
  fld: (emit, insn) => emit.builder.op(Opcode.guest_ld, emit.f(insn.rd), emit.x(insn.rs1), insn.imm, MemOp.size64),
  fsw: (emit, insn) => emit.builder.op(Opcode.guest_st, emit.f(insn.rs2), emit.x(insn.rs1), insn.imm, MemOp.size32),
  fsd: (emit, insn) => emit.builder.op(Opcode.guest_st, emit.f(insn.rs2), emit.x(insn.rs1), insn.imm, MemOp.size64)
}
