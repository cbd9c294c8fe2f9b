/** 64-bit arithmetic. */
import { Insn } from "../../wasm/Wasm.ts"
import { division, multiplyHigh } from "./longArithmetic.ts"
import { type Family, type Operation, operation } from "./Operation.ts"

/** An operation that is one instruction of WebAssembly. */
const binary = (name: string, insn: number, text: string): Operation =>
  operation(name, "^d a b", text, (to) =>
    to.put("d", () => {
      to.value("a")
      to.value("b")
      to.code.op(insn)
    })
  )

/** The same with a sign-extended word as the second operand. */
const immediate = (name: string, insn: number, text: string): Operation =>
  operation(name, "^d a #imm", text, (to) =>
    to.put("d", () => {
      to.value("a")
      to.word64("imm")
      to.code.op(insn)
    })
  )

/** Shifts by a constant: the reference does those below 32 in another way than the others. */
const shift = (name: string, insn: number, text: string): Operation =>
  operation(name, "^d a #n", text, (to) =>
    to.put("d", () => {
      to.value("a")
      to.word64("n")
      to.code.op(insn)
    })
  )

const bitwise = (name: string, insn: number, sign: string): ReadonlyArray<Operation> => [
  binary(
    name,
    insn,
    `i32[d + 1] = i32[a + 1]! ${sign} i32[b + 1]!
i32[d] = i32[a]! ${sign} i32[b]!`
  ),
  immediate(
    `${name}i`,
    insn,
    `i32[d + 1] = i32[a + 1]! ${sign} (imm >> 31)
i32[d] = i32[a]! ${sign} imm`
  )
]

export const arithmetic: Family = {
  heading: "64-bit arithmetic",
  operations: [
    binary(
      "add",
      Insn.i64_add,
      `const al = i32[a]!
const lo = (al + i32[b]!) | 0
i32[d + 1] = i32[a + 1]! + i32[b + 1]! + (lo >>> 0 < al >>> 0 ? 1 : 0)
i32[d] = lo`
    ),
    immediate(
      "addi",
      Insn.i64_add,
      `const al = i32[a]!
const lo = (al + imm) | 0
i32[d + 1] = i32[a + 1]! + (imm >> 31) + (lo >>> 0 < al >>> 0 ? 1 : 0)
i32[d] = lo`
    ),
    binary(
      "sub",
      Insn.i64_sub,
      `const al = i32[a]!
const bl = i32[b]!
i32[d + 1] = i32[a + 1]! - i32[b + 1]! - (al >>> 0 < bl >>> 0 ? 1 : 0)
i32[d] = al - bl`
    ),
    ...bitwise("and", Insn.i64_and, "&"),
    ...bitwise("or", Insn.i64_or, "|"),
    ...bitwise("xor", Insn.i64_xor, "^"),
    binary("mul", Insn.i64_mul, "mul(i32, d, a, b)"),
    operation("mulh_s", "^d a b", "mulhS(i32, d, a, b)", (to) => multiplyHigh(to, true, true)),
    operation("mulh_u", "^d a b", "mulhU(i32, d, a, b)", (to) => multiplyHigh(to, false, false)),
    operation("mulh_su", "^d a b", "mulhSU(i32, d, a, b)", (to) => multiplyHigh(to, true, false)),
    operation("div_s", "^d a b", "divideSigned(state, d, a, b, false)", (to) => division(to, true, false)),
    operation("div_u", "^d a b", "divideUnsigned(state, d, a, b, false)", (to) => division(to, false, false)),
    operation("rem_s", "^d a b", "divideSigned(state, d, a, b, true)", (to) => division(to, true, true)),
    operation("rem_u", "^d a b", "divideUnsigned(state, d, a, b, true)", (to) => division(to, false, true)),
    binary("shl", Insn.i64_shl, "shiftLeft(i32, d, a, i32[b]! & 63)"),
    binary("shr", Insn.i64_shr_u, "shiftRight(i32, d, a, i32[b]! & 63)"),
    binary("sar", Insn.i64_shr_s, "shiftRightSigned(i32, d, a, i32[b]! & 63)"),
    binary("rotl", Insn.i64_rotl, "rotateLeft(i32, d, a, i32[b]! & 63)"),
    binary("rotr", Insn.i64_rotr, "rotateLeft(i32, d, a, -i32[b]! & 63)"),
    shift(
      "shli_low",
      Insn.i64_shl,
      `const lo = i32[a]!
i32[d + 1] = (i32[a + 1]! << n) | (lo >>> -n)
i32[d] = lo << n`
    ),
    shift(
      "shli_high",
      Insn.i64_shl,
      `const lo = i32[a]!
i32[d] = 0
i32[d + 1] = lo << n`
    ),
    shift(
      "shri_low",
      Insn.i64_shr_u,
      `const hi = i32[a + 1]!
i32[d] = (i32[a]! >>> n) | (hi << -n)
i32[d + 1] = hi >>> n`
    ),
    shift(
      "shri_high",
      Insn.i64_shr_u,
      `const hi = i32[a + 1]!
i32[d] = hi >>> n
i32[d + 1] = 0`
    ),
    shift(
      "sari_low",
      Insn.i64_shr_s,
      `const hi = i32[a + 1]!
i32[d] = (i32[a]! >>> n) | (hi << -n)
i32[d + 1] = hi >> n`
    ),
    shift(
      "sari_high",
      Insn.i64_shr_s,
      `const hi = i32[a + 1]!
i32[d] = hi >> n
i32[d + 1] = hi >> 31`
    )
  ]
}
