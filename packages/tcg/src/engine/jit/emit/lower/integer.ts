/** Integer operations to WebAssembly. Where an instruction of WebAssembly does the same, a table row says so. */
import type { Op } from "../../../../ir/Block.ts"
import { Cond, Opcode } from "../../../../ir/Opcode.ts"
import { Insn } from "../../../../wasm/Wasm.ts"
import type { LowerContext } from "./Context.ts"

/** An operation that one instruction of WebAssembly does: how many operands, in which width. 32-bit results are sign-extended. */
interface Direct {
  readonly insn: number
  readonly operands: 1 | 2
  readonly bits: 32 | 64
}

const rows = (operands: 1 | 2, bits: 32 | 64, insns: ReadonlyArray<readonly [opcode: number, insn: number]>) =>
  insns.map(([opcode, insn]) => [opcode, { insn, operands, bits }] as const)

/** A table by number: operation or condition. */
const byNumber = <T>(entries: ReadonlyArray<readonly [number: number, value: T]>): ReadonlyArray<T | undefined> => {
  const table: Array<T | undefined> = []
  for (const [number, value] of entries) table[number] = value
  return table
}

/** WebAssembly takes shift counts modulo the width, as the IR does. */
const direct = byNumber<Direct>([
  ...rows(2, 64, [
    [Opcode.add, Insn.i64_add],
    [Opcode.sub, Insn.i64_sub],
    [Opcode.mul, Insn.i64_mul],
    [Opcode.and, Insn.i64_and],
    [Opcode.or, Insn.i64_or],
    [Opcode.xor, Insn.i64_xor],
    [Opcode.shl, Insn.i64_shl],
    [Opcode.shr, Insn.i64_shr_u],
    [Opcode.sar, Insn.i64_shr_s],
    [Opcode.rotl, Insn.i64_rotl],
    [Opcode.rotr, Insn.i64_rotr]
  ]),
  ...rows(2, 32, [
    [Opcode.add_i32, Insn.i32_add],
    [Opcode.sub_i32, Insn.i32_sub],
    [Opcode.mul_i32, Insn.i32_mul],
    [Opcode.shl_i32, Insn.i32_shl],
    [Opcode.shr_i32, Insn.i32_shr_u],
    [Opcode.sar_i32, Insn.i32_shr_s],
    [Opcode.rotl_i32, Insn.i32_rotl],
    [Opcode.rotr_i32, Insn.i32_rotr]
  ]),
  ...rows(1, 64, [
    [Opcode.clz, Insn.i64_clz],
    [Opcode.ctz, Insn.i64_ctz],
    [Opcode.popcnt, Insn.i64_popcnt],
    [Opcode.ext8s, Insn.i64_extend8_s],
    [Opcode.ext16s, Insn.i64_extend16_s]
  ]),
  ...rows(1, 32, [
    [Opcode.clz_i32, Insn.i32_clz],
    [Opcode.ctz_i32, Insn.i32_ctz],
    [Opcode.popcnt_i32, Insn.i32_popcnt]
  ])
])

const zeroExtensions = byNumber<bigint>([
  [Opcode.ext8u, 0xffn],
  [Opcode.ext16u, 0xffffn],
  [Opcode.ext32u, 0xffffffffn]
])

const comparisons = byNumber<number>([
  [Cond.eq, Insn.i64_eq],
  [Cond.ne, Insn.i64_ne],
  [Cond.lt, Insn.i64_lt_s],
  [Cond.ge, Insn.i64_ge_s],
  [Cond.le, Insn.i64_le_s],
  [Cond.gt, Insn.i64_gt_s],
  [Cond.ltu, Insn.i64_lt_u],
  [Cond.geu, Insn.i64_ge_u],
  [Cond.leu, Insn.i64_le_u],
  [Cond.gtu, Insn.i64_gt_u]
])

/** The comparisons in 32 bits. Sign extension keeps the signed order and the unsigned one. */
const comparisons32 = byNumber<number>([
  [Cond.eq, Insn.i32_eq],
  [Cond.ne, Insn.i32_ne],
  [Cond.lt, Insn.i32_lt_s],
  [Cond.ge, Insn.i32_ge_s],
  [Cond.le, Insn.i32_le_s],
  [Cond.gt, Insn.i32_gt_s],
  [Cond.ltu, Insn.i32_lt_u],
  [Cond.geu, Insn.i32_ge_u],
  [Cond.leu, Insn.i32_le_u],
  [Cond.gtu, Insn.i32_gt_u]
])

/** Bitwise operations in 32 bits, for narrow operands. */
const bitwise32 = byNumber<number>([
  [Opcode.and, Insn.i32_and],
  [Opcode.or, Insn.i32_or],
  [Opcode.xor, Insn.i32_xor]
])

/** Pushes an i32 that is 1 where the condition holds. */
export const pushCondition = ({ code, values }: LowerContext, a: number, b: number, cond: number): void => {
  if (values.isNarrow(a) && values.isNarrow(b)) {
    values.getI32(a)
    values.getI32(b)
    code.op(comparisons32[cond]!)
    return
  }
  values.getI64(a)
  values.getI64(b)
  code.op(comparisons[cond]!)
}

/** Lowers an integer operation; false if it is not one. */
export const lowerInteger = (context: LowerContext, op: Op): boolean => {
  const { code, values } = context
  const [d, a, b] = op.args as [number, number, number]
  const narrow = bitwise32[op.opcode]
  if (narrow !== undefined && values.definesNarrow(op)) {
    // The low halves decide: either both operands are narrow, or one is a mask that leaves nothing above.
    values.beginSet(d)
    values.getI32(a)
    values.getI32(b)
    code.op(narrow)
    values.setI32(d)
    return true
  }
  if (op.opcode === Opcode.ext32s) {
    values.beginSet(d)
    values.getI32(a)
    values.setI32(d)
    return true
  }
  const instruction = direct[op.opcode]
  if (instruction !== undefined) {
    const { bits, insn, operands } = instruction
    values.beginSet(d)
    if (bits === 64) {
      values.getI64(a)
      if (operands === 2) values.getI64(b)
      code.op(insn)
      values.setI64(d)
    } else {
      values.getI32(a)
      if (operands === 2) values.getI32(b)
      code.op(insn)
      values.setI32(d)
    }
    return true
  }
  const mask = zeroExtensions[op.opcode]
  if (mask !== undefined) {
    values.beginSet(d)
    if (values.isI32(d)) {
      values.getI32(a)
      code.i32(Number(mask))
      code.op(Insn.i32_and)
      values.setI32(d)
    } else {
      values.getI64(a)
      code.i64(mask)
      code.op(Insn.i64_and)
      values.setI64(d)
    }
    return true
  }
  switch (op.opcode) {
    case Opcode.mov:
      values.beginSet(d)
      if (values.isF64(d)) {
        values.getF64(a)
        values.setF64(d)
      } else if (values.isI32(d)) {
        values.getI32(a)
        values.setI32(d)
      } else {
        values.getI64(a)
        values.setI64(d)
      }
      return true
    case Opcode.setcond:
      values.beginSet(d)
      pushCondition(context, a, b, op.args[3]!)
      // 0 or 1: either extension is right, and hosts have this one for free.
      if (values.isI32(d)) values.setI32(d)
      else values.setU32(d)
      return true
    case Opcode.movcond:
      values.beginSet(d)
      values.getI64(op.args[3]!)
      values.getI64(op.args[4]!)
      pushCondition(context, a, b, op.args[5]!)
      code.op(Insn.select)
      values.setI64(d)
      return true
    case Opcode.bswap:
      lowerByteSwap(context, d, a)
      return true
    case Opcode.mulh_u:
    case Opcode.mulh_s:
    case Opcode.mulh_su:
      lowerMultiplyHigh(context, op.opcode, d, a, b)
      return true
    case Opcode.div_s:
    case Opcode.div_u:
    case Opcode.rem_s:
    case Opcode.rem_u:
      lowerDivision(context, op.opcode, d, a, b)
      return true
    case Opcode.div_s_i32:
    case Opcode.div_u_i32:
    case Opcode.rem_s_i32:
    case Opcode.rem_u_i32:
      lowerDivision32(context, op.opcode, d, a, b)
      return true
    default:
      return false
  }
}

/**
 * The high half of a 64 x 64 bit product from four 32 x 32 products (Hacker's Delight, 2nd edition, section 8-2), then
 * corrected for signed operands: mulh_s(a, b) = mulh_u(a, b) - (a < 0 ? b : 0) - (b < 0 ? a : 0).
 */
const lowerMultiplyHigh = (
  { code, values, scratch }: LowerContext,
  opcode: number,
  d: number,
  a: number,
  b: number
): void => {
  const [x, y, t, u] = scratch as [number, number, number, number]
  const low = (local: number) => {
    code.get(local)
    code.i64(0xffffffffn)
    code.op(Insn.i64_and)
  }
  const high = (local: number) => {
    code.get(local)
    code.i64(32n)
    code.op(Insn.i64_shr_u)
  }
  values.getI64(a)
  code.set(x)
  values.getI64(b)
  code.set(y)
  values.beginSet(d)
  // t = xh * yl + (xl * yl >> 32)
  high(x)
  low(y)
  code.op(Insn.i64_mul)
  low(x)
  low(y)
  code.op(Insn.i64_mul)
  code.i64(32n)
  code.op(Insn.i64_shr_u)
  code.op(Insn.i64_add)
  code.set(t)
  // u = xl * yh + low(t)
  low(x)
  high(y)
  code.op(Insn.i64_mul)
  low(t)
  code.op(Insn.i64_add)
  code.set(u)
  // xh * yh + (t >> 32) + (u >> 32)
  high(x)
  high(y)
  code.op(Insn.i64_mul)
  high(t)
  code.op(Insn.i64_add)
  high(u)
  code.op(Insn.i64_add)
  const correct = (sign: number, other: number) => {
    code.get(sign)
    code.i64(63n)
    code.op(Insn.i64_shr_s)
    code.get(other)
    code.op(Insn.i64_and)
    code.op(Insn.i64_sub)
  }
  if (opcode !== Opcode.mulh_u) correct(x, y)
  if (opcode === Opcode.mulh_s) correct(y, x)
  values.setI64(d)
}

/** Division that never traps: WebAssembly's traps on zero and on overflow, the IR's does not. */
const lowerDivision = ({ code, values, scratch }: LowerContext, opcode: number, d: number, a: number, b: number): void => {
  const [x, y, result] = scratch as [number, number, number]
  const signed = opcode === Opcode.div_s || opcode === Opcode.rem_s
  const division = opcode === Opcode.div_s || opcode === Opcode.div_u
  values.getI64(a)
  code.set(x)
  values.getI64(b)
  code.tee(y)
  if (signed) {
    // b in {0, -1}: b + 1 < 2 unsigned
    code.i64(1n)
    code.op(Insn.i64_add)
    code.i64(2n)
    code.op(Insn.i64_lt_u)
  } else code.op(Insn.i64_eqz)
  code.if()
  if (division) {
    // by 0: -1; by -1: 0 - a
    code.i64(-1n)
    if (signed) {
      code.i64(0n)
      code.get(x)
      code.op(Insn.i64_sub)
      code.get(y)
      code.op(Insn.i64_eqz)
      code.op(Insn.select)
    }
  } else {
    // by 0: a; by -1: 0
    code.get(x)
    if (signed) {
      code.i64(0n)
      code.get(y)
      code.op(Insn.i64_eqz)
      code.op(Insn.select)
    }
  }
  code.set(result)
  code.else()
  code.get(x)
  code.get(y)
  code.op(division ? (signed ? Insn.i64_div_s : Insn.i64_div_u) : signed ? Insn.i64_rem_s : Insn.i64_rem_u)
  code.set(result)
  code.end()
  values.beginSet(d)
  code.get(result)
  values.setI64(d)
}

/** 32-bit division, in 64 bits: there a signed quotient cannot overflow, and only zero is special. */
const lowerDivision32 = ({ code, values, scratch }: LowerContext, opcode: number, d: number, a: number, b: number): void => {
  const [x, y, result] = scratch as [number, number, number]
  const signed = opcode === Opcode.div_s_i32 || opcode === Opcode.rem_s_i32
  const division = opcode === Opcode.div_s_i32 || opcode === Opcode.div_u_i32
  const extend = () => {
    if (signed) code.op(Insn.i64_extend32_s)
    else {
      code.i64(0xffffffffn)
      code.op(Insn.i64_and)
    }
  }
  values.getI64(a)
  extend()
  code.set(x)
  values.getI64(b)
  extend()
  code.tee(y)
  code.op(Insn.i64_eqz)
  code.if()
  if (division) code.i64(-1n)
  else code.get(x)
  code.set(result)
  code.else()
  code.get(x)
  code.get(y)
  code.op(division ? (signed ? Insn.i64_div_s : Insn.i64_div_u) : signed ? Insn.i64_rem_s : Insn.i64_rem_u)
  code.set(result)
  code.end()
  values.beginSet(d)
  code.get(result)
  code.op(Insn.i64_extend32_s)
  values.setI64(d)
}

/** Byte swap in three rounds: bytes, halfwords, words. */
const lowerByteSwap = ({ code, values, scratch }: LowerContext, d: number, a: number): void => {
  const x = scratch[0]!
  values.getI64(a)
  code.set(x)
  const swap = (mask: bigint, shift: bigint) => {
    code.get(x)
    code.i64(mask)
    code.op(Insn.i64_and)
    code.i64(shift)
    code.op(Insn.i64_shl)
    code.get(x)
    code.i64(shift)
    code.op(Insn.i64_shr_u)
    code.i64(mask)
    code.op(Insn.i64_and)
    code.op(Insn.i64_or)
    code.set(x)
  }
  swap(0x00ff00ff00ff00ffn, 8n)
  swap(0x0000ffff0000ffffn, 16n)
  values.beginSet(d)
  code.get(x)
  code.i64(32n)
  code.op(Insn.i64_rotl)
  values.setI64(d)
}
