/**
 * Bit patterns of instructions in the notation of the ISA manual, from the most significant bit down:
 *
 *     i[11:0] rs1 000 rd 0010011          addi
 *     i[12|10:5] rs2 rs1 000 i[4:1|11] 1100011   beq
 *     010 u[5:3] rs1' u[2|6] rd' 00       c.lw
 *
 * Runs of 0 and 1 are fixed bits, `i[...]` are bits of a sign-extended immediate and `u[...]` of an unsigned one, other words
 * name a field (`fieldWidths`). A quote marks the three-bit registers x8 to x15 of compressed instructions.
 */

/** Fields other than the immediate, with their widths. */
const fieldWidths: Readonly<Record<string, number>> = {
  rd: 5,
  rs1: 5,
  rs2: 5,
  rs3: 5,
  "rd'": 3,
  "rs1'": 3,
  "rs2'": 3,
  rm: 3,
  aq: 1,
  rl: 1,
  fm: 4,
  pred: 4,
  succ: 4
}

/** Where a run of bits of a value stands in the instruction word. */
interface Segment {
  readonly insnLow: number
  readonly valueLow: number
  readonly width: number
}

/** A field of a pattern: `imm` or one of `fieldWidths` (without its quote). */
export interface Field {
  readonly name: string
  readonly segments: ReadonlyArray<Segment>
  /** Bits of the value, counted from bit 0 (those not encoded are zero). */
  readonly width: number
  readonly isSigned: boolean
  /** Register fields of three bits stand for x8 to x15. */
  readonly bias: number
}

/** A parsed pattern. */
export interface Pattern {
  readonly match: number
  readonly mask: number
  readonly fields: ReadonlyMap<string, Field>
}

const maskOf = (width: number): number => (width === 32 ? -1 : (1 << width) - 1)

/** The bit ranges of `12|10:5`, high to low. */
const parseRanges = (text: string): Array<{ high: number; low: number }> =>
  text.split("|").map((range) => {
    const [high, low] = range.split(":").map(Number)
    return { high: high!, low: low ?? high! }
  })

/**
 * Parses a pattern of `size` bits (16 or 32).
 * Throws where the widths don't add up to `size` or a field has no known width: a mistake in the table.
 */
export const parsePattern = (text: string, size: 16 | 32): Pattern => {
  let position: number = size
  let match = 0
  let mask = 0
  const fields = new Map<string, Field>()
  const add = (name: string, segment: Segment, isSigned: boolean, bias: number) => {
    const known = fields.get(name)
    const width = Math.max(known?.width ?? 0, segment.valueLow + segment.width)
    fields.set(name, { name, segments: [...(known?.segments ?? []), segment], width, isSigned, bias })
  }
  for (const token of text.trim().split(/\s+/)) {
    if (/^[01]+$/.test(token)) {
      position -= token.length
      match |= parseInt(token, 2) << position
      mask |= maskOf(token.length) << position
      continue
    }
    const immediate = /^([iu])\[([\d:|]+)\]$/.exec(token)
    if (immediate !== null) {
      for (const { high, low } of parseRanges(immediate[2]!)) {
        const width = high - low + 1
        position -= width
        add("imm", { insnLow: position, valueLow: low, width }, immediate[1] === "i", 0)
      }
      continue
    }
    const width = fieldWidths[token]
    if (width === undefined) throw new Error(`pattern "${text}": unknown field "${token}"`)
    position -= width
    add(token.replace("'", ""), { insnLow: position, valueLow: 0, width }, false, token.endsWith("'") ? 8 : 0)
  }
  if (position !== 0) throw new Error(`pattern "${text}": ${size - position} bits instead of ${size}`)
  return { match, mask, fields }
}

/** The value of a field in an instruction word; immediates of up to 32 bits, as a signed integer where the field is signed. */
export const extractField = (field: Field, word: number): number => {
  let value = 0
  for (const segment of field.segments) {
    value |= ((word >>> segment.insnLow) & maskOf(segment.width)) << segment.valueLow
  }
  if (field.isSigned) {
    const shift = 32 - field.width
    return (value << shift) >> shift
  }
  return (value >>> 0) + field.bias
}

/** The bits of an instruction word that encode `value` in a field. The value must be one that the field can hold. */
export const insertField = (field: Field, value: number): number => {
  const biased = value - field.bias
  let word = 0
  for (const segment of field.segments) {
    word |= ((biased >>> segment.valueLow) & maskOf(segment.width)) << segment.insnLow
  }
  return word
}
