/* oxlint-disable max-lines -- one switch is one function, and one function is what V8 compiles as a whole */
/**
 * The reference loop: one switch over the code that `lower` writes. `node scripts/interpreter-loop.ts` makes this file from the table in
 * `operations/`.
 *
 * Values are pairs of 32-bit words in the Int32 view of the process's memory; operands are indices of low words. Pairs and
 * BigInt64Array run equally fast once optimised, but pairs neither allocate in V8's lower tiers nor need its BigInt feedback.
 * Case labels are literal numbers because only those make V8 emit a jump table. Everything that is not the common case is a
 * function elsewhere.
 */
import { jumpCacheAt } from "../../TbCache.ts"
import type { ExitKind } from "../../Engine.ts"
import { execute as softfloat } from "../../softfloat/index.ts"
import * as Layout from "../../Layout.ts"
import {
  divideSigned,
  divideSigned32,
  divideUnsigned,
  divideUnsigned32,
  mul,
  mulhS,
  mulhSU,
  mulhU,
  popcount32,
  rotateLeft,
  shiftLeft,
  shiftRight,
  shiftRightSigned,
  swapBytes32,
  trailingZeros32
} from "./operations/arithmetic.ts"
import { atomic, compareExchange } from "./operations/atomics.ts"
import { callCond, callExec, callHelper, callMem, drainTrace } from "../calls/callbacks.ts"
import { exit, leave, next } from "./exits.ts"
import type { Machine } from "./Machine.ts"
import { load, store } from "./operations/memory.ts"
import { recordAccess, recordExec } from "../calls/traces.ts"

const fpFlags = 2 * Layout.CpuSlot.fpFlags
const fpRound = 2 * Layout.CpuSlot.fpRound

/**
 * Runs code from `entry` until something must be handled outside; `machine.exit` says what. `machine.left` is the number of
 * guest instructions that may run, before and after.
 */
export const execute = (machine: Machine, entry: number): void => {
  const { code, state, vcpu } = machine
  const { f32, f64, i16, i32, i8, pageTable, u16, u32, upper8 } = state
  let pc = entry
  let left = machine.left
  let limit = machine.limit
  for (;;) {
    switch (code[pc]! & 0xff) {
      // --- moves ---
      case 0: {
        // mov
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        i32[d + 1] = i32[a + 1]!
        i32[d] = i32[a]!
        pc += 2
        continue
      }
      case 1: {
        // movi
        const d = code[pc]! >>> 18
        const imm = code[pc + 1]!
        i32[d] = imm
        i32[d + 1] = imm >> 31
        pc += 2
        continue
      }
      // --- 64-bit arithmetic ---
      case 2: {
        // add
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const al = i32[a]!
        const lo = (al + i32[b]!) | 0
        i32[d + 1] = i32[a + 1]! + i32[b + 1]! + (lo >>> 0 < al >>> 0 ? 1 : 0)
        i32[d] = lo
        pc += 3
        continue
      }
      case 3: {
        // addi
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const imm = code[pc + 2]!
        const al = i32[a]!
        const lo = (al + imm) | 0
        i32[d + 1] = i32[a + 1]! + (imm >> 31) + (lo >>> 0 < al >>> 0 ? 1 : 0)
        i32[d] = lo
        pc += 3
        continue
      }
      case 4: {
        // sub
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const al = i32[a]!
        const bl = i32[b]!
        i32[d + 1] = i32[a + 1]! - i32[b + 1]! - (al >>> 0 < bl >>> 0 ? 1 : 0)
        i32[d] = al - bl
        pc += 3
        continue
      }
      case 5: {
        // and
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        i32[d + 1] = i32[a + 1]! & i32[b + 1]!
        i32[d] = i32[a]! & i32[b]!
        pc += 3
        continue
      }
      case 6: {
        // andi
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const imm = code[pc + 2]!
        i32[d + 1] = i32[a + 1]! & (imm >> 31)
        i32[d] = i32[a]! & imm
        pc += 3
        continue
      }
      case 7: {
        // or
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        i32[d + 1] = i32[a + 1]! | i32[b + 1]!
        i32[d] = i32[a]! | i32[b]!
        pc += 3
        continue
      }
      case 8: {
        // ori
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const imm = code[pc + 2]!
        i32[d + 1] = i32[a + 1]! | (imm >> 31)
        i32[d] = i32[a]! | imm
        pc += 3
        continue
      }
      case 9: {
        // xor
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        i32[d + 1] = i32[a + 1]! ^ i32[b + 1]!
        i32[d] = i32[a]! ^ i32[b]!
        pc += 3
        continue
      }
      case 10: {
        // xori
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const imm = code[pc + 2]!
        i32[d + 1] = i32[a + 1]! ^ (imm >> 31)
        i32[d] = i32[a]! ^ imm
        pc += 3
        continue
      }
      case 11: {
        // mul
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        mul(i32, d, a, b)
        pc += 3
        continue
      }
      case 12: {
        // mulh_s
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        mulhS(i32, d, a, b)
        pc += 3
        continue
      }
      case 13: {
        // mulh_u
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        mulhU(i32, d, a, b)
        pc += 3
        continue
      }
      case 14: {
        // mulh_su
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        mulhSU(i32, d, a, b)
        pc += 3
        continue
      }
      case 15: {
        // div_s
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        divideSigned(state, d, a, b, false)
        pc += 3
        continue
      }
      case 16: {
        // div_u
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        divideUnsigned(state, d, a, b, false)
        pc += 3
        continue
      }
      case 17: {
        // rem_s
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        divideSigned(state, d, a, b, true)
        pc += 3
        continue
      }
      case 18: {
        // rem_u
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        divideUnsigned(state, d, a, b, true)
        pc += 3
        continue
      }
      case 19: {
        // shl
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        shiftLeft(i32, d, a, i32[b]! & 63)
        pc += 3
        continue
      }
      case 20: {
        // shr
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        shiftRight(i32, d, a, i32[b]! & 63)
        pc += 3
        continue
      }
      case 21: {
        // sar
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        shiftRightSigned(i32, d, a, i32[b]! & 63)
        pc += 3
        continue
      }
      case 22: {
        // rotl
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        rotateLeft(i32, d, a, i32[b]! & 63)
        pc += 3
        continue
      }
      case 23: {
        // rotr
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        rotateLeft(i32, d, a, -i32[b]! & 63)
        pc += 3
        continue
      }
      case 24: {
        // shli_low
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const n = code[pc + 2]!
        const lo = i32[a]!
        i32[d + 1] = (i32[a + 1]! << n) | (lo >>> -n)
        i32[d] = lo << n
        pc += 3
        continue
      }
      case 25: {
        // shli_high
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const n = code[pc + 2]!
        const lo = i32[a]!
        i32[d] = 0
        i32[d + 1] = lo << n
        pc += 3
        continue
      }
      case 26: {
        // shri_low
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const n = code[pc + 2]!
        const hi = i32[a + 1]!
        i32[d] = (i32[a]! >>> n) | (hi << -n)
        i32[d + 1] = hi >>> n
        pc += 3
        continue
      }
      case 27: {
        // shri_high
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const n = code[pc + 2]!
        const hi = i32[a + 1]!
        i32[d] = hi >>> n
        i32[d + 1] = 0
        pc += 3
        continue
      }
      case 28: {
        // sari_low
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const n = code[pc + 2]!
        const hi = i32[a + 1]!
        i32[d] = (i32[a]! >>> n) | (hi << -n)
        i32[d + 1] = hi >> n
        pc += 3
        continue
      }
      case 29: {
        // sari_high
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const n = code[pc + 2]!
        const hi = i32[a + 1]!
        i32[d] = hi >> n
        i32[d + 1] = hi >> 31
        pc += 3
        continue
      }
      // --- bits and extensions ---
      case 30: {
        // clz
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const hi = i32[a + 1]!
        i32[d] = hi === 0 ? 32 + Math.clz32(i32[a]!) : Math.clz32(hi)
        i32[d + 1] = 0
        pc += 2
        continue
      }
      case 31: {
        // ctz
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const lo = i32[a]!
        i32[d] = lo === 0 ? 32 + trailingZeros32(i32[a + 1]!) : trailingZeros32(lo)
        i32[d + 1] = 0
        pc += 2
        continue
      }
      case 32: {
        // popcnt
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        i32[d] = popcount32(i32[a]!) + popcount32(i32[a + 1]!)
        i32[d + 1] = 0
        pc += 2
        continue
      }
      case 33: {
        // bswap
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const lo = i32[a]!
        i32[d] = swapBytes32(i32[a + 1]!)
        i32[d + 1] = swapBytes32(lo)
        pc += 2
        continue
      }
      case 34: {
        // ext8s
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const value = (i32[a]! << 24) >> 24
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 2
        continue
      }
      case 35: {
        // ext16s
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const value = (i32[a]! << 16) >> 16
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 2
        continue
      }
      case 36: {
        // ext32s
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const value = i32[a]!
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 2
        continue
      }
      case 37: {
        // ext8u
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        i32[d] = i32[a]! & 0xff
        i32[d + 1] = 0
        pc += 2
        continue
      }
      case 38: {
        // ext16u
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        i32[d] = i32[a]! & 0xffff
        i32[d + 1] = 0
        pc += 2
        continue
      }
      case 39: {
        // ext32u
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        i32[d] = i32[a]!
        i32[d + 1] = 0
        pc += 2
        continue
      }
      // --- conditions ---
      case 40: {
        // seteq
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        i32[d] = i32[a]! === i32[b]! && i32[a + 1]! === i32[b + 1]! ? 1 : 0
        i32[d + 1] = 0
        pc += 3
        continue
      }
      case 41: {
        // setne
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        i32[d] = i32[a]! !== i32[b]! || i32[a + 1]! !== i32[b + 1]! ? 1 : 0
        i32[d + 1] = 0
        pc += 3
        continue
      }
      case 42: {
        // setlt
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const ah = i32[a + 1]!
        const bh = i32[b + 1]!
        i32[d] = (ah === bh ? u32[a]! < u32[b]! : ah < bh) ? 1 : 0
        i32[d + 1] = 0
        pc += 3
        continue
      }
      case 43: {
        // setge
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const ah = i32[a + 1]!
        const bh = i32[b + 1]!
        i32[d] = (ah === bh ? u32[a]! >= u32[b]! : ah > bh) ? 1 : 0
        i32[d + 1] = 0
        pc += 3
        continue
      }
      case 44: {
        // setltu
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const ah = u32[a + 1]!
        const bh = u32[b + 1]!
        i32[d] = (ah === bh ? u32[a]! < u32[b]! : ah < bh) ? 1 : 0
        i32[d + 1] = 0
        pc += 3
        continue
      }
      case 45: {
        // setgeu
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const ah = u32[a + 1]!
        const bh = u32[b + 1]!
        i32[d] = (ah === bh ? u32[a]! >= u32[b]! : ah > bh) ? 1 : 0
        i32[d + 1] = 0
        pc += 3
        continue
      }
      case 46: {
        // moveq
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const x = code[pc + 3]! >>> 2
        const y = code[pc + 4]! >>> 2
        const from = i32[a]! === i32[b]! && i32[a + 1]! === i32[b + 1]! ? x : y
        i32[d + 1] = i32[from + 1]!
        i32[d] = i32[from]!
        pc += 5
        continue
      }
      case 47: {
        // movne
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const x = code[pc + 3]! >>> 2
        const y = code[pc + 4]! >>> 2
        const from = i32[a]! !== i32[b]! || i32[a + 1]! !== i32[b + 1]! ? x : y
        i32[d + 1] = i32[from + 1]!
        i32[d] = i32[from]!
        pc += 5
        continue
      }
      case 48: {
        // movlt
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const x = code[pc + 3]! >>> 2
        const y = code[pc + 4]! >>> 2
        const ah = i32[a + 1]!
        const bh = i32[b + 1]!
        const from = (ah === bh ? u32[a]! < u32[b]! : ah < bh) ? x : y
        i32[d + 1] = i32[from + 1]!
        i32[d] = i32[from]!
        pc += 5
        continue
      }
      case 49: {
        // movge
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const x = code[pc + 3]! >>> 2
        const y = code[pc + 4]! >>> 2
        const ah = i32[a + 1]!
        const bh = i32[b + 1]!
        const from = (ah === bh ? u32[a]! >= u32[b]! : ah > bh) ? x : y
        i32[d + 1] = i32[from + 1]!
        i32[d] = i32[from]!
        pc += 5
        continue
      }
      case 50: {
        // movltu
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const x = code[pc + 3]! >>> 2
        const y = code[pc + 4]! >>> 2
        const ah = u32[a + 1]!
        const bh = u32[b + 1]!
        const from = (ah === bh ? u32[a]! < u32[b]! : ah < bh) ? x : y
        i32[d + 1] = i32[from + 1]!
        i32[d] = i32[from]!
        pc += 5
        continue
      }
      case 51: {
        // movgeu
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const x = code[pc + 3]! >>> 2
        const y = code[pc + 4]! >>> 2
        const ah = u32[a + 1]!
        const bh = u32[b + 1]!
        const from = (ah === bh ? u32[a]! >= u32[b]! : ah > bh) ? x : y
        i32[d + 1] = i32[from + 1]!
        i32[d] = i32[from]!
        pc += 5
        continue
      }
      // --- 32-bit arithmetic ---
      case 52: {
        // add_i32
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const value = (i32[a]! + i32[b]!) | 0
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 3
        continue
      }
      case 53: {
        // addi_i32
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const imm = code[pc + 2]!
        const value = (i32[a]! + imm) | 0
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 3
        continue
      }
      case 54: {
        // sub_i32
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const value = (i32[a]! - i32[b]!) | 0
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 3
        continue
      }
      case 55: {
        // mul_i32
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const value = Math.imul(i32[a]!, i32[b]!)
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 3
        continue
      }
      case 56: {
        // div_s_i32
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const value = divideSigned32(i32[a]!, i32[b]!, false)
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 3
        continue
      }
      case 57: {
        // div_u_i32
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const value = divideUnsigned32(i32[a]!, i32[b]!, false)
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 3
        continue
      }
      case 58: {
        // rem_s_i32
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const value = divideSigned32(i32[a]!, i32[b]!, true)
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 3
        continue
      }
      case 59: {
        // rem_u_i32
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const value = divideUnsigned32(i32[a]!, i32[b]!, true)
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 3
        continue
      }
      case 60: {
        // shl_i32
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const value = i32[a]! << i32[b]!
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 3
        continue
      }
      case 61: {
        // shli_i32
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const imm = code[pc + 2]!
        const value = i32[a]! << imm
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 3
        continue
      }
      case 62: {
        // shr_i32
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const value = (i32[a]! >>> i32[b]!) | 0
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 3
        continue
      }
      case 63: {
        // shri_i32
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const imm = code[pc + 2]!
        const value = (i32[a]! >>> imm) | 0
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 3
        continue
      }
      case 64: {
        // sar_i32
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const value = i32[a]! >> i32[b]!
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 3
        continue
      }
      case 65: {
        // sari_i32
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const imm = code[pc + 2]!
        const value = i32[a]! >> imm
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 3
        continue
      }
      case 66: {
        // rotl_i32
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const word = i32[a]!
        const n = i32[b]! & 31
        const value = n === 0 ? word : (word << n) | (word >>> (32 - n))
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 3
        continue
      }
      case 67: {
        // rotr_i32
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const word = i32[a]!
        const n = i32[b]! & 31
        const value = n === 0 ? word : (word >>> n) | (word << (32 - n))
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 3
        continue
      }
      case 68: {
        // clz_i32
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const value = Math.clz32(i32[a]!)
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 2
        continue
      }
      case 69: {
        // ctz_i32
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const value = trailingZeros32(i32[a]!)
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 2
        continue
      }
      case 70: {
        // popcnt_i32
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const value = popcount32(i32[a]!)
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 2
        continue
      }
      // --- guest memory ---
      case 71: {
        // ld8s
        const d = code[pc]! >>> 18
        const base = code[pc + 1]! >>> 2
        const disp = code[pc + 2]!
        const at = (i32[base]! + disp) | 0
        if (i32[base + 1]! === 0 && (pageTable[at >>> 12]! & 1) !== 0) {
          const value = at < 0 ? upper8[at & 0x7fffffff]! : i8[at]!
          i32[d] = value
          i32[d + 1] = value >> 31
        } else if (!load(machine, d, base, disp, 8)) {
          return leave(machine, pc, left)
        }
        pc += 3
        continue
      }
      case 72: {
        // ld8u
        const d = code[pc]! >>> 18
        const base = code[pc + 1]! >>> 2
        const disp = code[pc + 2]!
        const at = (i32[base]! + disp) | 0
        if (i32[base + 1]! === 0 && (pageTable[at >>> 12]! & 1) !== 0) {
          i32[d] = (at < 0 ? upper8[at & 0x7fffffff]! : i8[at]!) & 0xff
          i32[d + 1] = 0
        } else if (!load(machine, d, base, disp, 0)) {
          return leave(machine, pc, left)
        }
        pc += 3
        continue
      }
      case 73: {
        // ld16s
        const d = code[pc]! >>> 18
        const base = code[pc + 1]! >>> 2
        const disp = code[pc + 2]!
        const at = (i32[base]! + disp) | 0
        if (i32[base + 1]! === 0 && (at & 1) === 0 && (pageTable[at >>> 12]! & 1) !== 0) {
          const value = i16[at >>> 1]!
          i32[d] = value
          i32[d + 1] = value >> 31
        } else if (!load(machine, d, base, disp, 9)) {
          return leave(machine, pc, left)
        }
        pc += 3
        continue
      }
      case 74: {
        // ld16u
        const d = code[pc]! >>> 18
        const base = code[pc + 1]! >>> 2
        const disp = code[pc + 2]!
        const at = (i32[base]! + disp) | 0
        if (i32[base + 1]! === 0 && (at & 1) === 0 && (pageTable[at >>> 12]! & 1) !== 0) {
          i32[d] = u16[at >>> 1]!
          i32[d + 1] = 0
        } else if (!load(machine, d, base, disp, 1)) {
          return leave(machine, pc, left)
        }
        pc += 3
        continue
      }
      case 75: {
        // ld32s
        const d = code[pc]! >>> 18
        const base = code[pc + 1]! >>> 2
        const disp = code[pc + 2]!
        const at = (i32[base]! + disp) | 0
        if (i32[base + 1]! === 0 && (at & 3) === 0 && (pageTable[at >>> 12]! & 1) !== 0) {
          const value = i32[at >>> 2]!
          i32[d] = value
          i32[d + 1] = value >> 31
        } else if (!load(machine, d, base, disp, 10)) {
          return leave(machine, pc, left)
        }
        pc += 3
        continue
      }
      case 76: {
        // ld32u
        const d = code[pc]! >>> 18
        const base = code[pc + 1]! >>> 2
        const disp = code[pc + 2]!
        const at = (i32[base]! + disp) | 0
        if (i32[base + 1]! === 0 && (at & 3) === 0 && (pageTable[at >>> 12]! & 1) !== 0) {
          i32[d] = i32[at >>> 2]!
          i32[d + 1] = 0
        } else if (!load(machine, d, base, disp, 2)) {
          return leave(machine, pc, left)
        }
        pc += 3
        continue
      }
      case 77: {
        // ld64
        const d = code[pc]! >>> 18
        const base = code[pc + 1]! >>> 2
        const disp = code[pc + 2]!
        const at = (i32[base]! + disp) | 0
        if (i32[base + 1]! === 0 && (at & 7) === 0 && (pageTable[at >>> 12]! & 1) !== 0) {
          i32[d] = i32[at >>> 2]!
          i32[d + 1] = i32[(at >>> 2) + 1]!
        } else if (!load(machine, d, base, disp, 3)) {
          return leave(machine, pc, left)
        }
        pc += 3
        continue
      }
      case 78: {
        // st8
        const value = code[pc + 1]! >>> 2
        const base = code[pc + 2]! >>> 2
        const disp = code[pc + 3]!
        const at = (i32[base]! + disp) | 0
        if (i32[base + 1]! === 0 && (pageTable[at >>> 12]! & 2) !== 0) {
          if (at < 0) upper8[at & 0x7fffffff] = i32[value]!
          else i8[at] = i32[value]!
        } else if (!store(machine, value, base, disp, 0)) {
          return leave(machine, pc, left)
        }
        pc += 4
        continue
      }
      case 79: {
        // st16
        const value = code[pc + 1]! >>> 2
        const base = code[pc + 2]! >>> 2
        const disp = code[pc + 3]!
        const at = (i32[base]! + disp) | 0
        if (i32[base + 1]! === 0 && (at & 1) === 0 && (pageTable[at >>> 12]! & 2) !== 0) {
          u16[at >>> 1] = i32[value]!
        } else if (!store(machine, value, base, disp, 1)) {
          return leave(machine, pc, left)
        }
        pc += 4
        continue
      }
      case 80: {
        // st32
        const value = code[pc + 1]! >>> 2
        const base = code[pc + 2]! >>> 2
        const disp = code[pc + 3]!
        const at = (i32[base]! + disp) | 0
        if (i32[base + 1]! === 0 && (at & 3) === 0 && (pageTable[at >>> 12]! & 2) !== 0) {
          i32[at >>> 2] = i32[value]!
        } else if (!store(machine, value, base, disp, 2)) {
          return leave(machine, pc, left)
        }
        pc += 4
        continue
      }
      case 81: {
        // st64
        const value = code[pc + 1]! >>> 2
        const base = code[pc + 2]! >>> 2
        const disp = code[pc + 3]!
        const at = (i32[base]! + disp) | 0
        if (i32[base + 1]! === 0 && (at & 7) === 0 && (pageTable[at >>> 12]! & 2) !== 0) {
          i32[at >>> 2] = i32[value]!
          i32[(at >>> 2) + 1] = i32[value + 1]!
        } else if (!store(machine, value, base, disp, 3)) {
          return leave(machine, pc, left)
        }
        pc += 4
        continue
      }
      case 82: {
        // ld_aligned
        const d = code[pc]! >>> 18
        const base = code[pc + 1]! >>> 2
        const disp = code[pc + 2]!
        const memop = code[pc + 3]!
        if (!load(machine, d, base, disp, memop)) {
          return leave(machine, pc, left)
        }
        pc += 4
        continue
      }
      case 83: {
        // st_aligned
        const value = code[pc + 1]! >>> 2
        const base = code[pc + 2]! >>> 2
        const disp = code[pc + 3]!
        const memop = code[pc + 4]!
        if (!store(machine, value, base, disp, memop)) {
          return leave(machine, pc, left)
        }
        pc += 5
        continue
      }
      case 84: {
        // atomic
        const d = code[pc]! >>> 18
        const addr = code[pc + 1]! >>> 2
        const value = code[pc + 2]! >>> 2
        const memop = code[pc + 3]!
        const opcode = code[pc + 4]!
        if (!atomic(machine, d, addr, value, memop, opcode)) {
          return leave(machine, pc, left)
        }
        pc += 5
        continue
      }
      case 85: {
        // cmpxchg
        const d = code[pc]! >>> 18
        const addr = code[pc + 1]! >>> 2
        const expected = code[pc + 2]! >>> 2
        const value = code[pc + 3]! >>> 2
        const memop = code[pc + 4]!
        if (!compareExchange(machine, d, addr, expected, value, memop)) {
          return leave(machine, pc, left)
        }
        pc += 5
        continue
      }
      // --- control ---
      case 86: {
        // br
        const target = code[pc + 1]!
        pc = target
        continue
      }
      case 87: {
        // breq
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const target = code[pc + 3]!
        if (i32[a]! === i32[b]! && i32[a + 1]! === i32[b + 1]!) {
          pc = target
          continue
        }
        pc += 4
        continue
      }
      case 88: {
        // brne
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const target = code[pc + 3]!
        if (i32[a]! !== i32[b]! || i32[a + 1]! !== i32[b + 1]!) {
          pc = target
          continue
        }
        pc += 4
        continue
      }
      case 89: {
        // brlt
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const target = code[pc + 3]!
        const ah = i32[a + 1]!
        const bh = i32[b + 1]!
        if (ah === bh ? u32[a]! < u32[b]! : ah < bh) {
          pc = target
          continue
        }
        pc += 4
        continue
      }
      case 90: {
        // brge
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const target = code[pc + 3]!
        const ah = i32[a + 1]!
        const bh = i32[b + 1]!
        if (ah === bh ? u32[a]! >= u32[b]! : ah > bh) {
          pc = target
          continue
        }
        pc += 4
        continue
      }
      case 91: {
        // brltu
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const target = code[pc + 3]!
        const ah = u32[a + 1]!
        const bh = u32[b + 1]!
        if (ah === bh ? u32[a]! < u32[b]! : ah < bh) {
          pc = target
          continue
        }
        pc += 4
        continue
      }
      case 92: {
        // brgeu
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const target = code[pc + 3]!
        const ah = u32[a + 1]!
        const bh = u32[b + 1]!
        if (ah === bh ? u32[a]! >= u32[b]! : ah > bh) {
          pc = target
          continue
        }
        pc += 4
        continue
      }
      case 93: {
        // goto_tb
        const n = code[pc]! >>> 16
        const link = code[pc + 1]!
        const pcLow = code[pc + 2]!
        const pcHigh = code[pc + 3]!
        left -= n
        if (left > limit && link >= 0) {
          pc = link
          continue
        }
        pc = next(machine, left, pc + 1, pcLow, pcHigh)
        if (pc < 0) {
          return
        }
        limit = machine.limit
        continue
      }
      case 94: {
        // jeq
        const n = code[pc]! >>> 16
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const link = i32[a]! === i32[b]! && i32[a + 1]! === i32[b + 1]! ? pc + 5 : pc + 3
        left -= n
        const target = code[link]!
        if (left > limit && target >= 0) {
          pc = target
          continue
        }
        pc = next(machine, left, link, code[link + 1]!, 0)
        if (pc < 0) {
          return
        }
        limit = machine.limit
        continue
      }
      case 95: {
        // jne
        const n = code[pc]! >>> 16
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const link = i32[a]! !== i32[b]! || i32[a + 1]! !== i32[b + 1]! ? pc + 5 : pc + 3
        left -= n
        const target = code[link]!
        if (left > limit && target >= 0) {
          pc = target
          continue
        }
        pc = next(machine, left, link, code[link + 1]!, 0)
        if (pc < 0) {
          return
        }
        limit = machine.limit
        continue
      }
      case 96: {
        // jlt
        const n = code[pc]! >>> 16
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const ah = i32[a + 1]!
        const bh = i32[b + 1]!
        const link = (ah === bh ? u32[a]! < u32[b]! : ah < bh) ? pc + 5 : pc + 3
        left -= n
        const target = code[link]!
        if (left > limit && target >= 0) {
          pc = target
          continue
        }
        pc = next(machine, left, link, code[link + 1]!, 0)
        if (pc < 0) {
          return
        }
        limit = machine.limit
        continue
      }
      case 97: {
        // jge
        const n = code[pc]! >>> 16
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const ah = i32[a + 1]!
        const bh = i32[b + 1]!
        const link = (ah === bh ? u32[a]! >= u32[b]! : ah > bh) ? pc + 5 : pc + 3
        left -= n
        const target = code[link]!
        if (left > limit && target >= 0) {
          pc = target
          continue
        }
        pc = next(machine, left, link, code[link + 1]!, 0)
        if (pc < 0) {
          return
        }
        limit = machine.limit
        continue
      }
      case 98: {
        // jltu
        const n = code[pc]! >>> 16
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const ah = u32[a + 1]!
        const bh = u32[b + 1]!
        const link = (ah === bh ? u32[a]! < u32[b]! : ah < bh) ? pc + 5 : pc + 3
        left -= n
        const target = code[link]!
        if (left > limit && target >= 0) {
          pc = target
          continue
        }
        pc = next(machine, left, link, code[link + 1]!, 0)
        if (pc < 0) {
          return
        }
        limit = machine.limit
        continue
      }
      case 99: {
        // jgeu
        const n = code[pc]! >>> 16
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const ah = u32[a + 1]!
        const bh = u32[b + 1]!
        const link = (ah === bh ? u32[a]! >= u32[b]! : ah > bh) ? pc + 5 : pc + 3
        left -= n
        const target = code[link]!
        if (left > limit && target >= 0) {
          pc = target
          continue
        }
        pc = next(machine, left, link, code[link + 1]!, 0)
        if (pc < 0) {
          return
        }
        limit = machine.limit
        continue
      }
      case 100: {
        // goto_ptr
        const n = code[pc]! >>> 16
        const a = code[pc + 1]! >>> 2
        const low = i32[a]!
        left -= n
        if (left > limit && i32[a + 1]! === 0) {
          const at = jumpCacheAt(low)
          const target = i32[at + 1]!
          if (i32[at]! === low && target >= 0) {
            pc = target
            continue
          }
        }
        pc = next(machine, left, -1, low, i32[a + 1]!)
        if (pc < 0) {
          return
        }
        limit = machine.limit
        continue
      }
      case 101: {
        // exit_tb
        const n = code[pc]! >>> 16
        const a = code[pc + 1]! >>> 2
        const kind = code[pc + 2]!
        return exit(machine, left - n, a, kind as ExitKind)
      }
      case 102: {
        // call
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const helper = code[pc + 3]!
        const n = code[pc + 4]!
        callHelper(machine, left - n, d, a, b, helper)
        limit = machine.limit
        pc += 5
        continue
      }
      // --- floating point ---
      case 103: {
        // f32_unbox
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        i32[d] = i32[a + 1]! === -1 ? i32[a]! : 0x7fc00000
        i32[d + 1] = 0
        pc += 2
        continue
      }
      case 104: {
        // f32_box
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        i32[d] = i32[a]!
        i32[d + 1] = -1
        pc += 2
        continue
      }
      case 105: {
        // fadd_f64
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const rm = code[pc + 3]!
        const opcode = code[pc + 4]!
        const result = f64[a >> 1]! + f64[b >> 1]!
        const size = Math.abs(result)
        if (
          size <= 1.7976931348623157e308 &&
          (i32[fpFlags]! & 1) !== 0 &&
          (rm === 0 || (rm === 7 && i32[fpRound]! === 0))
        ) {
          f64[d >> 1] = result
        } else softfloat(state, opcode, d >> 1, a >> 1, b >> 1, 0, rm, 0)
        pc += 5
        continue
      }
      case 106: {
        // fsub_f64
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const rm = code[pc + 3]!
        const opcode = code[pc + 4]!
        const result = f64[a >> 1]! - f64[b >> 1]!
        const size = Math.abs(result)
        if (
          size <= 1.7976931348623157e308 &&
          (i32[fpFlags]! & 1) !== 0 &&
          (rm === 0 || (rm === 7 && i32[fpRound]! === 0))
        ) {
          f64[d >> 1] = result
        } else softfloat(state, opcode, d >> 1, a >> 1, b >> 1, 0, rm, 0)
        pc += 5
        continue
      }
      case 107: {
        // fmul_f64
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const rm = code[pc + 3]!
        const opcode = code[pc + 4]!
        const result = f64[a >> 1]! * f64[b >> 1]!
        const size = Math.abs(result)
        if (
          size <= 1.7976931348623157e308 &&
          size > 2.2250738585072014e-308 &&
          (i32[fpFlags]! & 1) !== 0 &&
          (rm === 0 || (rm === 7 && i32[fpRound]! === 0))
        ) {
          f64[d >> 1] = result
        } else softfloat(state, opcode, d >> 1, a >> 1, b >> 1, 0, rm, 0)
        pc += 5
        continue
      }
      case 108: {
        // fdiv_f64
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const rm = code[pc + 3]!
        const opcode = code[pc + 4]!
        const result = f64[a >> 1]! / f64[b >> 1]!
        const size = Math.abs(result)
        if (
          size <= 1.7976931348623157e308 &&
          size > 2.2250738585072014e-308 &&
          (i32[fpFlags]! & 1) !== 0 &&
          (rm === 0 || (rm === 7 && i32[fpRound]! === 0))
        ) {
          f64[d >> 1] = result
        } else softfloat(state, opcode, d >> 1, a >> 1, b >> 1, 0, rm, 0)
        pc += 5
        continue
      }
      case 109: {
        // fadd_f32
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const rm = code[pc + 3]!
        const opcode = code[pc + 4]!
        const result = Math.fround(f32[a]! + f32[b]!)
        const size = Math.abs(result)
        if (
          size <= 3.4028234663852886e38 &&
          (i32[fpFlags]! & 1) !== 0 &&
          (rm === 0 || (rm === 7 && i32[fpRound]! === 0))
        ) {
          f32[d] = result
          i32[d + 1] = 0
        } else softfloat(state, opcode, d >> 1, a >> 1, b >> 1, 0, rm, 0)
        pc += 5
        continue
      }
      case 110: {
        // fsub_f32
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const rm = code[pc + 3]!
        const opcode = code[pc + 4]!
        const result = Math.fround(f32[a]! - f32[b]!)
        const size = Math.abs(result)
        if (
          size <= 3.4028234663852886e38 &&
          (i32[fpFlags]! & 1) !== 0 &&
          (rm === 0 || (rm === 7 && i32[fpRound]! === 0))
        ) {
          f32[d] = result
          i32[d + 1] = 0
        } else softfloat(state, opcode, d >> 1, a >> 1, b >> 1, 0, rm, 0)
        pc += 5
        continue
      }
      case 111: {
        // fmul_f32
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const rm = code[pc + 3]!
        const opcode = code[pc + 4]!
        const result = Math.fround(f32[a]! * f32[b]!)
        const size = Math.abs(result)
        if (
          size <= 3.4028234663852886e38 &&
          size > 1.1754943508222875e-38 &&
          (i32[fpFlags]! & 1) !== 0 &&
          (rm === 0 || (rm === 7 && i32[fpRound]! === 0))
        ) {
          f32[d] = result
          i32[d + 1] = 0
        } else softfloat(state, opcode, d >> 1, a >> 1, b >> 1, 0, rm, 0)
        pc += 5
        continue
      }
      case 112: {
        // fdiv_f32
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const rm = code[pc + 3]!
        const opcode = code[pc + 4]!
        const result = Math.fround(f32[a]! / f32[b]!)
        const size = Math.abs(result)
        if (
          size <= 3.4028234663852886e38 &&
          size > 1.1754943508222875e-38 &&
          (i32[fpFlags]! & 1) !== 0 &&
          (rm === 0 || (rm === 7 && i32[fpRound]! === 0))
        ) {
          f32[d] = result
          i32[d + 1] = 0
        } else softfloat(state, opcode, d >> 1, a >> 1, b >> 1, 0, rm, 0)
        pc += 5
        continue
      }
      case 113: {
        // float
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const rm = code[pc + 3]!
        const opcode = code[pc + 4]!
        softfloat(state, opcode, d >> 1, a >> 1, b >> 1, 0, rm, 0)
        pc += 5
        continue
      }
      case 114: {
        // fma
        const d = code[pc]! >>> 18
        const a = code[pc + 1]! >>> 2
        const b = code[pc + 2]! >>> 2
        const rm = code[pc + 3]!
        const opcode = code[pc + 4]!
        const c = code[pc + 5]! >>> 2
        const negate = code[pc + 6]!
        softfloat(state, opcode, d >> 1, a >> 1, b >> 1, c >> 1, rm, negate)
        pc += 7
        continue
      }
      // --- instrumentation ---
      case 115: {
        // plugin_exec
        const callback = code[pc + 1]!
        if (!callExec(machine, callback)) {
          return leave(machine, pc, left)
        }
        limit = machine.limit
        pc += 2
        continue
      }
      case 116: {
        // plugin_cond
        const callback = code[pc + 1]!
        if (!callCond(machine, callback)) {
          return leave(machine, pc, left)
        }
        limit = machine.limit
        pc += 2
        continue
      }
      case 117: {
        // plugin_mem
        const base = code[pc + 1]! >>> 2
        const value = code[pc + 2]! >>> 2
        const disp = code[pc + 3]!
        const callback = code[pc + 4]!
        if (!callMem(machine, base, value, disp, callback)) {
          return leave(machine, pc, left)
        }
        limit = machine.limit
        pc += 5
        continue
      }
      case 118: {
        // inline_add
        const slot = code[pc + 1]! >>> 2
        const stride = code[pc + 2]!
        const imm = code[pc + 3]! >>> 2
        const at = slot + vcpu * stride
        const old = i32[at]!
        const lo = (old + i32[imm]!) | 0
        i32[at + 1] = i32[at + 1]! + i32[imm + 1]! + (lo >>> 0 < old >>> 0 ? 1 : 0)
        i32[at] = lo
        pc += 4
        continue
      }
      case 119: {
        // inline_store
        const slot = code[pc + 1]! >>> 2
        const stride = code[pc + 2]!
        const imm = code[pc + 3]! >>> 2
        const at = slot + vcpu * stride
        i32[at + 1] = i32[imm + 1]!
        i32[at] = i32[imm]!
        pc += 4
        continue
      }
      // --- the compiled tier ---
      case 120: {
        // hot
        if (--code[pc + 1]! >= 0) {
          pc += 2
        } else {
          pc = machine.tier!.hot(pc)
        }
        continue
      }
      case 121: {
        // region
        pc = machine.tier!.enterRegion(pc, left)
        if (pc < 0) {
          return
        }
        left = machine.left
        limit = machine.limit
        continue
      }
      case 122: {
        // jump_target
        const a = code[pc + 1]! >>> 2
        const last = code[pc + 2]!
        const low = i32[a]!
        if (low !== last) {
          code[pc + 2] = low
          machine.tier!.noteTarget(low)
        }
        pc += 3
        continue
      }
      // --- traces ---
      case 123: {
        // trace_reserve
        const cursor = code[pc + 1]! >>> 2
        const most = code[pc + 2]!
        const callback = code[pc + 3]!
        if (i32[cursor]! > most) {
          if (!drainTrace(machine, callback)) {
            return leave(machine, pc, left)
          }
          limit = machine.limit
        }
        pc += 4
        continue
      }
      case 124: {
        // trace_exec
        recordExec(i32, pc)
        pc += 7
        continue
      }
      case 125: {
        // trace_mem
        recordAccess(i32, pc)
        pc += 10
        continue
      }
      default:
        throw new Error(`the interpreter has no operation ${code[pc]}`)
    }
  }
}
