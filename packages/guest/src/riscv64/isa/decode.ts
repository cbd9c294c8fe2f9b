/** From instruction words to rows of the table and their operands. */
import { type CompressedRow, compressedRows } from "./compressed.ts"
import { encode } from "./encode.ts"
import { extractField } from "./pattern.ts"
import type { InsnRow } from "./Row.ts"
import { insnRow, insnTable } from "./table.ts"

/** A decoded instruction. Register fields are the word's bits whether or not the instruction uses them. */
export interface Insn {
  readonly row: InsnRow
  /** The 32-bit instruction, expanded where the code has a compressed one. */
  readonly word: number
  readonly rd: number
  readonly rs1: number
  readonly rs2: number
  readonly rs3: number
  /** Rounding mode of floating-point instructions (funct3). */
  readonly rm: number
  /** The immediate, scaled and sign-extended; the CSR number of CSR instructions; 0 where there is none. */
  readonly imm: number
}

/** Bits 6:2 and 14:12 choose a bucket of rows. */
const bucketOf = (word: number): number => ((word >>> 2) & 31) | ((word >>> 7) & 0xe0)

const popcount = (value: number): number => {
  let count = 0
  for (let rest = value; rest !== 0; rest &= rest - 1) count++
  return count
}

/** Whether some word of a bucket can match a row: the row's fixed bits agree with the bucket's number. */
const fitsBucket = (row: InsnRow, bucket: number): boolean => {
  const word = ((bucket & 31) << 2) | ((bucket & 0xe0) << 7)
  const chosen = 0x707c
  return ((row.pattern.match ^ word) & row.pattern.mask & chosen) === 0
}

const buckets = new Array<ReadonlyArray<InsnRow> | undefined>(256)

/** Rows of a bucket, those with more fixed bits first, so that special cases win. Made when first asked for: start-up counts. */
const rowsOf = (bucket: number): ReadonlyArray<InsnRow> =>
  (buckets[bucket] ??= insnTable
    .filter((row) => fitsBucket(row, bucket))
    .sort((a, b) => popcount(b.pattern.mask) - popcount(a.pattern.mask)))

/** The row that a 32-bit instruction word belongs to, or undefined where the word is not an instruction. */
export const findRow = (word: number): InsnRow | undefined => {
  if ((word & 3) !== 3) return undefined
  for (const row of rowsOf(bucketOf(word))) {
    if ((word & row.pattern.mask) === row.pattern.match) return row
  }
  return undefined
}

const matchesCompressed = (row: CompressedRow, raw: number): boolean =>
  (raw & row.pattern.mask) === row.pattern.match &&
  row.nonzero.every((name) => extractField(row.pattern.fields.get(name)!, raw) !== 0)

/** The row of a compressed instruction (16 bits), or undefined where the encoding is reserved. */
export const findCompressedRow = (raw: number): CompressedRow | undefined =>
  compressedRows.find((row) => matchesCompressed(row, raw))

const expand = (row: CompressedRow, raw: number): number => {
  const base = insnRow(row.base).pattern
  const operands: Record<string, number> = {}
  for (const field of row.pattern.fields.values()) {
    if (base.fields.has(field.name)) operands[field.name] = extractField(field, raw)
  }
  for (const [name, value] of Object.entries(row.set)) {
    operands[name] = typeof value === "number" ? value : extractField(row.pattern.fields.get(value)!, raw)
  }
  return encode(base, operands)
}

const reserved = 1
/** Expansions of the compressed instructions met so far: 0 is unknown, `reserved` is none (it is no 32-bit instruction). */
const expansions = new Int32Array(65536)

/** The 32-bit instruction that a compressed one (16 bits) stands for, or 0 where the encoding is reserved. */
export const expandCompressed = (raw: number): number => {
  const known = expansions[raw]!
  if (known !== 0) return known === reserved ? 0 : known
  const row = findCompressedRow(raw)
  const word = row === undefined ? reserved : expand(row, raw)
  expansions[raw] = word
  return word === reserved ? 0 : word
}

/** Instructions decoded last, by a hash of their bytes: programs use some instructions again and again. */
const cacheBits = 13
const cachedRaw = new Int32Array(1 << cacheBits)
const cached = new Array<Insn | undefined>(1 << cacheBits).fill(undefined)

/** Decodes an instruction of 2 or 4 bytes; undefined where it is not an instruction of the table. */
export const decode = (raw: number, size: number): Insn | undefined => {
  // The lowest bits of the bytes say how many there are; the cache counts on that.
  if (((raw & 3) === 3) !== (size === 4)) return decodeAnew(raw, size)
  const at = Math.imul(raw, 0x9e3779b1) >>> (32 - cacheBits)
  const known = cached[at]
  if (known !== undefined && cachedRaw[at] === (raw | 0)) return known
  const insn = decodeAnew(raw, size)
  cachedRaw[at] = raw
  cached[at] = insn
  return insn
}

const decodeAnew = (raw: number, size: number): Insn | undefined => {
  const word = size === 2 ? expandCompressed(raw & 0xffff) : raw | 0
  const row = findRow(word)
  if (row === undefined) return undefined
  const { immediate } = row
  return {
    row,
    word,
    rd: (word >>> 7) & 31,
    rs1: (word >>> 15) & 31,
    rs2: (word >>> 20) & 31,
    rs3: (word >>> 27) & 31,
    rm: (word >>> 12) & 7,
    imm: immediate === undefined ? 0 : extractField(immediate, word)
  }
}

/** Length in bytes of the instruction that begins with these 16 bits. Longer encodings than 32 bits are reserved. */
export const insnSize = (low: number): 2 | 4 => ((low & 3) === 3 ? 4 : 2)
