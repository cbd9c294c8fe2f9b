/** Jumps and branches. All of them end their block. */
import { Cond, JumpHint, Opcode } from "@emu/tcg/ir/Opcode"
import type { Lowering, Lowerings } from "./Emitter.ts"

/** x1 and x5 are link registers: I, section 2.5.1. */
const isLink = (register: number): boolean => register === 1 || register === 5

/** The return-address stack hint of a jalr, by the table of section 2.5.1 (a coroutine swap counts as a call). */
const jumpHint = (rd: number, rs1: number): number => {
  if (isLink(rd)) return JumpHint.call
  return isLink(rs1) ? JumpHint.return : JumpHint.jump
}

const link: Lowering = (emit, insn) => {
  if (insn.rd !== 0) emit.builder.op(Opcode.mov, insn.rd, emit.constant(emit.nextPc))
}

const branch =
  (cond: Cond): Lowering =>
  (emit, insn) => {
    const taken = emit.builder.label()
    emit.builder.brcond(emit.x(insn.rs1), emit.x(insn.rs2), cond, taken)
    emit.goto(emit.nextPc, 0)
    emit.builder.setLabel(taken)
    emit.goto(emit.pc + insn.imm, 1)
  }

export const controlLowerings: Lowerings = {
  jal: (emit, insn) => {
    link(emit, insn)
    emit.goto(emit.pc + insn.imm, 0, isLink(insn.rd) ? JumpHint.call : JumpHint.jump)
  },
  jalr: (emit, insn) => {
    const base = emit.x(insn.rs1)
    const sum = insn.imm === 0 ? base : emit.temp(Opcode.add, base, emit.constant(insn.imm))
    const target = emit.temp(Opcode.and, sum, emit.constant(-2))
    link(emit, insn)
    emit.builder.op(Opcode.goto_ptr, target, jumpHint(insn.rd, insn.rs1))
  },
  beq: branch(Cond.eq),
  bne: branch(Cond.ne),
  blt: branch(Cond.lt),
  bge: branch(Cond.ge),
  bltu: branch(Cond.ltu),
  bgeu: branch(Cond.geu)
}
