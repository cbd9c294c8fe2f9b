/** Zba, Zbb, Zbs and Zicond. */
import type { Value } from "@emu/tcg/ir/Block"
import { Cond, Opcode } from "@emu/tcg/ir/Opcode"
import type { Insn } from "../isa/decode.ts"
import type { Emitter, Lowering, Lowerings } from "./Emitter.ts"
import { immediate, registers, unary } from "./integer.ts"

/** rd = (rs1 << shift) + rs2, with rs1 cut to 32 bits first where `isWord`. */
const shiftAndAdd =
  (shift: number, isWord: boolean): Lowering =>
  (emit, insn) => {
    let base = emit.x(insn.rs1)
    if (isWord) base = emit.temp(Opcode.ext32u, base)
    if (shift !== 0) base = emit.temp(Opcode.shl, base, emit.constant(shift))
    emit.builder.op(Opcode.add, emit.xOut(insn.rd), base, emit.x(insn.rs2))
  }

/** rd = rs1 op ~rs2. */
const inverted =
  (opcode: Opcode): Lowering =>
  (emit, insn) => {
    const complement = emit.temp(Opcode.xor, emit.x(insn.rs2), emit.constant(-1))
    emit.builder.op(opcode, emit.xOut(insn.rd), emit.x(insn.rs1), complement)
  }

/** rd = whichever of rs1 and rs2 stands on the side of `cond`. */
const select =
  (cond: Cond): Lowering =>
  (emit, insn) => {
    const [a, b] = [emit.x(insn.rs1), emit.x(insn.rs2)]
    emit.builder.op(Opcode.movcond, emit.xOut(insn.rd), a, b, a, b, cond)
  }

/** rd = 0 where rs2 compares so with zero, else rs1. */
const zeroWhere =
  (cond: Cond): Lowering =>
  (emit, insn) => {
    const zero = emit.constant(0)
    emit.builder.op(Opcode.movcond, emit.xOut(insn.rd), emit.x(insn.rs2), zero, zero, emit.x(insn.rs1), cond)
  }

type Index = (emit: Emitter, insn: Insn) => Value
const byRegister: Index = (emit, insn) => emit.x(insn.rs2)
const byImmediate: Index = (emit, insn) => emit.constant(insn.imm)
const bit = (emit: Emitter, index: Value): Value => emit.temp(Opcode.shl, emit.constant(1), index)

const singleBit =
  (opcode: Opcode, index: Index): Lowering =>
  (emit, insn) =>
    emit.builder.op(opcode, emit.xOut(insn.rd), emit.x(insn.rs1), bit(emit, index(emit, insn)))

const clearBit =
  (index: Index): Lowering =>
  (emit, insn) => {
    const mask = emit.temp(Opcode.xor, bit(emit, index(emit, insn)), emit.constant(-1))
    emit.builder.op(Opcode.and, emit.xOut(insn.rd), emit.x(insn.rs1), mask)
  }

const extractBit =
  (index: Index): Lowering =>
  (emit, insn) => {
    const shifted = emit.temp(Opcode.shr, emit.x(insn.rs1), index(emit, insn))
    emit.builder.op(Opcode.and, emit.xOut(insn.rd), shifted, emit.constant(1))
  }

/** Every byte that is not zero becomes 0xff: adding 0x7f to its low seven bits carries into bit 7 where one is set. */
const orCombineBytes: Lowering = (emit, insn) => {
  const low = emit.builder.constant(0x7f7f7f7f7f7f7f7fn)
  const x = emit.x(insn.rs1)
  const carried = emit.temp(Opcode.add, emit.temp(Opcode.and, x, low), low)
  const tops = emit.temp(Opcode.shr, emit.temp(Opcode.or, carried, x), emit.constant(7))
  const ones = emit.temp(Opcode.and, tops, emit.builder.constant(0x0101010101010101n))
  emit.builder.op(Opcode.mul, emit.xOut(insn.rd), ones, emit.constant(255))
}

export const bitmanipLowerings: Lowerings = {
  "add.uw": shiftAndAdd(0, true),
  sh1add: shiftAndAdd(1, false),
  sh2add: shiftAndAdd(2, false),
  sh3add: shiftAndAdd(3, false),
  "sh1add.uw": shiftAndAdd(1, true),
  "sh2add.uw": shiftAndAdd(2, true),
  "sh3add.uw": shiftAndAdd(3, true),
  "slli.uw": (emit, insn) => {
    const word = emit.temp(Opcode.ext32u, emit.x(insn.rs1))
    emit.builder.op(Opcode.shl, emit.xOut(insn.rd), word, emit.constant(insn.imm))
  },
  andn: inverted(Opcode.and),
  orn: inverted(Opcode.or),
  xnor: inverted(Opcode.xor),
  clz: unary(Opcode.clz),
  ctz: unary(Opcode.ctz),
  cpop: unary(Opcode.popcnt),
  clzw: unary(Opcode.clz_i32),
  ctzw: unary(Opcode.ctz_i32),
  cpopw: unary(Opcode.popcnt_i32),
  max: select(Cond.ge),
  maxu: select(Cond.geu),
  min: select(Cond.lt),
  minu: select(Cond.ltu),
  "sext.b": unary(Opcode.ext8s),
  "sext.h": unary(Opcode.ext16s),
  "zext.h": unary(Opcode.ext16u),
  rol: registers(Opcode.rotl),
  ror: registers(Opcode.rotr),
  rolw: registers(Opcode.rotl_i32),
  rorw: registers(Opcode.rotr_i32),
  rori: immediate(Opcode.rotr),
  roriw: immediate(Opcode.rotr_i32),
  "orc.b": orCombineBytes,
  rev8: unary(Opcode.bswap),
  bclr: clearBit(byRegister),
  bext: extractBit(byRegister),
  binv: singleBit(Opcode.xor, byRegister),
  bset: singleBit(Opcode.or, byRegister),
  bclri: clearBit(byImmediate),
  bexti: extractBit(byImmediate),
  binvi: singleBit(Opcode.xor, byImmediate),
  bseti: singleBit(Opcode.or, byImmediate),
  "czero.eqz": zeroWhere(Cond.eq),
  "czero.nez": zeroWhere(Cond.ne)
}
