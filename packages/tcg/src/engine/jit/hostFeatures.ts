/** What the host's WebAssembly can do, found out by trying. */
import { CodeWriter } from "../../wasm/CodeWriter.ts"
import { ModuleWriter } from "../../wasm/ModuleWriter.ts"
import { Insn, ValType } from "../../wasm/Wasm.ts"

/**
 * Whether `f64x2.relaxed_madd` rounds once. (1 + 2^-52)^2 - (1 + 2^-51) is 2^-104 then, and 0 where it rounds twice.
 */
export const hasFusedMultiplyAdd = (): boolean => {
  const code = new CodeWriter(3)
  for (const operand of [0, 1, 2]) {
    code.get(operand)
    code.op(Insn.f64x2_splat)
  }
  code.op(Insn.f64x2_relaxed_madd)
  code.opBytes(Insn.f64x2_extract_lane, 0)
  const module = new ModuleWriter()
  const { f64 } = ValType
  module.function(module.type([f64, f64, f64], [f64]), "madd", code.body())
  try {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(module.finish({ standalone: true })))
    const madd = instance.exports["madd"] as (a: number, b: number, c: number) => number
    return madd(1 + 2 ** -52, 1 + 2 ** -52, -(1 + 2 ** -51)) === 2 ** -104
  } catch {
    // An engine without relaxed SIMD refuses the module.
    return false
  }
}
