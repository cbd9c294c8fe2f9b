/**
 * F and D. A register holds raw bits; single-precision values are NaN-boxed, so their operations unbox sources and box results.
 * The rounding mode of the instruction was checked before (see translate.ts).
 */
import type { Value } from "@emu/tcg/ir/Block"
import { Opcode } from "@emu/tcg/ir/Opcode"
import type { Insn } from "../isa/decode.ts"
import type { Emitter, Lowering, Lowerings } from "./Emitter.ts"

/** What differs between the two formats. */
interface Format {
  readonly sign: bigint
  /** The value of a source register. */
  readonly source: (emit: Emitter, register: number) => Value
  /** Where an operation should put its result, and what makes a register of it afterwards. */
  readonly result: (emit: Emitter, register: number) => Value
  readonly finish: (emit: Emitter, register: number, result: Value) => void
}

const double: Format = {
  sign: 1n << 63n,
  source: (emit, register) => emit.f(register),
  result: (emit, register) => emit.f(register),
  finish: () => {}
}

const single: Format = {
  sign: 1n << 31n,
  source: (emit, register) => emit.temp(Opcode.f32_unbox, emit.f(register)),
  result: (emit) => emit.builder.temp(),
  finish: (emit, register, result) => emit.builder.op(Opcode.f32_box, emit.f(register), result)
}

/** fd = op(sources..., constants...). */
const compute = (format: Format, emit: Emitter, rd: number, opcode: Opcode, ...inputs: Array<number>): void => {
  const result = format.result(emit, rd)
  emit.builder.op(opcode, result, ...inputs)
  format.finish(emit, rd, result)
}

const arithmetic =
  (format: Format, opcode: Opcode): Lowering =>
  (emit, insn) =>
    compute(format, emit, insn.rd, opcode, format.source(emit, insn.rs1), format.source(emit, insn.rs2), insn.rm)

const squareRoot =
  (format: Format, opcode: Opcode): Lowering =>
  (emit, insn) =>
    compute(format, emit, insn.rd, opcode, format.source(emit, insn.rs1), insn.rm)

const fused =
  (format: Format, opcode: Opcode, negate: number): Lowering =>
  (emit, insn) => {
    const sources = [insn.rs1, insn.rs2, insn.rs3].map((register) => format.source(emit, register))
    compute(format, emit, insn.rd, opcode, ...sources, insn.rm, negate)
  }

const extremum =
  (format: Format, opcode: Opcode): Lowering =>
  (emit, insn) =>
    compute(format, emit, insn.rd, opcode, format.source(emit, insn.rs1), format.source(emit, insn.rs2))

const compare =
  (format: Format, opcode: Opcode): Lowering =>
  (emit, insn) =>
    emit.builder.op(opcode, emit.xOut(insn.rd), format.source(emit, insn.rs1), format.source(emit, insn.rs2))

const classify =
  (format: Format, opcode: Opcode): Lowering =>
  (emit, insn) =>
    emit.builder.op(opcode, emit.xOut(insn.rd), format.source(emit, insn.rs1))

const toInteger =
  (format: Format, opcode: Opcode): Lowering =>
  (emit, insn) =>
    emit.builder.op(opcode, emit.xOut(insn.rd), format.source(emit, insn.rs1), insn.rm)

const fromInteger =
  (format: Format, opcode: Opcode): Lowering =>
  (emit, insn) =>
    compute(format, emit, insn.rd, opcode, emit.x(insn.rs1), insn.rm)

/** The sign of rs2, changed as the instruction wants it; the operands of the same register make fneg and fabs cheap. */
type SignRule = (emit: Emitter, format: Format, a: Value, b: Value) => Value

const injectSign =
  (format: Format, rule: SignRule): Lowering =>
  (emit, insn: Insn) => {
    const a = format.source(emit, insn.rs1)
    const b = insn.rs1 === insn.rs2 ? a : format.source(emit, insn.rs2)
    compute(format, emit, insn.rd, Opcode.mov, rule(emit, format, a, b))
  }

const withSignOf = (emit: Emitter, format: Format, a: Value, signs: Value): Value => {
  const magnitude = emit.temp(Opcode.and, a, emit.builder.constant(format.sign - 1n))
  const sign = emit.temp(Opcode.and, signs, emit.builder.constant(format.sign))
  return emit.temp(Opcode.or, magnitude, sign)
}

const copySign: SignRule = (emit, format, a, b) => (a === b ? a : withSignOf(emit, format, a, b))

const negateSign: SignRule = (emit, format, a, b) => {
  if (a === b) return emit.temp(Opcode.xor, a, emit.builder.constant(format.sign))
  return withSignOf(emit, format, a, emit.temp(Opcode.xor, b, emit.constant(-1)))
}

const xorSign: SignRule = (emit, format, a, b) => {
  if (a === b) return emit.temp(Opcode.and, a, emit.builder.constant(format.sign - 1n))
  return emit.temp(Opcode.xor, a, emit.temp(Opcode.and, b, emit.builder.constant(format.sign)))
}

/** The rows that F and D share, by format suffix. */
const formatLowerings = (s: "s" | "d", bits: "f32" | "f64", format: Format): Lowerings => ({
  [`fadd.${s}`]: arithmetic(format, Opcode[`fadd_${bits}`]),
  [`fsub.${s}`]: arithmetic(format, Opcode[`fsub_${bits}`]),
  [`fmul.${s}`]: arithmetic(format, Opcode[`fmul_${bits}`]),
  [`fdiv.${s}`]: arithmetic(format, Opcode[`fdiv_${bits}`]),
  [`fsqrt.${s}`]: squareRoot(format, Opcode[`fsqrt_${bits}`]),
  [`fmadd.${s}`]: fused(format, Opcode[`fma_${bits}`], 0),
  [`fnmsub.${s}`]: fused(format, Opcode[`fma_${bits}`], 1),
  [`fmsub.${s}`]: fused(format, Opcode[`fma_${bits}`], 2),
  [`fnmadd.${s}`]: fused(format, Opcode[`fma_${bits}`], 3),
  [`fsgnj.${s}`]: injectSign(format, copySign),
  [`fsgnjn.${s}`]: injectSign(format, negateSign),
  [`fsgnjx.${s}`]: injectSign(format, xorSign),
  [`fmin.${s}`]: extremum(format, Opcode[`fmin_${bits}`]),
  [`fmax.${s}`]: extremum(format, Opcode[`fmax_${bits}`]),
  [`feq.${s}`]: compare(format, Opcode[`feq_${bits}`]),
  [`flt.${s}`]: compare(format, Opcode[`flt_${bits}`]),
  [`fle.${s}`]: compare(format, Opcode[`fle_${bits}`]),
  [`fclass.${s}`]: classify(format, Opcode[`fclass_${bits}`]),
  [`fcvt.w.${s}`]: toInteger(format, Opcode[`fcvt_i32_${bits}`]),
  [`fcvt.wu.${s}`]: toInteger(format, Opcode[`fcvt_u32_${bits}`]),
  [`fcvt.l.${s}`]: toInteger(format, Opcode[`fcvt_i64_${bits}`]),
  [`fcvt.lu.${s}`]: toInteger(format, Opcode[`fcvt_u64_${bits}`]),
  [`fcvt.${s}.w`]: fromInteger(format, Opcode[`fcvt_${bits}_i32`]),
  [`fcvt.${s}.wu`]: fromInteger(format, Opcode[`fcvt_${bits}_u32`]),
  [`fcvt.${s}.l`]: fromInteger(format, Opcode[`fcvt_${bits}_i64`]),
  [`fcvt.${s}.lu`]: fromInteger(format, Opcode[`fcvt_${bits}_u64`])
})

export const floatLowerings: Lowerings = {
  ...formatLowerings("s", "f32", single),
  ...formatLowerings("d", "f64", double),
  "fcvt.s.d": (emit, insn) => compute(single, emit, insn.rd, Opcode.fcvt_f32_f64, double.source(emit, insn.rs1), insn.rm),
  "fcvt.d.s": (emit, insn) => compute(double, emit, insn.rd, Opcode.fcvt_f64_f32, single.source(emit, insn.rs1), insn.rm),
  "fmv.x.s": (emit, insn) => emit.builder.op(Opcode.ext32s, emit.xOut(insn.rd), emit.f(insn.rs1)),
  "fmv.s.x": (emit, insn) => emit.builder.op(Opcode.f32_box, emit.f(insn.rd), emit.x(insn.rs1)),
  "fmv.x.d": (emit, insn) => emit.builder.op(Opcode.mov, emit.xOut(insn.rd), emit.f(insn.rs1)),
  "fmv.d.x": (emit, insn) => emit.builder.op(Opcode.mov, emit.f(insn.rd), emit.x(insn.rs1))
}
