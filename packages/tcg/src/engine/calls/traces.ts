/** Records of traces; `TraceBuffer` says how they lie in memory. */
import { MemOp } from "../../ir/Opcode.ts"

type Words = Int32Array<ArrayBufferLike>

/** Appends a site and an address to the trace that the operation at `pc` names. Gives the record's number. */
const append = (i32: Words, code: Int32Array<ArrayBuffer>, pc: number, address: number): number => {
  const cursor = code[pc + 1]!
  const at = i32[cursor]! >> 2
  i32[code[pc + 2]! + at] = code[pc + 5]!
  i32[code[pc + 3]! + at] = address
  i32[cursor] = (at + 1) << 2
  return at
}

/** `trace_exec` at `pc`. */
export const recordExec = (i32: Words, code: Int32Array<ArrayBuffer>, pc: number): void => {
  const at = append(i32, code, pc, code[pc + 6]!)
  const values = code[pc + 4]!
  if (values !== 0) {
    i32[values + 2 * at] = 0
    i32[values + 2 * at + 1] = 0
  }
}

/** `trace_mem` at `pc`: the value is zero-extended. */
export const recordAccess = (i32: Words, code: Int32Array<ArrayBuffer>, pc: number): void => {
  const at = append(i32, code, pc, i32[code[pc + 6]!]! + code[pc + 7]!)
  const values = code[pc + 4]!
  if (values !== 0) {
    const value = code[pc + 8]!
    const size = code[pc + 9]! & MemOp.sizeMask
    const unused = size === MemOp.size64 ? 0 : 32 - (8 << size)
    i32[values + 2 * at] = (i32[value]! << unused) >>> unused
    i32[values + 2 * at + 1] = size === MemOp.size64 ? i32[value + 1]! : 0
  }
}
