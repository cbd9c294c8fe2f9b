/** Guest code to the IR of one translation block. */
import type { CodeReader, TranslateOptions } from "@emu/tcg/FrontEnd"
import type { IrBuilder } from "@emu/tcg/ir/Block"
import { RoundingMode } from "@emu/tcg/ir/Opcode"
import { pageSize } from "@emu/tcg/Layout"
import { decode, type Insn, insnSize } from "../isa/decode.ts"
import { Emitter } from "./Emitter.ts"
import { lowerings } from "./lowerings.ts"

/** Longest block, as in QEMU. */
const maxBlockInsns = 512

/** The instruction at an address as (length, bytes), or undefined where it cannot be fetched whole. */
const fetch = (code: CodeReader, pc: number): { readonly raw: number; readonly size: 2 | 4 } | undefined => {
  const low = code.fetch16(pc)
  if (low < 0) return undefined
  const size = insnSize(low)
  if (size === 2) return { raw: low, size }
  const high = code.fetch16(pc + 2)
  if (high < 0) return undefined
  return { raw: ((high << 16) | low) >>> 0, size }
}

/** Deals with the rounding mode of an instruction that has one; false where it raises an exception, always. */
const hasRounding = (emit: Emitter, insn: Insn): boolean => {
  if (!insn.row.hasRounding) return true
  if (insn.rm === RoundingMode.dynamic) {
    emit.checkRounding()
    return true
  }
  if (insn.rm <= RoundingMode.rmm) return true
  emit.rejectRounding()
  return false
}

/** Writes one instruction; true where it ends the block (it then also wrote how the block is left). */
const lower = (emit: Emitter, insn: Insn | undefined): boolean => {
  if (insn === undefined) {
    emit.illegal()
    return true
  }
  if (hasRounding(emit, insn)) lowerings.get(insn.row)!(emit, insn)
  return insn.row.endsBlock
}

/**
 * Translates the block at `builder.pc`: up to a control transfer, an instruction that may change how code is translated, the end of
 * the page, or the limit on instructions. An instruction across a page boundary is a block of its own.
 *
 * Writes nothing and returns false where the first instruction cannot be fetched.
 */
export const translate = (code: CodeReader, builder: IrBuilder, options: TranslateOptions): boolean => {
  const emit = new Emitter(builder)
  const limit = Math.min(options.maxInsns, maxBlockInsns)
  let pc = Number(builder.pc)
  const pageEnd = pc - (pc % pageSize) + pageSize
  for (let count = 0; count < limit && pc < pageEnd; count++) {
    const fetched = fetch(code, pc)
    if (count === 0 && fetched === undefined) return false
    if (fetched === undefined || (count > 0 && pc + fetched.size > pageEnd)) break
    emit.pc = pc
    emit.nextPc = pc + fetched.size
    builder.insnAt(pc, fetched.size, fetched.raw)
    if (lower(emit, decode(fetched.raw, fetched.size))) return true
    pc = emit.nextPc
  }
  emit.goto(pc, 0)
  return true
}
