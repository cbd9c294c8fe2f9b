/** Arithmetic on low words; results are sign-extended. */
import { Insn } from "../../wasm/Wasm.ts"
import type { CaseWriter } from "./CaseWriter.ts"
import { division32 } from "./longArithmetic.ts"
import { type Family, type Operation, operation } from "./Operation.ts"

const result = (value: string): string => `const value = ${value}
i32[d] = value
i32[d + 1] = value >> 31`

const unary = (name: string, insn: number, value: string): Operation =>
  operation(name, "^d a", result(value), (to) =>
    to.put32("d", () => {
      to.low("a")
      to.code.op(insn)
    })
  )

const binary = (name: string, insn: number, value: string): Operation =>
  operation(name, "^d a b", result(value), (to) =>
    to.put32("d", () => {
      to.low("a")
      to.low("b")
      to.code.op(insn)
    })
  )

const immediate = (name: string, insn: number, value: string): Operation =>
  operation(name, "^d a #imm", result(value), (to) =>
    to.put32("d", () => {
      to.low("a")
      to.word("imm")
      to.code.op(insn)
    })
  )

const long = (name: string, value: string, emit: (to: CaseWriter) => void): Operation =>
  operation(name, "^d a b", result(value), emit)

const rotation = (name: string, insn: number, left: string, right: string): Operation => ({
  ...binary(name, insn, ""),
  text: `const word = i32[a]!
const n = i32[b]! & 31
${result(`n === 0 ? word : (word ${left} n) | (word ${right} (32 - n))`)}`
})

export const arithmetic32: Family = {
  heading: "32-bit arithmetic",
  operations: [
    binary("add_i32", Insn.i32_add, "(i32[a]! + i32[b]!) | 0"),
    immediate("addi_i32", Insn.i32_add, "(i32[a]! + imm) | 0"),
    binary("sub_i32", Insn.i32_sub, "(i32[a]! - i32[b]!) | 0"),
    binary("mul_i32", Insn.i32_mul, "Math.imul(i32[a]!, i32[b]!)"),
    long("div_s_i32", "divideSigned32(i32[a]!, i32[b]!, false)", (to) => division32(to, true, false)),
    long("div_u_i32", "divideUnsigned32(i32[a]!, i32[b]!, false)", (to) => division32(to, false, false)),
    long("rem_s_i32", "divideSigned32(i32[a]!, i32[b]!, true)", (to) => division32(to, true, true)),
    long("rem_u_i32", "divideUnsigned32(i32[a]!, i32[b]!, true)", (to) => division32(to, false, true)),
    binary("shl_i32", Insn.i32_shl, "i32[a]! << i32[b]!"),
    immediate("shli_i32", Insn.i32_shl, "i32[a]! << imm"),
    binary("shr_i32", Insn.i32_shr_u, "(i32[a]! >>> i32[b]!) | 0"),
    immediate("shri_i32", Insn.i32_shr_u, "(i32[a]! >>> imm) | 0"),
    binary("sar_i32", Insn.i32_shr_s, "i32[a]! >> i32[b]!"),
    immediate("sari_i32", Insn.i32_shr_s, "i32[a]! >> imm"),
    rotation("rotl_i32", Insn.i32_rotl, "<<", ">>>"),
    rotation("rotr_i32", Insn.i32_rotr, ">>>", "<<"),
    unary("clz_i32", Insn.i32_clz, "Math.clz32(i32[a]!)"),
    unary("ctz_i32", Insn.i32_ctz, "trailingZeros32(i32[a]!)"),
    unary("popcnt_i32", Insn.i32_popcnt, "popcount32(i32[a]!)")
  ]
}
