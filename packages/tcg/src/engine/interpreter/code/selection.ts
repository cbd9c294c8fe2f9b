/** Which operation of the code stands for which of the IR. */
import { ExitKind } from "../../../Engine.ts"
import { Cond, ExitCode, Opcode, opTable } from "../../../ir/Opcode.ts"
import { Code } from "./Code.ts"

/** Operations whose code has the same name and the operands of the IR operation in the same order. */
export const plain: ReadonlyArray<number | undefined> = opTable.map((info) =>
  info.constants === 0 && info.flags === 0 ? (Code as Record<string, number>)[info.name] : undefined
)

/** A table by operation number. */
const byOpcode = <A>(rows: ReadonlyArray<readonly [opcode: number, value: A]>): ReadonlyArray<A | undefined> => {
  const table = new Array<A | undefined>(opTable.length).fill(undefined)
  for (const [opcode, value] of rows) table[opcode] = value
  return table
}

/** Code of an operation whose second operand is a constant of 32 signed bits. */
export const immediate = byOpcode<number>([
  [Opcode.add, Code.addi],
  [Opcode.and, Code.andi],
  [Opcode.or, Code.ori],
  [Opcode.xor, Code.xori]
])

/** The same of operations that use only the low 32 bits. */
export const immediate32 = byOpcode<number>([
  [Opcode.add_i32, Code.addi_i32],
  [Opcode.shl_i32, Code.shli_i32],
  [Opcode.shr_i32, Code.shri_i32],
  [Opcode.sar_i32, Code.sari_i32]
])

/** Shifts by a constant below 32, and by one from 32 on. */
export const shifts = byOpcode<readonly [low: number, high: number]>([
  [Opcode.shl, [Code.shli_low, Code.shli_high]],
  [Opcode.shr, [Code.shri_low, Code.shri_high]],
  [Opcode.sar, [Code.sari_low, Code.sari_high]]
])

/** By the logarithm of the size. */
export const loads = [Code.ld8u, Code.ld16u, Code.ld32u, Code.ld64]
export const signedLoads = [Code.ld8s, Code.ld16s, Code.ld32s, Code.ld64]
export const stores = [Code.st8, Code.st16, Code.st32, Code.st64]

/** Offsets from an `eq` code to that of each condition; le, gt, leu and gtu are ge, lt, geu and ltu with operands swapped. */
export const condOffset = [0, 1, 2, 3, 3, 2, 4, 5, 5, 4]
export const swapped = condOffset.map(
  (_, cond) => cond === Cond.le || cond === Cond.gt || cond === Cond.leu || cond === Cond.gtu
)

export const inlineFloat = byOpcode<number>([
  [Opcode.fadd_f32, Code.fadd_f32],
  [Opcode.fsub_f32, Code.fsub_f32],
  [Opcode.fmul_f32, Code.fmul_f32],
  [Opcode.fdiv_f32, Code.fdiv_f32],
  [Opcode.fadd_f64, Code.fadd_f64],
  [Opcode.fsub_f64, Code.fsub_f64],
  [Opcode.fmul_f64, Code.fmul_f64],
  [Opcode.fdiv_f64, Code.fdiv_f64]
])

export const exitKinds: Record<number, ExitKind> = {
  [ExitCode.syscall]: ExitKind.syscall,
  [ExitCode.breakpoint]: ExitKind.breakpoint,
  [ExitCode.illegal]: ExitKind.illegal,
  [ExitCode.fenceI]: ExitKind.fenceI,
  [ExitCode.yield]: ExitKind.yield
}
