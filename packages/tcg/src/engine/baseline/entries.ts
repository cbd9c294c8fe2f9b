/** How baseline code looks into the table of entries (`Runtime.ts`). */
import { type CodeWriter, type Label } from "../../wasm/CodeWriter.ts"
import { Insn } from "../../wasm/Wasm.ts"
import { entryMask, entryOffset, entryTableBase, slotMask } from "../jit/Runtime.ts"

/**
 * Pushes a word of the pair for the pc in a local.
 *
 * @param offset 0 for the pair's pc, 4 for its entry
 */
export const pushEntry = (code: CodeWriter, local: number, offset: 0 | 4): void => {
  code.get(local)
  code.i32(2)
  code.op(Insn.i32_shl)
  code.i32(entryMask)
  code.op(Insn.i32_and)
  code.memory(Insn.i32_load, entryTableBase + offset)
}

/**
 * Goes on in the region that can be entered at a pc, if there is one by now: sets the local `next` and goes to `jump`. A loop
 * that was entered in baseline code, behind a call that outlasted its slice of time for example, would otherwise never get there.
 */
export const leaveForRegion = (code: CodeWriter, pc: number, next: number, jump: Label): void => {
  code.i32(0)
  code.memory(Insn.i64_load, entryOffset(pc))
  code.i64(~(BigInt(slotMask) << 32n))
  code.op(Insn.i64_and)
  code.i64(BigInt(pc))
  code.op(Insn.i64_eq)
  code.ifUnlikely()
  code.i32(pc)
  code.set(next)
  code.br(jump)
  code.end()
}
