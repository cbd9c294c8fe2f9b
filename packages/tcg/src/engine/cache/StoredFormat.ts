/**
 * The bytes of kept code: a header of sixteen words, then the sections below, all little-endian, each as long as the header says. They are
 * looked at as they lie; nothing is decoded before it is needed.
 */

const magic = 0x43544d45
const format = 1
const headerWords = 16

/** How many elements the sections have. */
interface Counts {
  readonly blocks: number
  readonly insns: number
  readonly words: number
  readonly constants: number
  /** 16-bit pieces of guest code. */
  readonly halves: number
  /** Places of the table that finds blocks, a power of two. */
  readonly places: number
}

/** The sections, and a number that tells one making of them from another. Columns of blocks are in the order of their code. */
export interface StoredSections {
  readonly stamp: number
  /** Constants that the code names, from the start of the pool on. */
  readonly constants: BigInt64Array<ArrayBuffer>
  /** Of each block: its guest address, its place in the code (0 is the first word), bytes with the number of instructions above them. */
  readonly pcs: Uint32Array<ArrayBuffer>
  readonly entries: Int32Array<ArrayBuffer>
  readonly extents: Uint32Array<ArrayBuffer>
  /** Its first instruction, and the first piece of its guest code. */
  readonly firstInsns: Int32Array<ArrayBuffer>
  readonly firstHalves: Int32Array<ArrayBuffer>
  /** Blocks by a hash of their guest address: numbers from 1 on, 0 where there is none; collisions go to the next place. */
  readonly table: Int32Array<ArrayBuffer>
  readonly insnPcs: Uint32Array<ArrayBuffer>
  readonly insnPlaces: Int32Array<ArrayBuffer>
  readonly code: Int32Array<ArrayBuffer>
  readonly halves: Uint16Array<ArrayBuffer>
}

/** Where a search in `table` begins. */
export const placeOf = (pc: number, places: number): number => (Math.imul(pc >>> 1, 0x9e3779b1) >>> 7) & (places - 1)

const sizeOf = ({ blocks, constants, halves, insns, places, words }: Counts): number =>
  4 * headerWords + 8 * constants + 20 * blocks + 4 * places + 8 * insns + 4 * words + 2 * halves

const sectionsOf = (buffer: ArrayBuffer, from: number, counts: Counts, stamp: number): StoredSections => {
  let at = from + 4 * headerWords
  /** The place of the next section. */
  const take = (bytes: number): number => {
    const start = at
    at += bytes
    return start
  }
  const { blocks, insns, places, words } = counts
  const signed = (length: number) => new Int32Array(buffer, take(4 * length), length)
  const unsigned = (length: number) => new Uint32Array(buffer, take(4 * length), length)
  return {
    stamp,
    constants: new BigInt64Array(buffer, take(8 * counts.constants), counts.constants),
    pcs: unsigned(blocks),
    entries: signed(blocks),
    extents: unsigned(blocks),
    firstInsns: signed(blocks),
    firstHalves: signed(blocks),
    table: signed(places),
    insnPcs: unsigned(insns),
    insnPlaces: signed(insns),
    code: signed(words),
    halves: new Uint16Array(buffer, take(2 * counts.halves), counts.halves)
  }
}

/** Makes bytes with empty sections to be filled. */
export const allocate = (counts: Counts): { readonly bytes: Uint8Array<ArrayBuffer>; readonly sections: StoredSections } => {
  const buffer = new ArrayBuffer(sizeOf(counts))
  const header = new Int32Array(buffer, 0, headerWords)
  const { blocks, constants, halves, insns, places, words } = counts
  const stamp = Math.floor(Math.random() * 2 ** 31)
  header.set([magic, format, blocks, insns, words, constants, halves, places, stamp])
  return { bytes: new Uint8Array(buffer), sections: sectionsOf(buffer, 0, counts, stamp) }
}

/** Looks at bytes that `allocate` made once; undefined where these are others. */
export const open = (bytes: Uint8Array<ArrayBuffer>): StoredSections | undefined => {
  if (bytes.byteOffset % 8 !== 0 || bytes.length < 4 * headerWords) return undefined
  const header = new Int32Array(bytes.buffer, bytes.byteOffset, headerWords)
  const [blocks, insns, words, constants, halves, places] = header.subarray(2)
  if (header[0] !== magic || header[1] !== format) return undefined
  const counts = {
    blocks: blocks!,
    insns: insns!,
    words: words!,
    constants: constants!,
    halves: halves!,
    places: places!
  }
  if (Object.values(counts).some((count) => count < 0)) return undefined
  const isPower = counts.places > 0 && (counts.places & (counts.places - 1)) === 0
  if (!isPower || sizeOf(counts) !== bytes.length) return undefined
  return sectionsOf(bytes.buffer, bytes.byteOffset, counts, header[8]!)
}
