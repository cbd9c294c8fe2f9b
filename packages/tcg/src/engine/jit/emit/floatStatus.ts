/** What a region's code tests of the floating-point status (`analysis/floatStatus.ts`). */
import { CpuSlot, FpFlag } from "../../../Layout.ts"
import type { CodeWriter } from "../../../wasm/CodeWriter.ts"
import { Insn } from "../../../wasm/Wasm.ts"

/** Pushes 0 where the status is the usual one. */
export const pushUnusualStatus = (code: CodeWriter): void => {
  code.i32(0)
  code.memory(Insn.i32_load, CpuSlot.fpFlags * 8)
  code.i32(FpFlag.inexact)
  code.op(Insn.i32_and)
  code.op(Insn.i32_eqz)
  code.i32(0)
  code.memory(Insn.i32_load, CpuSlot.fpRound * 8)
  code.op(Insn.i32_or)
}
