/** Arithmetic that takes WebAssembly more than one instruction: operands `a` and `b`, result `d`. */
import { Insn } from "../../wasm/Wasm.ts"
import type { CaseWriter } from "./CaseWriter.ts"

/**
 * The high half of a 64 x 64 bit product from four 32 x 32 products (Hacker's Delight, 2nd edition, section 8-2), then
 * corrected for signed operands: mulh_s(a, b) = mulh_u(a, b) - (a < 0 ? b : 0) - (b < 0 ? a : 0).
 */
export const multiplyHigh = (to: CaseWriter, isSignedA: boolean, isSignedB: boolean): void => {
  const { code } = to
  const [x, y, t, u] = to.locals.i64
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
  const correct = (sign: number, other: number) => {
    code.get(sign)
    code.i64(63n)
    code.op(Insn.i64_shr_s)
    code.get(other)
    code.op(Insn.i64_and)
    code.op(Insn.i64_sub)
  }
  to.value("a")
  code.set(x)
  to.value("b")
  code.set(y)
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
  to.put("d", () => {
    // xh * yh + (t >> 32) + (u >> 32)
    high(x)
    high(y)
    code.op(Insn.i64_mul)
    high(t)
    code.op(Insn.i64_add)
    high(u)
    code.op(Insn.i64_add)
    if (isSignedA) correct(x, y)
    if (isSignedB) correct(y, x)
  })
}

const insns = {
  64: [
    [Insn.i64_div_u, Insn.i64_rem_u],
    [Insn.i64_div_s, Insn.i64_rem_s]
  ],
  32: [
    [Insn.i32_div_u, Insn.i32_rem_u],
    [Insn.i32_div_s, Insn.i32_rem_s]
  ]
} as const

/** The instruction that divides; traps by zero, and as a signed division by -1 where the quotient does not fit. */
const insnFor = (bits: 32 | 64, isSigned: boolean, isRemainder: boolean): number =>
  insns[bits][isSigned ? 1 : 0][isRemainder ? 1 : 0]

/** 64-bit division that never traps: x/0 = -1, x%0 = x, x/-1 = -x, x%-1 = 0. */
export const division = (to: CaseWriter, isSigned: boolean, isRemainder: boolean): void => {
  const { code } = to
  const [x, y] = to.locals.i64
  to.value("a")
  code.set(x)
  to.value("b")
  code.tee(y)
  code.op(Insn.i64_eqz)
  code.ifUnlikely()
  to.put("d", () => (isRemainder ? code.get(x) : code.i64(-1n)))
  to.goOn()
  code.end()
  if (isSigned) {
    code.get(y)
    code.i64(-1n)
    code.op(Insn.i64_eq)
    code.ifUnlikely()
    to.put("d", () => {
      code.i64(0n)
      if (isRemainder) return
      code.get(x)
      code.op(Insn.i64_sub)
    })
    to.goOn()
    code.end()
  }
  to.put("d", () => {
    code.get(x)
    code.get(y)
    code.op(insnFor(64, isSigned, isRemainder))
  })
}

/** 32-bit division that never traps, as `division`; the result is sign-extended. */
export const division32 = (to: CaseWriter, isSigned: boolean, isRemainder: boolean): void => {
  const { code } = to
  const [x, y] = to.locals.i32
  to.low("a")
  code.set(x)
  to.low("b")
  code.tee(y)
  code.op(Insn.i32_eqz)
  code.ifUnlikely()
  to.put32("d", () => (isRemainder ? code.get(x) : code.i32(-1)))
  to.goOn()
  code.end()
  if (isSigned) {
    code.get(y)
    code.i32(-1)
    code.op(Insn.i32_eq)
    code.ifUnlikely()
    to.put32("d", () => {
      code.i32(0)
      if (isRemainder) return
      code.get(x)
      code.op(Insn.i32_sub)
    })
    to.goOn()
    code.end()
  }
  to.put32("d", () => {
    code.get(x)
    code.get(y)
    code.op(insnFor(32, isSigned, isRemainder))
  })
}

/** Byte swap in three rounds: bytes, halfwords, words. */
export const byteSwap = (to: CaseWriter): void => {
  const { code } = to
  const [x] = to.locals.i64
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
  to.value("a")
  code.set(x)
  swap(0x00ff00ff00ff00ffn, 8n)
  swap(0x0000ffff0000ffffn, 16n)
  to.put("d", () => {
    code.get(x)
    code.i64(32n)
    code.op(Insn.i64_rotl)
  })
}
