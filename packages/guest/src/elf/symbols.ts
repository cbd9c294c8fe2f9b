/** Symbols of an ELF file: which function covers an address. */
import { type Section, SectionType } from "./Elf.ts"
import { Reader } from "./Reader.ts"

const sectionHeaderSize = 64
const symbolSize = 24
const SymbolType = { object: 1, func: 2, ifunc: 10 }
const underscore = 0x5f
const decoder = new TextDecoder()

interface Entry {
  readonly address: number
  readonly size: number
  /** Functions come before data, names that other files see before local ones. */
  readonly rank: number
  readonly isWeak: boolean
  readonly name: number
  readonly strings: Section
}

/** A function or object of a file, at its address there: without the load bias. */
export interface FileSymbol {
  readonly name: string
  readonly address: number
  /** Bytes; 0 where the file does not say. */
  readonly size: number
}

/** A file's functions (and data objects) by address, as the file has them: without the load bias. */
export class SymbolTable {
  readonly #reader: Reader
  readonly #entries: ReadonlyArray<Entry>
  /** The highest end of the entries up to each one: where a search backwards may stop. */
  readonly #ends: Float64Array
  /** Made when first asked for. */
  #byName: Map<string, Array<Entry>> | undefined

  constructor(reader: Reader, entries: ReadonlyArray<Entry>) {
    this.#reader = reader
    this.#entries = entries
    this.#ends = new Float64Array(entries.length)
    let end = 0
    entries.forEach((entry, i) => (this.#ends[i] = end = Math.max(end, entry.address + Math.max(1, entry.size))))
  }

  get size(): number {
    return this.#entries.length
  }

  /** The name of the innermost symbol that covers an address. A symbol of size 0 covers just its address. */
  find(address: number): string | undefined {
    const entry = this.#covering(address)
    return entry && this.#name(entry)
  }

  /** The innermost symbol that covers an address. */
  cover(address: number): FileSymbol | undefined {
    const entry = this.#covering(address)
    return entry && this.#shown(entry)
  }

  /** The names of all symbols that begin at an address, the one that `find` gives first. */
  namesAt(address: number): ReadonlyArray<string> {
    const names: Array<string> = []
    for (let i = this.#firstAbove(address) - 1; this.#entries[i]?.address === address; i--) {
      names.push(this.#name(this.#entries[i]!))
    }
    return names
  }

  /** The symbols of a name, by address. Versions of it (`name@@VERSION`) are not told apart. */
  named(name: string): ReadonlyArray<FileSymbol> {
    this.#byName ??= Map.groupBy(this.#entries, (entry) => this.#name(entry))
    return (this.#byName.get(name) ?? []).map((entry) => this.#shown(entry))
  }

  #covering(address: number): Entry | undefined {
    for (let i = this.#firstAbove(address) - 1; i >= 0 && this.#ends[i]! > address; i--) {
      const entry = this.#entries[i]!
      if (address < entry.address + Math.max(1, entry.size)) return entry
    }
    return undefined
  }

  /** Index of the first entry behind an address. */
  #firstAbove(address: number): number {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#entries[middle]!.address > address) high = middle
      else low = middle + 1
    }
    return low
  }

  #shown(entry: Entry): FileSymbol {
    return { name: this.#name(entry), address: entry.address, size: entry.size }
  }

  #name(entry: Entry): string {
    return decoder.decode(this.#reader.bytes.slice(nameStart(entry), nameEnd(this.#reader, entry)))
  }
}

/** Whether a file has been stripped: of the names of its functions those are left that other files use. */
export const isStripped = (bytes: Uint8Array<ArrayBufferLike>): boolean =>
  !readSections(new Reader(bytes)).some(({ size, type }) => type === SectionType.symtab && size > 0)

/**
 * Reads the symbol table, or where a file is stripped of it, the dynamic one. What is out of bounds in the file is left out.
 */
export const readSymbols = (bytes: Uint8Array<ArrayBufferLike>): SymbolTable => {
  const reader = new Reader(bytes)
  const sections = readSections(reader)
  const table =
    sections.find((section) => section.type === SectionType.symtab) ??
    sections.find((section) => section.type === SectionType.dynsym)
  const strings = table === undefined ? undefined : sections[table.link]
  if (table === undefined || strings?.type !== SectionType.strtab) return new SymbolTable(reader, [])
  const entries: Array<Entry> = []
  for (let at = table.offset; at + symbolSize <= table.offset + table.size && reader.has(at, symbolSize); at += symbolSize) {
    const info = reader.u8(at + 4)
    const type = info & 15
    const isFunction = type === SymbolType.func || type === SymbolType.ifunc
    const name = reader.u32(at)
    const size = reader.u64(at + 16)
    // an object without a size is where something begins, such as _PROCEDURE_LINKAGE_TABLE_, and covers nothing
    const isWanted = isFunction || (type === SymbolType.object && size > 0)
    if (!isWanted || reader.u16(at + 6) === 0 || name === 0) continue
    const binding = info >> 4
    const rank = (isFunction ? 2 : 0) + (binding === 0 ? 0 : 1)
    entries.push({ address: reader.u64(at + 8), size, rank, isWeak: binding === 2, name, strings })
  }
  // the best entry of those at one address comes last, where `find` begins
  entries.sort((a, b) => a.address - b.address || a.rank - b.rank || comparePlainness(reader, a, b))
  return new SymbolTable(reader, entries)
}

/**
 * Compares names of one address: libraries have several for a function (`printf` and `_IO_printf`, `sin` and `sinf32x`), and the
 * plainest is what their users call it by.
 */
const comparePlainness = (reader: Reader, a: Entry, b: Entry): number =>
  leadingUnderscores(reader, b) - leadingUnderscores(reader, a) ||
  Number(b.isWeak) - Number(a.isWeak) ||
  b.size - a.size ||
  nameEnd(reader, b) - nameStart(b) - (nameEnd(reader, a) - nameStart(a)) ||
  b.name - a.name

const nameStart = ({ name, strings }: Entry): number => strings.offset + name

/** The offset of the byte behind a name. */
const nameEnd = (reader: Reader, entry: Entry): number => {
  const limit = Math.min(reader.size, entry.strings.offset + entry.strings.size)
  let end = nameStart(entry)
  while (end < limit && reader.u8(end) !== 0) end++
  return end
}

const leadingUnderscores = (reader: Reader, entry: Entry): number => {
  let at = nameStart(entry)
  while (reader.u8(at) === underscore) at++
  return at - nameStart(entry)
}

/** The sections of a file, none where its table is out of bounds. */
export const readSections = (reader: Reader): Array<Section> => {
  const offset = reader.u64(40)
  const count = reader.u16(60)
  if (reader.u16(58) !== sectionHeaderSize || !reader.has(offset, count * sectionHeaderSize)) return []
  return Array.from({ length: count }, (_, i) => {
    const at = offset + i * sectionHeaderSize
    return {
      type: reader.u32(at + 4),
      address: reader.u64(at + 16),
      offset: reader.u64(at + 24),
      size: reader.u64(at + 32),
      link: reader.u32(at + 40),
      entrySize: reader.u64(at + 56)
    }
  })
}
