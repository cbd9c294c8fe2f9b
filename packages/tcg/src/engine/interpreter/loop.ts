/* oxlint-disable max-lines -- one switch is one function, and one function is what V8 compiles as a whole */
/**
 * The interpreter's loop: one switch over the code that `lower` writes.
 *
 * Values are pairs of 32-bit words in the Int32 view of the process's memory; operands are indices of low words. Pairs and
 * BigInt64Array run equally fast once optimised, but pairs neither allocate in V8's lower tiers nor need its BigInt feedback.
 * Case labels are literal numbers because only those make V8 emit a jump table; their names are those of `Code` (a test
 * compares the two). Everything that is not the common case is a function elsewhere.
 */
import { jumpCacheIndex } from "../../TbCache.ts"
import type { ExitKind } from "../../Engine.ts"
import { execute as softfloat } from "../../softfloat/index.ts"
import * as Layout from "../../Layout.ts"
import {
  divideSigned,
  divideSigned32,
  divideUnsigned,
  divideUnsigned32,
  holds,
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
import { enterRegion, hot, noteTarget } from "../tiered/tier.ts"
import { recordAccess, recordExec } from "../calls/traces.ts"

const fpFlags = 2 * Layout.CpuSlot.fpFlags
const fpRound = 2 * Layout.CpuSlot.fpRound

/**
 * Runs code from `entry` until something must be handled outside; `machine.exit` says what. `machine.left` is the number of
 * guest instructions that may run, before and after.
 */
export const execute = (machine: Machine, entry: number): void => {
  const { code, jumpCache, state, vcpu } = machine
  const { f32, f64, i16, i32, i8, pageTable, u16, u32, upper8 } = state
  let pc = entry
  let left = machine.left
  let limit = machine.limit
  for (;;) {
    switch (code[pc]) {
      // --- moves ---
      case 0: {
        // mov
        const d = code[pc + 1]!
        const a = code[pc + 2]!
        i32[d + 1] = i32[a + 1]!
        i32[d] = i32[a]!
        pc += 3
        continue
      }
      case 1: {
        // movi
        const d = code[pc + 1]!
        const imm = code[pc + 2]!
        i32[d] = imm
        i32[d + 1] = imm >> 31
        pc += 3
        continue
      }
      // --- 64-bit arithmetic ---
      case 2: {
        // add
        const d = code[pc + 1]!
        const a = code[pc + 2]!
        const b = code[pc + 3]!
        const al = i32[a]!
        const lo = (al + i32[b]!) | 0
        i32[d + 1] = i32[a + 1]! + i32[b + 1]! + (lo >>> 0 < al >>> 0 ? 1 : 0)
        i32[d] = lo
        pc += 4
        continue
      }
      case 3: {
        // addi
        const d = code[pc + 1]!
        const a = code[pc + 2]!
        const b = code[pc + 3]!
        const al = i32[a]!
        const lo = (al + b) | 0
        i32[d + 1] = i32[a + 1]! + (b >> 31) + (lo >>> 0 < al >>> 0 ? 1 : 0)
        i32[d] = lo
        pc += 4
        continue
      }
      case 4: {
        // sub
        const d = code[pc + 1]!
        const a = code[pc + 2]!
        const b = code[pc + 3]!
        const al = i32[a]!
        const bl = i32[b]!
        i32[d + 1] = i32[a + 1]! - i32[b + 1]! - (al >>> 0 < bl >>> 0 ? 1 : 0)
        i32[d] = al - bl
        pc += 4
        continue
      }
      case 5: {
        // and
        const d = code[pc + 1]!
        const a = code[pc + 2]!
        const b = code[pc + 3]!
        i32[d + 1] = i32[a + 1]! & i32[b + 1]!
        i32[d] = i32[a]! & i32[b]!
        pc += 4
        continue
      }
      case 6: {
        // andi
        const d = code[pc + 1]!
        const a = code[pc + 2]!
        const b = code[pc + 3]!
        i32[d + 1] = i32[a + 1]! & (b >> 31)
        i32[d] = i32[a]! & b
        pc += 4
        continue
      }
      case 7: {
        // or
        const d = code[pc + 1]!
        const a = code[pc + 2]!
        const b = code[pc + 3]!
        i32[d + 1] = i32[a + 1]! | i32[b + 1]!
        i32[d] = i32[a]! | i32[b]!
        pc += 4
        continue
      }
      case 8: {
        // ori
        const d = code[pc + 1]!
        const a = code[pc + 2]!
        const b = code[pc + 3]!
        i32[d + 1] = i32[a + 1]! | (b >> 31)
        i32[d] = i32[a]! | b
        pc += 4
        continue
      }
      case 9: {
        // xor
        const d = code[pc + 1]!
        const a = code[pc + 2]!
        const b = code[pc + 3]!
        i32[d + 1] = i32[a + 1]! ^ i32[b + 1]!
        i32[d] = i32[a]! ^ i32[b]!
        pc += 4
        continue
      }
      case 10: {
        // xori
        const d = code[pc + 1]!
        const a = code[pc + 2]!
        const b = code[pc + 3]!
        i32[d + 1] = i32[a + 1]! ^ (b >> 31)
        i32[d] = i32[a]! ^ b
        pc += 4
        continue
      }
      case 11: {
        // mul
        mul(i32, code[pc + 1]!, code[pc + 2]!, code[pc + 3]!)
        pc += 4
        continue
      }
      case 12: {
        // mulh_s
        mulhS(i32, code[pc + 1]!, code[pc + 2]!, code[pc + 3]!)
        pc += 4
        continue
      }
      case 13: {
        // mulh_u
        mulhU(i32, code[pc + 1]!, code[pc + 2]!, code[pc + 3]!)
        pc += 4
        continue
      }
      case 14: {
        // mulh_su
        mulhSU(i32, code[pc + 1]!, code[pc + 2]!, code[pc + 3]!)
        pc += 4
        continue
      }
      case 15: {
        // div_s
        divideSigned(state, code[pc + 1]!, code[pc + 2]!, code[pc + 3]!, false)
        pc += 4
        continue
      }
      case 16: {
        // div_u
        divideUnsigned(state, code[pc + 1]!, code[pc + 2]!, code[pc + 3]!, false)
        pc += 4
        continue
      }
      case 17: {
        // rem_s
        divideSigned(state, code[pc + 1]!, code[pc + 2]!, code[pc + 3]!, true)
        pc += 4
        continue
      }
      case 18: {
        // rem_u
        divideUnsigned(state, code[pc + 1]!, code[pc + 2]!, code[pc + 3]!, true)
        pc += 4
        continue
      }
      case 19: {
        // shl
        shiftLeft(i32, code[pc + 1]!, code[pc + 2]!, i32[code[pc + 3]!]! & 63)
        pc += 4
        continue
      }
      case 20: {
        // shr
        shiftRight(i32, code[pc + 1]!, code[pc + 2]!, i32[code[pc + 3]!]! & 63)
        pc += 4
        continue
      }
      case 21: {
        // sar
        shiftRightSigned(i32, code[pc + 1]!, code[pc + 2]!, i32[code[pc + 3]!]! & 63)
        pc += 4
        continue
      }
      case 22: {
        // rotl
        rotateLeft(i32, code[pc + 1]!, code[pc + 2]!, i32[code[pc + 3]!]! & 63)
        pc += 4
        continue
      }
      case 23: {
        // rotr
        rotateLeft(i32, code[pc + 1]!, code[pc + 2]!, -i32[code[pc + 3]!]! & 63)
        pc += 4
        continue
      }
      case 24: {
        // shli_low
        const d = code[pc + 1]!
        const a = code[pc + 2]!
        const n = code[pc + 3]!
        const lo = i32[a]!
        i32[d + 1] = (i32[a + 1]! << n) | (lo >>> -n)
        i32[d] = lo << n
        pc += 4
        continue
      }
      case 25: {
        // shli_high
        const d = code[pc + 1]!
        const lo = i32[code[pc + 2]!]!
        i32[d] = 0
        i32[d + 1] = lo << code[pc + 3]!
        pc += 4
        continue
      }
      case 26: {
        // shri_low
        const d = code[pc + 1]!
        const a = code[pc + 2]!
        const n = code[pc + 3]!
        const hi = i32[a + 1]!
        i32[d] = (i32[a]! >>> n) | (hi << -n)
        i32[d + 1] = hi >>> n
        pc += 4
        continue
      }
      case 27: {
        // shri_high
        const d = code[pc + 1]!
        const hi = i32[code[pc + 2]! + 1]!
        i32[d] = hi >>> code[pc + 3]!
        i32[d + 1] = 0
        pc += 4
        continue
      }
      case 28: {
        // sari_low
        const d = code[pc + 1]!
        const a = code[pc + 2]!
        const n = code[pc + 3]!
        const hi = i32[a + 1]!
        i32[d] = (i32[a]! >>> n) | (hi << -n)
        i32[d + 1] = hi >> n
        pc += 4
        continue
      }
      case 29: {
        // sari_high
        const d = code[pc + 1]!
        const hi = i32[code[pc + 2]! + 1]!
        i32[d] = hi >> code[pc + 3]!
        i32[d + 1] = hi >> 31
        pc += 4
        continue
      }
      // --- bits and extensions ---
      case 30: {
        // clz
        const d = code[pc + 1]!
        const a = code[pc + 2]!
        const hi = i32[a + 1]!
        i32[d] = hi === 0 ? 32 + Math.clz32(i32[a]!) : Math.clz32(hi)
        i32[d + 1] = 0
        pc += 3
        continue
      }
      case 31: {
        // ctz
        const d = code[pc + 1]!
        const a = code[pc + 2]!
        const lo = i32[a]!
        i32[d] = lo === 0 ? 32 + trailingZeros32(i32[a + 1]!) : trailingZeros32(lo)
        i32[d + 1] = 0
        pc += 3
        continue
      }
      case 32: {
        // popcnt
        const d = code[pc + 1]!
        const a = code[pc + 2]!
        i32[d] = popcount32(i32[a]!) + popcount32(i32[a + 1]!)
        i32[d + 1] = 0
        pc += 3
        continue
      }
      case 33: {
        // bswap
        const d = code[pc + 1]!
        const a = code[pc + 2]!
        const lo = i32[a]!
        i32[d] = swapBytes32(i32[a + 1]!)
        i32[d + 1] = swapBytes32(lo)
        pc += 3
        continue
      }
      case 34: {
        // ext8s
        const d = code[pc + 1]!
        const value = (i32[code[pc + 2]!]! << 24) >> 24
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 3
        continue
      }
      case 35: {
        // ext16s
        const d = code[pc + 1]!
        const value = (i32[code[pc + 2]!]! << 16) >> 16
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 3
        continue
      }
      case 36: {
        // ext32s
        const d = code[pc + 1]!
        const value = i32[code[pc + 2]!]!
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 3
        continue
      }
      case 37: {
        // ext8u
        const d = code[pc + 1]!
        i32[d] = i32[code[pc + 2]!]! & 0xff
        i32[d + 1] = 0
        pc += 3
        continue
      }
      case 38: {
        // ext16u
        const d = code[pc + 1]!
        i32[d] = i32[code[pc + 2]!]! & 0xffff
        i32[d + 1] = 0
        pc += 3
        continue
      }
      case 39: {
        // ext32u
        const d = code[pc + 1]!
        i32[d] = i32[code[pc + 2]!]!
        i32[d + 1] = 0
        pc += 3
        continue
      }
      // --- conditions ---
      case 40: {
        // seteq
        const d = code[pc + 1]!
        const a = code[pc + 2]!
        const b = code[pc + 3]!
        i32[d] = i32[a]! === i32[b]! && i32[a + 1]! === i32[b + 1]! ? 1 : 0
        i32[d + 1] = 0
        pc += 4
        continue
      }
      case 41: {
        // setne
        const d = code[pc + 1]!
        const a = code[pc + 2]!
        const b = code[pc + 3]!
        i32[d] = i32[a]! !== i32[b]! || i32[a + 1]! !== i32[b + 1]! ? 1 : 0
        i32[d + 1] = 0
        pc += 4
        continue
      }
      case 42: {
        // setlt
        const d = code[pc + 1]!
        const a = code[pc + 2]!
        const b = code[pc + 3]!
        const ah = i32[a + 1]!
        const bh = i32[b + 1]!
        i32[d] = (ah === bh ? u32[a]! < u32[b]! : ah < bh) ? 1 : 0
        i32[d + 1] = 0
        pc += 4
        continue
      }
      case 43: {
        // setge
        const d = code[pc + 1]!
        const a = code[pc + 2]!
        const b = code[pc + 3]!
        const ah = i32[a + 1]!
        const bh = i32[b + 1]!
        i32[d] = (ah === bh ? u32[a]! >= u32[b]! : ah > bh) ? 1 : 0
        i32[d + 1] = 0
        pc += 4
        continue
      }
      case 44: {
        // setltu
        const d = code[pc + 1]!
        const a = code[pc + 2]!
        const b = code[pc + 3]!
        const ah = u32[a + 1]!
        const bh = u32[b + 1]!
        i32[d] = (ah === bh ? u32[a]! < u32[b]! : ah < bh) ? 1 : 0
        i32[d + 1] = 0
        pc += 4
        continue
      }
      case 45: {
        // setgeu
        const d = code[pc + 1]!
        const a = code[pc + 2]!
        const b = code[pc + 3]!
        const ah = u32[a + 1]!
        const bh = u32[b + 1]!
        i32[d] = (ah === bh ? u32[a]! >= u32[b]! : ah > bh) ? 1 : 0
        i32[d + 1] = 0
        pc += 4
        continue
      }
      case 46: {
        // movcond
        const d = code[pc + 1]!
        const from = holds(i32, code[pc + 2]!, code[pc + 3]!, code[pc + 6]!) ? code[pc + 4]! : code[pc + 5]!
        i32[d + 1] = i32[from + 1]!
        i32[d] = i32[from]!
        pc += 7
        continue
      }
      // --- 32-bit arithmetic ---
      case 47: {
        // add_i32
        const d = code[pc + 1]!
        const value = (i32[code[pc + 2]!]! + i32[code[pc + 3]!]!) | 0
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 4
        continue
      }
      case 48: {
        // addi_i32
        const d = code[pc + 1]!
        const value = (i32[code[pc + 2]!]! + code[pc + 3]!) | 0
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 4
        continue
      }
      case 49: {
        // sub_i32
        const d = code[pc + 1]!
        const value = (i32[code[pc + 2]!]! - i32[code[pc + 3]!]!) | 0
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 4
        continue
      }
      case 50: {
        // mul_i32
        const d = code[pc + 1]!
        const value = Math.imul(i32[code[pc + 2]!]!, i32[code[pc + 3]!]!)
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 4
        continue
      }
      case 51: {
        // div_s_i32
        const d = code[pc + 1]!
        const value = divideSigned32(i32[code[pc + 2]!]!, i32[code[pc + 3]!]!, false)
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 4
        continue
      }
      case 52: {
        // div_u_i32
        const d = code[pc + 1]!
        const value = divideUnsigned32(i32[code[pc + 2]!]!, i32[code[pc + 3]!]!, false)
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 4
        continue
      }
      case 53: {
        // rem_s_i32
        const d = code[pc + 1]!
        const value = divideSigned32(i32[code[pc + 2]!]!, i32[code[pc + 3]!]!, true)
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 4
        continue
      }
      case 54: {
        // rem_u_i32
        const d = code[pc + 1]!
        const value = divideUnsigned32(i32[code[pc + 2]!]!, i32[code[pc + 3]!]!, true)
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 4
        continue
      }
      case 55: {
        // shl_i32
        const d = code[pc + 1]!
        const value = i32[code[pc + 2]!]! << i32[code[pc + 3]!]!
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 4
        continue
      }
      case 56: {
        // shli_i32
        const d = code[pc + 1]!
        const value = i32[code[pc + 2]!]! << code[pc + 3]!
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 4
        continue
      }
      case 57: {
        // shr_i32
        const d = code[pc + 1]!
        const value = (i32[code[pc + 2]!]! >>> i32[code[pc + 3]!]!) | 0
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 4
        continue
      }
      case 58: {
        // shri_i32
        const d = code[pc + 1]!
        const value = (i32[code[pc + 2]!]! >>> code[pc + 3]!) | 0
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 4
        continue
      }
      case 59: {
        // sar_i32
        const d = code[pc + 1]!
        const value = i32[code[pc + 2]!]! >> i32[code[pc + 3]!]!
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 4
        continue
      }
      case 60: {
        // sari_i32
        const d = code[pc + 1]!
        const value = i32[code[pc + 2]!]! >> code[pc + 3]!
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 4
        continue
      }
      case 61: {
        // rotl_i32
        const d = code[pc + 1]!
        const word = i32[code[pc + 2]!]!
        const n = i32[code[pc + 3]!]! & 31
        const value = n === 0 ? word : (word << n) | (word >>> (32 - n))
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 4
        continue
      }
      case 62: {
        // rotr_i32
        const d = code[pc + 1]!
        const word = i32[code[pc + 2]!]!
        const n = i32[code[pc + 3]!]! & 31
        const value = n === 0 ? word : (word >>> n) | (word << (32 - n))
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 4
        continue
      }
      case 63: {
        // clz_i32
        const d = code[pc + 1]!
        const value = Math.clz32(i32[code[pc + 2]!]!)
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 3
        continue
      }
      case 64: {
        // ctz_i32
        const d = code[pc + 1]!
        const value = trailingZeros32(i32[code[pc + 2]!]!)
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 3
        continue
      }
      case 65: {
        // popcnt_i32
        const d = code[pc + 1]!
        const value = popcount32(i32[code[pc + 2]!]!)
        i32[d] = value
        i32[d + 1] = value >> 31
        pc += 3
        continue
      }
      // --- guest memory: the quick path is an aligned access to a permitted page, the rest is in memory.ts ---
      case 66: {
        // ld8s
        const base = code[pc + 2]!
        const at = (i32[base]! + code[pc + 3]!) | 0
        if (i32[base + 1]! === 0 && (pageTable[at >>> 12]! & 1) !== 0) {
          const d = code[pc + 1]!
          const value = at < 0 ? upper8[at & 0x7fffffff]! : i8[at]!
          i32[d] = value
          i32[d + 1] = value >> 31
        } else if (!load(machine, code[pc + 1]!, base, code[pc + 3]!, code[pc + 4]!)) {
          return leave(machine, pc, left)
        }
        pc += 5
        continue
      }
      case 67: {
        // ld8u
        const base = code[pc + 2]!
        const at = (i32[base]! + code[pc + 3]!) | 0
        if (i32[base + 1]! === 0 && (pageTable[at >>> 12]! & 1) !== 0) {
          const d = code[pc + 1]!
          i32[d] = (at < 0 ? upper8[at & 0x7fffffff]! : i8[at]!) & 0xff
          i32[d + 1] = 0
        } else if (!load(machine, code[pc + 1]!, base, code[pc + 3]!, code[pc + 4]!)) {
          return leave(machine, pc, left)
        }
        pc += 5
        continue
      }
      case 68: {
        // ld16s
        const base = code[pc + 2]!
        const at = (i32[base]! + code[pc + 3]!) | 0
        if (i32[base + 1]! === 0 && (at & 1) === 0 && (pageTable[at >>> 12]! & 1) !== 0) {
          const d = code[pc + 1]!
          const value = i16[at >>> 1]!
          i32[d] = value
          i32[d + 1] = value >> 31
        } else if (!load(machine, code[pc + 1]!, base, code[pc + 3]!, code[pc + 4]!)) {
          return leave(machine, pc, left)
        }
        pc += 5
        continue
      }
      case 69: {
        // ld16u
        const base = code[pc + 2]!
        const at = (i32[base]! + code[pc + 3]!) | 0
        if (i32[base + 1]! === 0 && (at & 1) === 0 && (pageTable[at >>> 12]! & 1) !== 0) {
          const d = code[pc + 1]!
          i32[d] = u16[at >>> 1]!
          i32[d + 1] = 0
        } else if (!load(machine, code[pc + 1]!, base, code[pc + 3]!, code[pc + 4]!)) {
          return leave(machine, pc, left)
        }
        pc += 5
        continue
      }
      case 70: {
        // ld32s
        const base = code[pc + 2]!
        const at = (i32[base]! + code[pc + 3]!) | 0
        if (i32[base + 1]! === 0 && (at & 3) === 0 && (pageTable[at >>> 12]! & 1) !== 0) {
          const d = code[pc + 1]!
          const value = i32[at >>> 2]!
          i32[d] = value
          i32[d + 1] = value >> 31
        } else if (!load(machine, code[pc + 1]!, base, code[pc + 3]!, code[pc + 4]!)) {
          return leave(machine, pc, left)
        }
        pc += 5
        continue
      }
      case 71: {
        // ld32u
        const base = code[pc + 2]!
        const at = (i32[base]! + code[pc + 3]!) | 0
        if (i32[base + 1]! === 0 && (at & 3) === 0 && (pageTable[at >>> 12]! & 1) !== 0) {
          const d = code[pc + 1]!
          i32[d] = i32[at >>> 2]!
          i32[d + 1] = 0
        } else if (!load(machine, code[pc + 1]!, base, code[pc + 3]!, code[pc + 4]!)) {
          return leave(machine, pc, left)
        }
        pc += 5
        continue
      }
      case 72: {
        // ld64
        const base = code[pc + 2]!
        const at = (i32[base]! + code[pc + 3]!) | 0
        if (i32[base + 1]! === 0 && (at & 7) === 0 && (pageTable[at >>> 12]! & 1) !== 0) {
          const d = code[pc + 1]!
          i32[d] = i32[at >>> 2]!
          i32[d + 1] = i32[(at >>> 2) + 1]!
        } else if (!load(machine, code[pc + 1]!, base, code[pc + 3]!, code[pc + 4]!)) {
          return leave(machine, pc, left)
        }
        pc += 5
        continue
      }
      case 73: {
        // st8
        const base = code[pc + 2]!
        const at = (i32[base]! + code[pc + 3]!) | 0
        if (i32[base + 1]! === 0 && (pageTable[at >>> 12]! & 2) !== 0) {
          const value = i32[code[pc + 1]!]!
          if (at < 0) upper8[at & 0x7fffffff] = value
          else i8[at] = value
        } else if (!store(machine, code[pc + 1]!, base, code[pc + 3]!, code[pc + 4]!)) {
          return leave(machine, pc, left)
        }
        pc += 5
        continue
      }
      case 74: {
        // st16
        const base = code[pc + 2]!
        const at = (i32[base]! + code[pc + 3]!) | 0
        if (i32[base + 1]! === 0 && (at & 1) === 0 && (pageTable[at >>> 12]! & 2) !== 0) {
          u16[at >>> 1] = i32[code[pc + 1]!]!
        } else if (!store(machine, code[pc + 1]!, base, code[pc + 3]!, code[pc + 4]!)) {
          return leave(machine, pc, left)
        }
        pc += 5
        continue
      }
      case 75: {
        // st32
        const base = code[pc + 2]!
        const at = (i32[base]! + code[pc + 3]!) | 0
        if (i32[base + 1]! === 0 && (at & 3) === 0 && (pageTable[at >>> 12]! & 2) !== 0) {
          i32[at >>> 2] = i32[code[pc + 1]!]!
        } else if (!store(machine, code[pc + 1]!, base, code[pc + 3]!, code[pc + 4]!)) {
          return leave(machine, pc, left)
        }
        pc += 5
        continue
      }
      case 76: {
        // st64
        const base = code[pc + 2]!
        const at = (i32[base]! + code[pc + 3]!) | 0
        if (i32[base + 1]! === 0 && (at & 7) === 0 && (pageTable[at >>> 12]! & 2) !== 0) {
          const value = code[pc + 1]!
          i32[at >>> 2] = i32[value]!
          i32[(at >>> 2) + 1] = i32[value + 1]!
        } else if (!store(machine, code[pc + 1]!, base, code[pc + 3]!, code[pc + 4]!)) {
          return leave(machine, pc, left)
        }
        pc += 5
        continue
      }
      case 77: {
        // atomic
        if (!atomic(machine, code[pc + 1]!, code[pc + 2]!, code[pc + 3]!, code[pc + 4]!, code[pc + 5]!)) {
          return leave(machine, pc, left)
        }
        pc += 6
        continue
      }
      case 78: {
        // cmpxchg
        if (!compareExchange(machine, code[pc + 1]!, code[pc + 2]!, code[pc + 3]!, code[pc + 4]!, code[pc + 5]!)) {
          return leave(machine, pc, left)
        }
        pc += 6
        continue
      }
      // --- control ---
      case 79: {
        // br
        pc = code[pc + 1]!
        continue
      }
      case 80: {
        // breq
        const a = code[pc + 1]!
        const b = code[pc + 2]!
        if (i32[a]! === i32[b]! && i32[a + 1]! === i32[b + 1]!) {
          pc = code[pc + 3]!
          continue
        }
        pc += 4
        continue
      }
      case 81: {
        // brne
        const a = code[pc + 1]!
        const b = code[pc + 2]!
        if (i32[a]! !== i32[b]! || i32[a + 1]! !== i32[b + 1]!) {
          pc = code[pc + 3]!
          continue
        }
        pc += 4
        continue
      }
      case 82: {
        // brlt
        const a = code[pc + 1]!
        const b = code[pc + 2]!
        const ah = i32[a + 1]!
        const bh = i32[b + 1]!
        if (ah === bh ? u32[a]! < u32[b]! : ah < bh) {
          pc = code[pc + 3]!
          continue
        }
        pc += 4
        continue
      }
      case 83: {
        // brge
        const a = code[pc + 1]!
        const b = code[pc + 2]!
        const ah = i32[a + 1]!
        const bh = i32[b + 1]!
        if (ah === bh ? u32[a]! >= u32[b]! : ah > bh) {
          pc = code[pc + 3]!
          continue
        }
        pc += 4
        continue
      }
      case 84: {
        // brltu
        const a = code[pc + 1]!
        const b = code[pc + 2]!
        const ah = u32[a + 1]!
        const bh = u32[b + 1]!
        if (ah === bh ? u32[a]! < u32[b]! : ah < bh) {
          pc = code[pc + 3]!
          continue
        }
        pc += 4
        continue
      }
      case 85: {
        // brgeu
        const a = code[pc + 1]!
        const b = code[pc + 2]!
        const ah = u32[a + 1]!
        const bh = u32[b + 1]!
        if (ah === bh ? u32[a]! >= u32[b]! : ah > bh) {
          pc = code[pc + 3]!
          continue
        }
        pc += 4
        continue
      }
      case 86: {
        // goto_tb
        left -= code[pc + 1]!
        const target = code[pc + 2]!
        if (left > limit && target >= 0) {
          pc = target
          continue
        }
        pc = next(machine, left, pc + 2, code[pc + 3]!, code[pc + 4]!)
        if (pc < 0) {
          return
        }
        limit = machine.limit
        continue
      }
      case 87: {
        // jeq
        const a = code[pc + 1]!
        const b = code[pc + 2]!
        const link = i32[a]! === i32[b]! && i32[a + 1]! === i32[b + 1]! ? pc + 6 : pc + 4
        left -= code[pc + 3]!
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
      case 88: {
        // jne
        const a = code[pc + 1]!
        const b = code[pc + 2]!
        const link = i32[a]! !== i32[b]! || i32[a + 1]! !== i32[b + 1]! ? pc + 6 : pc + 4
        left -= code[pc + 3]!
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
      case 89: {
        // jlt
        const a = code[pc + 1]!
        const b = code[pc + 2]!
        const ah = i32[a + 1]!
        const bh = i32[b + 1]!
        const link = (ah === bh ? u32[a]! < u32[b]! : ah < bh) ? pc + 6 : pc + 4
        left -= code[pc + 3]!
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
      case 90: {
        // jge
        const a = code[pc + 1]!
        const b = code[pc + 2]!
        const ah = i32[a + 1]!
        const bh = i32[b + 1]!
        const link = (ah === bh ? u32[a]! >= u32[b]! : ah > bh) ? pc + 6 : pc + 4
        left -= code[pc + 3]!
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
      case 91: {
        // jltu
        const a = code[pc + 1]!
        const b = code[pc + 2]!
        const ah = u32[a + 1]!
        const bh = u32[b + 1]!
        const link = (ah === bh ? u32[a]! < u32[b]! : ah < bh) ? pc + 6 : pc + 4
        left -= code[pc + 3]!
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
      case 92: {
        // jgeu
        const a = code[pc + 1]!
        const b = code[pc + 2]!
        const ah = u32[a + 1]!
        const bh = u32[b + 1]!
        const link = (ah === bh ? u32[a]! >= u32[b]! : ah > bh) ? pc + 6 : pc + 4
        left -= code[pc + 3]!
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
      case 93: {
        // goto_ptr
        const a = code[pc + 2]!
        const low = i32[a]!
        left -= code[pc + 1]!
        if (left > limit && i32[a + 1]! === 0) {
          const index = jumpCacheIndex(low)
          const target = jumpCache[index + 1]!
          if (jumpCache[index]! === low && target >= 0) {
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
      case 94: {
        // exit_tb
        return exit(machine, left - code[pc + 1]!, code[pc + 2]!, code[pc + 3]! as ExitKind)
      }
      case 95: {
        // call
        callHelper(machine, left - code[pc + 5]!, code[pc + 1]!, code[pc + 2]!, code[pc + 3]!, code[pc + 4]!)
        limit = machine.limit
        pc += 6
        continue
      }
      // --- floating point: round to nearest where inexactness is already recorded and the result is normal; else softfloat ---
      case 96: {
        // f32_unbox
        const d = code[pc + 1]!
        const a = code[pc + 2]!
        i32[d] = i32[a + 1]! === -1 ? i32[a]! : 0x7fc00000
        i32[d + 1] = 0
        pc += 3
        continue
      }
      case 97: {
        // f32_box
        const d = code[pc + 1]!
        i32[d] = i32[code[pc + 2]!]!
        i32[d + 1] = -1
        pc += 3
        continue
      }
      case 98: {
        // fadd_f64
        const result = f64[code[pc + 2]! >> 1]! + f64[code[pc + 3]! >> 1]!
        const size = Math.abs(result)
        const rm = code[pc + 4]!
        if (size <= 1.7976931348623157e308 && (i32[fpFlags]! & 1) !== 0 && (rm === 0 || (rm === 7 && i32[fpRound]! === 0))) {
          f64[code[pc + 1]! >> 1] = result
        } else {
          softfloat(state, code[pc + 5]!, code[pc + 1]! >> 1, code[pc + 2]! >> 1, code[pc + 3]! >> 1, 0, code[pc + 4]!, 0)
        }
        pc += 6
        continue
      }
      case 99: {
        // fsub_f64
        const result = f64[code[pc + 2]! >> 1]! - f64[code[pc + 3]! >> 1]!
        const size = Math.abs(result)
        const rm = code[pc + 4]!
        if (size <= 1.7976931348623157e308 && (i32[fpFlags]! & 1) !== 0 && (rm === 0 || (rm === 7 && i32[fpRound]! === 0))) {
          f64[code[pc + 1]! >> 1] = result
        } else {
          softfloat(state, code[pc + 5]!, code[pc + 1]! >> 1, code[pc + 2]! >> 1, code[pc + 3]! >> 1, 0, code[pc + 4]!, 0)
        }
        pc += 6
        continue
      }
      case 100: {
        // fmul_f64
        const result = f64[code[pc + 2]! >> 1]! * f64[code[pc + 3]! >> 1]!
        const size = Math.abs(result)
        const rm = code[pc + 4]!
        if (
          size > 2.2250738585072014e-308 &&
          size <= 1.7976931348623157e308 &&
          (i32[fpFlags]! & 1) !== 0 &&
          (rm === 0 || (rm === 7 && i32[fpRound]! === 0))
        ) {
          f64[code[pc + 1]! >> 1] = result
        } else {
          softfloat(state, code[pc + 5]!, code[pc + 1]! >> 1, code[pc + 2]! >> 1, code[pc + 3]! >> 1, 0, code[pc + 4]!, 0)
        }
        pc += 6
        continue
      }
      case 101: {
        // fdiv_f64
        const result = f64[code[pc + 2]! >> 1]! / f64[code[pc + 3]! >> 1]!
        const size = Math.abs(result)
        const rm = code[pc + 4]!
        if (
          size > 2.2250738585072014e-308 &&
          size <= 1.7976931348623157e308 &&
          (i32[fpFlags]! & 1) !== 0 &&
          (rm === 0 || (rm === 7 && i32[fpRound]! === 0))
        ) {
          f64[code[pc + 1]! >> 1] = result
        } else {
          softfloat(state, code[pc + 5]!, code[pc + 1]! >> 1, code[pc + 2]! >> 1, code[pc + 3]! >> 1, 0, code[pc + 4]!, 0)
        }
        pc += 6
        continue
      }
      case 102: {
        // fadd_f32
        const result = Math.fround(f32[code[pc + 2]!]! + f32[code[pc + 3]!]!)
        const size = Math.abs(result)
        const rm = code[pc + 4]!
        if (size <= 3.4028234663852886e38 && (i32[fpFlags]! & 1) !== 0 && (rm === 0 || (rm === 7 && i32[fpRound]! === 0))) {
          const d = code[pc + 1]!
          f32[d] = result
          i32[d + 1] = 0
        } else {
          softfloat(state, code[pc + 5]!, code[pc + 1]! >> 1, code[pc + 2]! >> 1, code[pc + 3]! >> 1, 0, code[pc + 4]!, 0)
        }
        pc += 6
        continue
      }
      case 103: {
        // fsub_f32
        const result = Math.fround(f32[code[pc + 2]!]! - f32[code[pc + 3]!]!)
        const size = Math.abs(result)
        const rm = code[pc + 4]!
        if (size <= 3.4028234663852886e38 && (i32[fpFlags]! & 1) !== 0 && (rm === 0 || (rm === 7 && i32[fpRound]! === 0))) {
          const d = code[pc + 1]!
          f32[d] = result
          i32[d + 1] = 0
        } else {
          softfloat(state, code[pc + 5]!, code[pc + 1]! >> 1, code[pc + 2]! >> 1, code[pc + 3]! >> 1, 0, code[pc + 4]!, 0)
        }
        pc += 6
        continue
      }
      case 104: {
        // fmul_f32
        const result = Math.fround(f32[code[pc + 2]!]! * f32[code[pc + 3]!]!)
        const size = Math.abs(result)
        const rm = code[pc + 4]!
        if (
          size > 1.1754943508222875e-38 &&
          size <= 3.4028234663852886e38 &&
          (i32[fpFlags]! & 1) !== 0 &&
          (rm === 0 || (rm === 7 && i32[fpRound]! === 0))
        ) {
          const d = code[pc + 1]!
          f32[d] = result
          i32[d + 1] = 0
        } else {
          softfloat(state, code[pc + 5]!, code[pc + 1]! >> 1, code[pc + 2]! >> 1, code[pc + 3]! >> 1, 0, code[pc + 4]!, 0)
        }
        pc += 6
        continue
      }
      case 105: {
        // fdiv_f32
        const result = Math.fround(f32[code[pc + 2]!]! / f32[code[pc + 3]!]!)
        const size = Math.abs(result)
        const rm = code[pc + 4]!
        if (
          size > 1.1754943508222875e-38 &&
          size <= 3.4028234663852886e38 &&
          (i32[fpFlags]! & 1) !== 0 &&
          (rm === 0 || (rm === 7 && i32[fpRound]! === 0))
        ) {
          const d = code[pc + 1]!
          f32[d] = result
          i32[d + 1] = 0
        } else {
          softfloat(state, code[pc + 5]!, code[pc + 1]! >> 1, code[pc + 2]! >> 1, code[pc + 3]! >> 1, 0, code[pc + 4]!, 0)
        }
        pc += 6
        continue
      }
      case 106: {
        // float
        softfloat(state, code[pc + 5]!, code[pc + 1]! >> 1, code[pc + 2]! >> 1, code[pc + 3]! >> 1, 0, code[pc + 4]!, 0)
        pc += 6
        continue
      }
      case 107: {
        // fma
        softfloat(
          state,
          code[pc + 5]!,
          code[pc + 1]! >> 1,
          code[pc + 2]! >> 1,
          code[pc + 3]! >> 1,
          code[pc + 6]! >> 1,
          code[pc + 4]!,
          code[pc + 7]!
        )
        pc += 8
        continue
      }
      // --- instrumentation ---
      case 108: {
        // plugin_exec
        if (!callExec(machine, code[pc + 1]!)) {
          return leave(machine, pc, left)
        }
        limit = machine.limit
        pc += 2
        continue
      }
      case 109: {
        // plugin_cond
        if (!callCond(machine, code[pc + 1]!)) {
          return leave(machine, pc, left)
        }
        limit = machine.limit
        pc += 2
        continue
      }
      case 110: {
        // plugin_mem
        if (!callMem(machine, code[pc + 1]!, code[pc + 2]!, code[pc + 3]!, code[pc + 4]!)) {
          return leave(machine, pc, left)
        }
        limit = machine.limit
        pc += 5
        continue
      }
      case 111: {
        // inline_add
        const slot = code[pc + 1]! + vcpu * code[pc + 2]!
        const b = code[pc + 3]!
        const old = i32[slot]!
        const lo = (old + i32[b]!) | 0
        i32[slot + 1] = i32[slot + 1]! + i32[b + 1]! + (lo >>> 0 < old >>> 0 ? 1 : 0)
        i32[slot] = lo
        pc += 4
        continue
      }
      case 112: {
        // inline_store
        const slot = code[pc + 1]! + vcpu * code[pc + 2]!
        const b = code[pc + 3]!
        i32[slot + 1] = i32[b + 1]!
        i32[slot] = i32[b]!
        pc += 4
        continue
      }
      // --- the compiled tier ---
      case 113: {
        // hot
        if (--code[pc + 1]! >= 0) {
          pc += 2
        } else {
          pc = hot(machine, pc)
        }
        continue
      }
      case 114: {
        // region
        pc = enterRegion(machine, pc, left)
        if (pc < 0) {
          return
        }
        left = machine.left
        limit = machine.limit
        continue
      }
      case 118: {
        // jump_target
        const low = i32[code[pc + 1]!]!
        if (code[pc + 2] !== low) {
          code[pc + 2] = low
          noteTarget(machine, low)
        }
        pc += 3
        continue
      }
      // --- traces ---
      case 115: {
        // trace_reserve
        if (i32[code[pc + 1]!]! > code[pc + 2]!) {
          if (!drainTrace(machine, code[pc + 3]!)) {
            return leave(machine, pc, left)
          }
          limit = machine.limit
        }
        pc += 4
        continue
      }
      case 116: {
        // trace_exec
        recordExec(i32, code, pc)
        pc += 7
        continue
      }
      case 117: {
        // trace_mem
        recordAccess(i32, code, pc)
        pc += 10
        continue
      }
      default:
        throw new Error(`the interpreter has no operation ${code[pc]}`)
    }
  }
}
