/**
 * Floating point to WebAssembly. A region is compiled for the usual state: round to nearest, the inexact flag already set
 * (its entry tests that). Then an operation may only differ from the host's in rare results: infinities and NaNs (overflow,
 * invalid, canonical NaN) and results that may be tiny (underflow). Those, and every rounding mode that is not the host's, go
 * out of line to softfloat (DESIGN section 8).
 */
import type { Op } from "../../../../ir/Block.ts"
import { Opcode, OpFlag, opTable, RoundingMode } from "../../../../ir/Opcode.ts"
import { Insn } from "../../../../wasm/Wasm.ts"
import { Scratch } from "../../Runtime.ts"
import type { LowerContext } from "./Context.ts"

const smallestNormal64 = 2.2250738585072014e-308
const smallestNormal32 = 1.1754943508222875e-38

const arithmetic64 = new Map<number, { readonly insn: number; readonly tiny: boolean }>([
  [Opcode.fadd_f64, { insn: Insn.f64_add, tiny: false }],
  [Opcode.fsub_f64, { insn: Insn.f64_sub, tiny: false }],
  [Opcode.fmul_f64, { insn: Insn.f64_mul, tiny: true }],
  [Opcode.fdiv_f64, { insn: Insn.f64_div, tiny: true }]
])

const arithmetic32 = new Map<number, { readonly insn: number; readonly tiny: boolean }>([
  [Opcode.fadd_f32, { insn: Insn.f32_add, tiny: false }],
  [Opcode.fsub_f32, { insn: Insn.f32_sub, tiny: false }],
  [Opcode.fmul_f32, { insn: Insn.f32_mul, tiny: true }],
  [Opcode.fdiv_f32, { insn: Insn.f32_div, tiny: true }]
])

const compare64 = new Map<number, number>([
  [Opcode.feq_f64, Insn.f64_eq],
  [Opcode.flt_f64, Insn.f64_lt],
  [Opcode.fle_f64, Insn.f64_le]
])

const compare32 = new Map<number, number>([
  [Opcode.feq_f32, Insn.f32_eq],
  [Opcode.flt_f32, Insn.f32_lt],
  [Opcode.fle_f32, Insn.f32_le]
])

/** Lowers a floating-point operation; false if it is not one. */
export const lowerFloat = (context: LowerContext, op: Op): boolean => {
  const { code, values } = context
  const { args } = op
  const [d, a] = args as [number, number]
  switch (op.opcode) {
    case Opcode.f32_box:
      values.beginSet(d)
      values.getI64(a)
      code.i64(-0x100000000n)
      code.op(Insn.i64_or)
      values.setI64(d)
      return true
    case Opcode.f32_unbox:
      values.beginSet(d)
      values.getI64(a)
      code.i64(0xffffffffn)
      code.op(Insn.i64_and)
      code.i64(0x7fc00000n)
      values.getI64(a)
      code.i64(-0x100000000n)
      code.op(Insn.i64_ge_u)
      code.op(Insn.select)
      values.setI64(d)
      return true
  }
  const info = opTable[op.opcode]!
  if ((info.flags & OpFlag.fpStatus) === 0 && op.opcode !== Opcode.fclass_f32 && op.opcode !== Opcode.fclass_f64)
    return false
  if (context.strictFloat || !lowerInline(context, op)) {
    outOfLine(context, op)
    values.beginSet(d)
    pushResult(context)
    values.setI64(d)
  }
  return true
}

/** The operation with a fast path in the code; false if it has none. */
const lowerInline = (context: LowerContext, op: Op): boolean => {
  const { values, code, scratchF64 } = context
  const { args } = op
  const [d, a, b] = args as [number, number, number]
  const nearest = (rm: number) => rm === RoundingMode.rne || rm === RoundingMode.dynamic
  const double = arithmetic64.get(op.opcode)
  if (double !== undefined && nearest(args[3]!)) {
    values.getF64(a)
    values.getF64(b)
    code.op(double.insn)
    finish64(context, op, d, double.tiny)
    return true
  }
  const single = arithmetic32.get(op.opcode)
  if (single !== undefined && nearest(args[3]!)) {
    pushF32(context, a)
    pushF32(context, b)
    code.op(single.insn)
    finish32(context, op, d, single.tiny)
    return true
  }
  const comparison64 = compare64.get(op.opcode)
  if (comparison64 !== undefined) {
    // Unordered operands may set the invalid flag: x == x is false only for NaN.
    const [x, y] = scratchF64 as [number, number]
    values.getF64(a)
    code.tee(x)
    code.get(x)
    code.op(Insn.f64_eq)
    values.getF64(b)
    code.tee(y)
    code.get(y)
    code.op(Insn.f64_eq)
    code.op(Insn.i32_and)
    finishComparison(context, op, comparison64, () => {
      code.get(x)
      code.get(y)
    })
    return true
  }
  const comparison32 = compare32.get(op.opcode)
  if (comparison32 !== undefined) {
    for (const value of [a, b]) {
      pushF32(context, value)
      pushF32(context, value)
      code.op(Insn.f32_eq)
    }
    code.op(Insn.i32_and)
    finishComparison(context, op, comparison32, () => {
      pushF32(context, a)
      pushF32(context, b)
    })
    return true
  }
  switch (op.opcode) {
    case Opcode.fsqrt_f64:
      if (!nearest(args[2]!)) return false
      values.getF64(a)
      code.op(Insn.f64_sqrt)
      finish64(context, op, d, false)
      return true
    case Opcode.fsqrt_f32:
      if (!nearest(args[2]!)) return false
      pushF32(context, a)
      code.op(Insn.f32_sqrt)
      finish32(context, op, d, false)
      return true
    case Opcode.fma_f64:
      if (!context.exactFma || !nearest(args[4]!)) return false
      pushFma64(context, a, b, args[3]!, args[5]!)
      finish64(context, op, d, true)
      return true
    case Opcode.fcvt_f64_f32:
      pushF32(context, a)
      code.op(Insn.f64_promote_f32)
      finish64(context, op, d, false)
      return true
    case Opcode.fcvt_f32_f64:
      if (!nearest(args[2]!)) return false
      values.getF64(a)
      code.op(Insn.f32_demote_f64)
      finish32(context, op, d, true)
      return true
    case Opcode.fcvt_f64_i32:
    case Opcode.fcvt_f64_u32:
      values.beginSet(d)
      values.getI32(a)
      code.op(op.opcode === Opcode.fcvt_f64_i32 ? Insn.f64_convert_i32_s : Insn.f64_convert_i32_u)
      values.setF64(d)
      return true
    case Opcode.fcvt_f64_i64:
    case Opcode.fcvt_f64_u64:
      if (!nearest(args[2]!)) return false
      values.beginSet(d)
      values.getI64(a)
      code.op(op.opcode === Opcode.fcvt_f64_i64 ? Insn.f64_convert_i64_s : Insn.f64_convert_i64_u)
      values.setF64(d)
      return true
    case Opcode.fcvt_f32_i64:
    case Opcode.fcvt_f32_u64:
    case Opcode.fcvt_f32_i32:
    case Opcode.fcvt_f32_u32:
      return nearest(args[2]!) && lowerIntToSingle(context, op)
    case Opcode.fcvt_i32_f64:
    case Opcode.fcvt_i64_f64:
      return args[2] === RoundingMode.rtz && lowerTruncation(context, op)
    default:
      return false
  }
}

const lowerIntToSingle = ({ code, values }: LowerContext, op: Op): boolean => {
  const [d, a] = op.args as [number, number]
  values.beginSet(d)
  switch (op.opcode) {
    case Opcode.fcvt_f32_i32:
      values.getI32(a)
      code.op(Insn.i64_extend_i32_s)
      break
    case Opcode.fcvt_f32_u32:
      values.getI32(a)
      code.op(Insn.i64_extend_i32_u)
      break
    default:
      values.getI64(a)
  }
  code.op(op.opcode === Opcode.fcvt_f32_u64 ? Insn.f32_convert_i64_u : Insn.f32_convert_i64_s)
  code.op(Insn.i32_reinterpret_f32)
  values.setU32(d)
  return true
}

/** f64 to a signed integer, toward zero: in range there is nothing but the inexact flag, which is set already. */
const lowerTruncation = (context: LowerContext, op: Op): boolean => {
  const { code, values, scratchF64 } = context
  const x = scratchF64[0]!
  const d = op.args[0]!
  values.getF64(op.args[1]!)
  code.tee(x)
  code.op(Insn.f64_abs)
  code.f64(op.opcode === Opcode.fcvt_i32_f64 ? 2147483648 : 9223372036854775808)
  code.op(Insn.f64_lt)
  ifElse(
    context,
    () => {
      code.get(x)
      code.op(Insn.i64_trunc_sat_f64_s)
    },
    op,
    d
  )
  return true
}

/** Pushes the f32 in the low half of a value. */
const pushF32 = ({ code, values }: LowerContext, value: number): void => {
  values.getI32(value)
  code.op(Insn.f32_reinterpret_i32)
}

/** Pushes the fused (+-(a*b)) +- c as lane 0 of a relaxed vector multiply-add, which is fused on this host. */
const pushFma64 = ({ code, values }: LowerContext, a: number, b: number, c: number, negate: number): void => {
  values.getF64(a)
  if (negate & 1) code.op(Insn.f64_neg)
  code.op(Insn.f64x2_splat)
  values.getF64(b)
  code.op(Insn.f64x2_splat)
  values.getF64(c)
  if (negate & 2) code.op(Insn.f64_neg)
  code.op(Insn.f64x2_splat)
  code.op(Insn.f64x2_relaxed_madd)
  code.opBytes(Insn.f64x2_extract_lane, 0)
}

/**
 * Pops an f64 and pushes 1 where it is infinite or NaN, or, if there is a smallest normal number, not above that in size: a
 * result for which the exact operation must decide.
 */
const pushUnusual = ({ code, scratchF64 }: LowerContext, smallestNormal: number | undefined): void => {
  const magnitude = scratchF64[3]!
  code.op(Insn.f64_abs)
  if (smallestNormal === undefined) {
    code.f64(Infinity)
    code.op(Insn.f64_lt)
  } else {
    code.tee(magnitude)
    code.f64(Infinity)
    code.op(Insn.f64_lt)
    code.get(magnitude)
    code.f64(smallestNormal)
    code.op(Insn.f64_gt)
    code.op(Insn.i32_and)
  }
  code.op(Insn.i32_eqz)
}

/** Takes the f64 on the stack as the result unless it is one of those that need the exact operation. */
const finish64 = (context: LowerContext, op: Op, d: number, tiny: boolean): void => {
  const { code, values, scratchF64 } = context
  const result = scratchF64[2]!
  code.tee(result)
  pushUnusual(context, tiny ? smallestNormal64 : undefined)
  code.ifUnlikely()
  outOfLine(context, op)
  pushResult(context)
  code.op(Insn.f64_reinterpret_i64)
  code.set(result)
  code.end()
  values.beginSet(d)
  code.get(result)
  values.setF64(d)
}

/** The same for an f32; the result goes to the low half, zero-extended. */
const finish32 = (context: LowerContext, op: Op, d: number, tiny: boolean): void => {
  const { code, values, scratchF64, scratch } = context
  const bits = scratch[0]!
  const result = scratchF64[2]!
  // In double precision the tests are exact, and there is one kind of scratch local.
  code.op(Insn.f64_promote_f32)
  code.tee(result)
  pushUnusual(context, tiny ? smallestNormal32 : undefined)
  code.ifUnlikely()
  outOfLine(context, op)
  pushResult(context)
  code.set(bits)
  code.else()
  code.get(result)
  code.op(Insn.f32_demote_f64)
  code.op(Insn.i32_reinterpret_f32)
  code.op(Insn.i64_extend_i32_u)
  code.set(bits)
  code.end()
  values.beginSet(d)
  code.get(bits)
  values.setI64(d)
}

/** Pops whether neither operand is NaN: then the host's comparison of what `push` pushes decides. */
const finishComparison = (context: LowerContext, op: Op, insn: number, push: () => void): void => {
  const { code } = context
  const compare = () => {
    push()
    code.op(insn)
    code.op(Insn.i64_extend_i32_u)
  }
  ifElse(context, compare, op, op.args[0]!)
}

/** Pops a condition: where it holds `fast` pushes the i64 result, else the exact operation gives it. */
const ifElse = (context: LowerContext, fast: () => void, op: Op, d: number): void => {
  const { code, values, scratch } = context
  const result = scratch[0]!
  code.op(Insn.i32_eqz)
  code.ifUnlikely()
  outOfLine(context, op)
  pushResult(context)
  code.set(result)
  code.else()
  fast()
  code.set(result)
  code.end()
  values.beginSet(d)
  code.get(result)
  values.setI64(d)
}

/** Calls softfloat with the operands in the scratch slots. */
const outOfLine = ({ code, values, callees }: LowerContext, op: Op): void => {
  const info = opTable[op.opcode]!
  const slots = [Scratch.a, Scratch.b, Scratch.c]
  for (let i = 0; i < info.inputs; i++) {
    code.i32(0)
    values.getI64(op.args[info.outputs + i]!)
    code.memory(Insn.i64_store, slots[i]! * 8)
  }
  const constants = op.args.slice(info.outputs + info.inputs)
  code.i32(op.opcode | ((constants[0] ?? 0) << 8) | ((constants[1] ?? 0) << 12))
  code.call(callees.float)
}

const pushResult = ({ code }: LowerContext): void => {
  code.i32(0)
  code.memory(Insn.i64_load, Scratch.result * 8)
}
