/**
 * Where functions keep what their callers need: the call frame information of an ELF file, which compilers write for exceptions
 * and debuggers use to unwind stacks (DWARF 5, section 6.4; .eh_frame and .eh_frame_hdr as in the Linux Standard Base, core, 10.6).
 */
import { type Elf, SegmentType } from "./Elf.ts"
import { Reader } from "./Reader.ts"

/** How a frame is undone at an address. Registers have DWARF's numbers, which are those of the architecture. */
export interface FrameRule {
  /** The frame's address (CFA), which the stack pointer has when it is undone: a register plus an offset. */
  readonly register: number
  readonly offset: number
  /** Registers that the function has saved: where, from the frame's address on. */
  readonly saved: ReadonlyMap<number, number>
  /** The register that holds the return address, unless it is saved. */
  readonly returnRegister: number
  /** Nobody has called the function: a program or a thread begins there. */
  readonly isOutermost: boolean
}

interface State {
  register: number
  offset: number
  saved: Map<number, number>
  isOutermost: boolean
}

/** What all functions of a compilation have in common. */
interface Common {
  readonly codeFactor: number
  readonly dataFactor: number
  readonly returnRegister: number
  readonly pointerEncoding: number
  readonly hasAugmentation: boolean
  readonly instructions: readonly [start: number, end: number]
}

/** Encodings of pointers: format in the low four bits, what they are relative to above. */
const Encoding = {
  absolute: 0x00,
  udata4: 0x03,
  sdata4: 0x0b,
  udata8: 0x04,
  sdata8: 0x0c,
  relative: 0x10,
  table: 0x3b
} as const

/** No function has more instructions of this kind; what has is no file of a compiler. */
const longest = 1 << 16

export class CallFrames {
  readonly #reader: Reader
  readonly #loads: Elf["loads"]
  /** Offsets in the file: the sorted table of functions, and its entries. */
  readonly #table: number
  readonly #count: number
  /** The address that entries of the table are relative to. */
  readonly #base: number

  constructor({ bytes, loads, segments }: Pick<Elf, "bytes" | "loads" | "segments">) {
    this.#reader = new Reader(bytes)
    this.#loads = loads
    const header = segments.find(({ type }) => type === SegmentType.ehFrame)
    this.#base = header?.address ?? 0
    const start = header?.offset ?? 0
    const isKnown =
      header !== undefined &&
      this.#reader.u8(start) === 1 &&
      sizeOf(this.#reader.u8(start + 1)) === 4 &&
      sizeOf(this.#reader.u8(start + 2)) === 4 &&
      this.#reader.u8(start + 3) === Encoding.table
    this.#table = start + 12
    const count = isKnown ? this.#reader.u32(start + 8) : 0
    this.#count = this.#reader.has(this.#table, 8 * count) ? count : 0
  }

  /** The rule at an address of the file (without load bias); undefined where there is none, or one that is not understood. */
  at(address: number): FrameRule | undefined {
    const entry = this.#offset(this.#find(address))
    if (entry === undefined) return undefined
    const reader = this.#reader
    const end = entry + 4 + reader.u32(entry)
    const common = this.#common(entry + 4 - reader.u32(entry + 4))
    if (common === undefined || !reader.has(entry, end - entry)) return undefined
    const size = sizeOf(common.pointerEncoding)
    if (size === undefined) return undefined
    const start = this.#pointer(entry + 8, common.pointerEncoding)
    const length = size === 4 ? reader.u32(entry + 8 + size) : reader.u64(entry + 8 + size)
    if (address < start || address >= start + length) return undefined
    const cursor = new Cursor(reader, entry + 8 + 2 * size)
    if (common.hasAugmentation) cursor.skip(cursor.unsigned())
    return this.#run(common, [cursor.at, end], address - start)
  }

  /** The address of the entry of the last function that begins at an address, or before. */
  #find(address: number): number {
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#base + this.#i32(this.#table + 8 * middle) > address) high = middle
      else low = middle + 1
    }
    return low === 0 ? -1 : this.#base + this.#i32(this.#table + 8 * (low - 1) + 4)
  }

  #common(at: number): Common | undefined {
    const reader = this.#reader
    const end = at + 4 + reader.u32(at)
    if (!reader.has(at, 9) || reader.u32(at + 4) !== 0 || !reader.has(at, end - at)) return undefined
    const version = reader.u8(at + 8)
    const cursor = new Cursor(reader, at + 9)
    let augmentation = ""
    for (let byte = cursor.u8(); byte !== 0 && augmentation.length < 8; byte = cursor.u8()) {
      augmentation += String.fromCharCode(byte)
    }
    const codeFactor = cursor.unsigned()
    const dataFactor = cursor.signed()
    const returnRegister = version === 1 ? cursor.u8() : cursor.unsigned()
    let pointerEncoding: number = Encoding.absolute
    const hasAugmentation = augmentation.startsWith("z")
    if (hasAugmentation) {
      const size = cursor.unsigned()
      const behind = cursor.at + size
      for (const letter of augmentation.slice(1)) {
        if (letter === "R") pointerEncoding = cursor.u8()
        else if (letter === "L") cursor.skip(1)
        else if (letter === "P") cursor.skip(sizeOf(cursor.u8()) ?? size)
      }
      cursor.at = behind
    } else if (augmentation !== "") {
      return undefined
    }
    return { codeFactor, dataFactor, returnRegister, pointerEncoding, hasAugmentation, instructions: [cursor.at, end] }
  }

  /** Carries out the instructions of a function up to an offset in it. */
  #run(common: Common, own: readonly [number, number], target: number): FrameRule | undefined {
    const state: State = { register: 0, offset: 0, saved: new Map(), isOutermost: false }
    if (execute(this.#reader, common.instructions, common, state, undefined, Infinity) === undefined) return undefined
    const initial = new Map(state.saved)
    if (execute(this.#reader, own, common, state, initial, target) === undefined) return undefined
    return { ...state, returnRegister: common.returnRegister }
  }

  /** A pointer of an entry, as an address. */
  #pointer(at: number, encoding: number): number {
    const reader = this.#reader
    const format = encoding & 0x0f
    const value = format === Encoding.sdata4 ? this.#i32(at) : format === Encoding.udata4 ? reader.u32(at) : reader.u64(at)
    if ((encoding & 0x70) !== Encoding.relative) return value
    const holder = this.#loads.find((load) => at >= load.offset && at < load.offset + load.fileSize)
    // differences of 64 bits may be negative
    const difference = value >= 2 ** 63 ? value - 2 ** 64 : value
    return holder === undefined ? value : at - holder.offset + holder.address + difference
  }

  #i32(at: number): number {
    return this.#reader.u32(at) | 0
  }

  /** The place of an address in the file. */
  #offset(address: number): number | undefined {
    const holder = this.#loads.find((load) => address >= load.address && address < load.address + load.fileSize)
    return holder === undefined ? undefined : address - holder.address + holder.offset
  }
}

/** Bytes of a pointer; undefined for encodings that compilers do not use here. */
const sizeOf = (encoding: number): number | undefined => {
  const format = encoding & 0x0f
  if (format === Encoding.udata4 || format === Encoding.sdata4) return 4
  return format === Encoding.absolute || format === Encoding.udata8 || format === Encoding.sdata8 ? 8 : undefined
}

/** Reads one thing after the other. */
class Cursor {
  readonly #reader: Reader
  at: number

  constructor(reader: Reader, at: number) {
    this.#reader = reader
    this.at = at
  }

  u8(): number {
    return this.#reader.u8(this.at++)
  }

  skip(bytes: number): void {
    this.at += bytes
  }

  /** An unsigned LEB128 number. */
  unsigned(): number {
    let value = 0
    for (let factor = 1; factor < 2 ** 49; factor *= 128) {
      const byte = this.u8()
      value += (byte & 0x7f) * factor
      if (byte < 0x80) break
    }
    return value
  }

  /** A signed LEB128 number. */
  signed(): number {
    let value = 0
    let factor = 1
    let byte: number
    do {
      byte = this.u8()
      value += (byte & 0x7f) * factor
      factor *= 128
    } while (byte >= 0x80 && factor < 2 ** 49)
    return (byte & 0x40) === 0 ? value : value - factor
  }

  /** A number of `size` bytes. */
  fixed(size: number): number {
    const value = size === 1 ? this.#reader.u8(this.at) : size === 2 ? this.#reader.u16(this.at) : this.#reader.u32(this.at)
    this.at += size
    return value
  }
}

/**
 * Carries out call frame instructions until they are about code behind `target`.
 *
 * @param initial what `restore` goes back to
 * @returns undefined where one is not understood
 */
const execute = (
  reader: Reader,
  [start, end]: readonly [number, number],
  { codeFactor, dataFactor, returnRegister }: Common,
  state: State,
  initial: ReadonlyMap<number, number> | undefined,
  target: number
): true | undefined => {
  const cursor = new Cursor(reader, start)
  const remembered: Array<State> = []
  let location = 0
  if (end - start > longest) return undefined
  const restore = (register: number): void => {
    const offset = initial?.get(register)
    if (offset === undefined) state.saved.delete(register)
    else state.saved.set(register, offset)
  }
  while (cursor.at < end) {
    const code = cursor.u8()
    const operand = code & 0x3f
    switch (code >> 6) {
      case 1: // DW_CFA_advance_loc
        location += operand * codeFactor
        if (location > target) return true
        continue
      case 2: // DW_CFA_offset
        state.saved.set(operand, cursor.unsigned() * dataFactor)
        continue
      case 3: // DW_CFA_restore
        restore(operand)
        continue
    }
    switch (code) {
      case 0x00: // DW_CFA_nop
        break
      case 0x02: // DW_CFA_advance_loc1, 2, 4
      case 0x03:
      case 0x04:
        location += cursor.fixed(1 << (code - 2)) * codeFactor
        if (location > target) return true
        break
      case 0x05: // DW_CFA_offset_extended
        state.saved.set(cursor.unsigned(), cursor.unsigned() * dataFactor)
        break
      case 0x11: // DW_CFA_offset_extended_sf
        state.saved.set(cursor.unsigned(), cursor.signed() * dataFactor)
        break
      case 0x06: // DW_CFA_restore_extended
        restore(cursor.unsigned())
        break
      case 0x07: // DW_CFA_undefined
        if (cursor.unsigned() === returnRegister) state.isOutermost = true
        break
      case 0x08: // DW_CFA_same_value
        state.saved.delete(cursor.unsigned())
        break
      case 0x0a: // DW_CFA_remember_state
        remembered.push({ ...state, saved: new Map(state.saved) })
        break
      case 0x0b: // DW_CFA_restore_state
        Object.assign(state, remembered.pop())
        break
      case 0x0c: // DW_CFA_def_cfa
        state.register = cursor.unsigned()
        state.offset = cursor.unsigned()
        break
      case 0x12: // DW_CFA_def_cfa_sf
        state.register = cursor.unsigned()
        state.offset = cursor.signed() * dataFactor
        break
      case 0x0d: // DW_CFA_def_cfa_register
        state.register = cursor.unsigned()
        break
      case 0x0e: // DW_CFA_def_cfa_offset
        state.offset = cursor.unsigned()
        break
      case 0x13: // DW_CFA_def_cfa_offset_sf
        state.offset = cursor.signed() * dataFactor
        break
      case 0x2e: // DW_CFA_GNU_args_size
        cursor.unsigned()
        break
      default:
        // expressions, and what a later standard adds
        return undefined
    }
  }
  return true
}
