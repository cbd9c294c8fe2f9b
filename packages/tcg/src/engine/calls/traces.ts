/** Records of traces; `TraceBuffer` says how they lie in memory. */
import { MemOp } from "../../ir/Opcode.ts"

type Words = Int32Array<ArrayBufferLike>

/** Appends a site and an address to the trace that the operation at `pc` names. Gives the record's number. */
const append = (i32: Words, pc: number, address: number): number => {
  const cursor = i32[pc + 1]! >>> 2
  const at = i32[cursor]! >> 2
  i32[(i32[pc + 2]! >>> 2) + at] = i32[pc + 5]!
  i32[(i32[pc + 3]! >>> 2) + at] = address
  i32[cursor] = (at + 1) << 2
  return at
}

/** `trace_exec` at `pc`. */
export const recordExec = (i32: Words, pc: number): void => {
  const at = append(i32, pc, i32[pc + 6]!)
  const values = i32[pc + 4]! >>> 2
  if (values !== 0) {
    i32[values + 2 * at] = 0
    i32[values + 2 * at + 1] = 0
  }
}

/** `trace_mem` at `pc`: the value is zero-extended. */
export const recordAccess = (i32: Words, pc: number): void => {
  const at = append(i32, pc, i32[i32[pc + 6]! >>> 2]! + i32[pc + 7]!)
  const values = i32[pc + 4]! >>> 2
  if (values !== 0) {
    const value = i32[pc + 8]! >>> 2
    const size = i32[pc + 9]! & MemOp.sizeMask
    const unused = size === MemOp.size64 ? 0 : 32 - (8 << size)
    i32[values + 2 * at] = (i32[value]! << unused) >>> unused
    i32[values + 2 * at + 1] = size === MemOp.size64 ? i32[value + 1]! : 0
  }
}
