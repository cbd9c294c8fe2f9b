/** What a function's first instructions have done to the stack: for functions without call frame information. */
import type { FrameRule } from "../../elf/callFrames.ts"

const stackPointer = 2
const returnAddress = 1

/** What an instruction does: moves the stack pointer, or saves a register relative to it. */
type Effect = { readonly moves: number } | { readonly saves: number; readonly at: number } | undefined

/** A field of an instruction: `count` bits from bit `from`, moved up by `to`. */
const field = (insn: number, from: number, count: number, to: number): number => ((insn >>> from) & ((1 << count) - 1)) << to

const signed = (value: number, bits: number): number => (value << (32 - bits)) >> (32 - bits)

/** Encodings as in the unprivileged ISA manual: chapters "RV64I" and "C" (CI, CSS formats). */
const compressedEffect = (insn: number): Effect => {
  const register = (insn >>> 7) & 31
  const kind = insn & 0xe003
  // c.addi
  if (kind === 0x0001 && register === stackPointer) {
    return { moves: signed(field(insn, 12, 1, 5) | field(insn, 2, 5, 0), 6) }
  }
  // c.addi16sp
  if (kind === 0x6001 && register === stackPointer) {
    const bits =
      field(insn, 12, 1, 9) | field(insn, 6, 1, 4) | field(insn, 5, 1, 6) | field(insn, 3, 2, 7) | field(insn, 2, 1, 5)
    return { moves: signed(bits, 10) }
  }
  // c.sdsp
  if (kind === 0xe002) return { saves: (insn >>> 2) & 31, at: field(insn, 10, 3, 3) | field(insn, 7, 3, 6) }
  return undefined
}

const effectOf = (insn: number): Effect => {
  const isOfStack = ((insn >>> 15) & 31) === stackPointer
  // addi
  if ((insn & 0x707f) === 0x13 && isOfStack && ((insn >>> 7) & 31) === stackPointer) return { moves: insn >> 20 }
  // sd
  if ((insn & 0x707f) === 0x3023 && isOfStack) {
    return { saves: (insn >>> 20) & 31, at: signed(field(insn, 25, 7, 5) | field(insn, 7, 5, 0), 12) }
  }
  return undefined
}

/**
 * The frame that a function has made.
 *
 * @param code its instructions up to where it is
 */
export const prologueRule = (code: Uint8Array): FrameRule => {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength)
  const saved = new Map<number, number>()
  let size = 0
  for (let at = 0; at + 2 <= code.length;) {
    const low = view.getUint16(at, true)
    const isLong = (low & 3) === 3
    if (isLong && at + 4 > code.length) break
    const effect = isLong ? effectOf(view.getInt32(at, true)) : compressedEffect(low)
    at += isLong ? 4 : 2
    if (effect === undefined) continue
    // what gives the frame back is on a way to a return that was not taken
    if ("moves" in effect) size -= Math.min(effect.moves, 0)
    else if (!saved.has(effect.saves)) saved.set(effect.saves, effect.at - size)
  }
  return { register: stackPointer, offset: size, saved, returnRegister: returnAddress, isOutermost: false }
}
