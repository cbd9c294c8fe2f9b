/**
 * Floating point. Quick is rounding to nearest where inexactness is already recorded and the result is normal: then the host's result is
 * the guest's. Softfloat does the rest.
 */
import { CpuSlot, FpFlag } from "../../Layout.ts"
import { RoundingMode } from "../../ir/Opcode.ts"
import type { Label } from "../../wasm/CodeWriter.ts"
import { Insn } from "../../wasm/Wasm.ts"
import type { CaseWriter } from "./CaseWriter.ts"
import { type Family, type Operation, operation } from "./Operation.ts"

const softfloatText = "softfloat(state, opcode, d >> 1, a >> 1, b >> 1, 0, rm, 0)"

/** Calls softfloat: operands are named by slots. */
const softfloat = (to: CaseWriter, third?: string): void => {
  const { code } = to
  to.word("opcode")
  for (const name of ["d", "a", "b"]) {
    to.word(name)
    to.index(3)
  }
  if (third === undefined) code.i32(0)
  else {
    to.word(third)
    to.index(3)
  }
  to.word("rm")
  if (third === undefined) code.i32(0)
  else to.word("negate")
  to.callWith("float")
}

/** Branches to `slow` where the status or the rounding mode is not the usual one. */
const usual = (to: CaseWriter, slow: Label): void => {
  const { code } = to
  to.slot(CpuSlot.fpFlags)
  code.i32(FpFlag.inexact)
  code.op(Insn.i32_and)
  code.op(Insn.i32_eqz)
  code.brIfUnlikely(slow)
  to.word("rm")
  code.if()
  to.word("rm")
  code.i32(RoundingMode.dynamic)
  code.op(Insn.i32_ne)
  code.brIfUnlikely(slow)
  to.slot(CpuSlot.fpRound)
  code.brIfUnlikely(slow)
  code.end()
}

interface Format {
  readonly bits: 32 | 64
  readonly smallestNormal: number
  readonly largest: number
}

const formats: ReadonlyArray<Format> = [
  { bits: 64, smallestNormal: 2.2250738585072014e-308, largest: 1.7976931348623157e308 },
  { bits: 32, smallestNormal: 1.1754943508222875e-38, largest: 3.4028234663852886e38 }
]

interface Arithmetic {
  readonly name: string
  readonly sign: string
  readonly insns: Readonly<Record<32 | 64, number>>
  /** The result can be tiny though no operand is. */
  readonly mayBeTiny: boolean
}

const rows: ReadonlyArray<Arithmetic> = [
  { name: "fadd", sign: "+", insns: { 64: Insn.f64_add, 32: Insn.f32_add }, mayBeTiny: false },
  { name: "fsub", sign: "-", insns: { 64: Insn.f64_sub, 32: Insn.f32_sub }, mayBeTiny: false },
  { name: "fmul", sign: "*", insns: { 64: Insn.f64_mul, 32: Insn.f32_mul }, mayBeTiny: true },
  { name: "fdiv", sign: "/", insns: { 64: Insn.f64_div, 32: Insn.f32_div }, mayBeTiny: true }
]

/** Text of a limit as the reference writes it. */
const number = (value: number): string => String(value).replace("e+", "e")

const arithmetic = ({ bits, largest, smallestNormal }: Format, { insns, mayBeTiny, name, sign }: Arithmetic): Operation => {
  const value = bits === 64 ? `f64[a >> 1]! ${sign} f64[b >> 1]!` : `Math.fround(f32[a]! ${sign} f32[b]!)`
  const put =
    bits === 64
      ? "  f64[d >> 1] = result"
      : `  f32[d] = result
  i32[d + 1] = 0`
  return operation(
    `${name}_f${bits}`,
    "^d a b #rm #opcode",
    `const result = ${value}
const size = Math.abs(result)
if (
  size <= ${number(largest)} &&${mayBeTiny ? `\n  size > ${number(smallestNormal)} &&` : ""}
  (i32[fpFlags]! & 1) !== 0 &&
  (rm === 0 || (rm === 7 && i32[fpRound]! === 0))
) {
${put}
} else ${softfloatText}`,
    (to) => {
      const { code, locals } = to
      const wide = bits === 64
      const result = wide ? locals.f64 : locals.f32
      const limit = (bound: number) => (wide ? code.f64(bound) : code.f32(bound))
      const slow = code.block()
      usual(to, slow)
      for (const operand of ["a", "b"]) {
        if (wide) to.f64(operand)
        else to.f32(operand)
      }
      code.op(insns[bits])
      code.tee(result)
      code.op(wide ? Insn.f64_abs : Insn.f32_abs)
      limit(largest)
      code.op(wide ? Insn.f64_le : Insn.f32_le)
      code.op(Insn.i32_eqz)
      code.brIfUnlikely(slow)
      if (mayBeTiny) {
        code.get(result)
        code.op(wide ? Insn.f64_abs : Insn.f32_abs)
        limit(smallestNormal)
        code.op(wide ? Insn.f64_gt : Insn.f32_gt)
        code.op(Insn.i32_eqz)
        code.brIfUnlikely(slow)
      }
      if (wide) {
        to.word("d")
        code.get(result)
        code.memory(Insn.f64_store, 0)
      } else
        to.putU32("d", () => {
          code.get(result)
          code.op(Insn.i32_reinterpret_f32)
        })
      to.goOn()
      code.end()
      softfloat(to)
    }
  )
}

export const floats: Family = {
  heading: "floating point",
  operations: [
    operation(
      "f32_unbox",
      "^d a",
      `i32[d] = i32[a + 1]! === -1 ? i32[a]! : 0x7fc00000
i32[d + 1] = 0`,
      (to) =>
        to.putU32("d", () => {
          to.low("a")
          to.code.i32(0x7fc00000)
          to.high("a")
          to.code.i32(-1)
          to.code.op(Insn.i32_eq)
          to.code.op(Insn.select)
        })
    ),
    operation(
      "f32_box",
      "^d a",
      `i32[d] = i32[a]!
i32[d + 1] = -1`,
      (to) =>
        to.put("d", () => {
          to.value("a")
          to.code.i64(-0x100000000n)
          to.code.op(Insn.i64_or)
        })
    ),
    ...formats.flatMap((format) => rows.map((row) => arithmetic(format, row))),
    operation("float", "^d a b #rm #opcode", softfloatText, (to) => softfloat(to)),
    operation(
      "fma",
      "^d a b #rm #opcode c #negate",
      "softfloat(state, opcode, d >> 1, a >> 1, b >> 1, c >> 1, rm, negate)",
      (to) => softfloat(to, "c")
    )
  ]
}
