/** Integer computation: I and M. */
import { Cond, Opcode } from "@emu/tcg/ir/Opcode"
import type { Lowering, Lowerings } from "./Emitter.ts"

/** rd = rs1 op rs2. */
export const registers =
  (opcode: Opcode): Lowering =>
  (emit, insn) =>
    emit.builder.op(opcode, emit.xOut(insn.rd), emit.x(insn.rs1), emit.x(insn.rs2))

/** rd = rs1 op imm. */
export const immediate =
  (opcode: Opcode): Lowering =>
  (emit, insn) =>
    emit.builder.op(opcode, emit.xOut(insn.rd), emit.x(insn.rs1), emit.constant(insn.imm))

/** rd = op rs1. */
export const unary =
  (opcode: Opcode): Lowering =>
  (emit, insn) =>
    emit.builder.op(opcode, emit.xOut(insn.rd), emit.x(insn.rs1))

const compare =
  (cond: Cond): Lowering =>
  (emit, insn) =>
    emit.builder.op(Opcode.setcond, emit.xOut(insn.rd), emit.x(insn.rs1), emit.x(insn.rs2), cond)

const compareImmediate =
  (cond: Cond): Lowering =>
  (emit, insn) =>
    emit.builder.op(Opcode.setcond, emit.xOut(insn.rd), emit.x(insn.rs1), emit.constant(insn.imm), cond)

const addImmediate: Lowering = (emit, insn) => {
  if (insn.rd === 0) return
  if (insn.rs1 === 0) return emit.builder.op(Opcode.mov, insn.rd, emit.constant(insn.imm))
  if (insn.imm === 0) return emit.builder.op(Opcode.mov, insn.rd, insn.rs1)
  emit.builder.op(Opcode.add, insn.rd, insn.rs1, emit.constant(insn.imm))
}

const addImmediateWord: Lowering = (emit, insn) => {
  if (insn.imm === 0) return emit.builder.op(Opcode.ext32s, emit.xOut(insn.rd), emit.x(insn.rs1))
  emit.builder.op(Opcode.add_i32, emit.xOut(insn.rd), emit.x(insn.rs1), emit.constant(insn.imm))
}

export const integerLowerings: Lowerings = {
  lui: (emit, insn) => emit.builder.op(Opcode.mov, emit.xOut(insn.rd), emit.constant(insn.imm)),
  auipc: (emit, insn) => emit.builder.op(Opcode.mov, emit.xOut(insn.rd), emit.constant(emit.pc + insn.imm)),
  addi: addImmediate,
  slti: compareImmediate(Cond.lt),
  sltiu: compareImmediate(Cond.ltu),
  xori: immediate(Opcode.xor),
  ori: immediate(Opcode.or),
  andi: immediate(Opcode.and),
  slli: immediate(Opcode.shl),
  srli: immediate(Opcode.shr),
  srai: immediate(Opcode.sar),
  add: registers(Opcode.add),
  sub: registers(Opcode.sub),
  sll: registers(Opcode.shl),
  slt: compare(Cond.lt),
  sltu: compare(Cond.ltu),
  xor: registers(Opcode.xor),
  srl: registers(Opcode.shr),
  sra: registers(Opcode.sar),
  or: registers(Opcode.or),
  and: registers(Opcode.and),
  addiw: addImmediateWord,
  slliw: immediate(Opcode.shl_i32),
  srliw: immediate(Opcode.shr_i32),
  sraiw: immediate(Opcode.sar_i32),
  addw: registers(Opcode.add_i32),
  subw: registers(Opcode.sub_i32),
  sllw: registers(Opcode.shl_i32),
  srlw: registers(Opcode.shr_i32),
  sraw: registers(Opcode.sar_i32),
  mul: registers(Opcode.mul),
  mulh: registers(Opcode.mulh_s),
  mulhsu: registers(Opcode.mulh_su),
  mulhu: registers(Opcode.mulh_u),
  div: registers(Opcode.div_s),
  divu: registers(Opcode.div_u),
  rem: registers(Opcode.rem_s),
  remu: registers(Opcode.rem_u),
  mulw: registers(Opcode.mul_i32),
  divw: registers(Opcode.div_s_i32),
  divuw: registers(Opcode.div_u_i32),
  remw: registers(Opcode.rem_s_i32),
  remuw: registers(Opcode.rem_u_i32)
}
