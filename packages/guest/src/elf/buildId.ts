/** The build id of an ELF file, by which its symbols in another file are found (the note NT_GNU_BUILD_ID, type 3, of owner "GNU"). */
import { SectionType, SegmentType } from "./Elf.ts"
import { Reader } from "./Reader.ts"
import { readSections } from "./symbols.ts"

const buildIdNote = 3
const noteHeader = 12
const headerSize = 56
const mostHeaders = 1024
const owner = [0x47, 0x4e, 0x55, 0]

const padded = (size: number): number => (size + 3) & ~3

/**
 * Where notes are: by the program headers, and by the sections, since those of a file with nothing but symbols are right only
 * there. What is out of bounds is left out.
 */
const notesOf = (reader: Reader): ReadonlyArray<{ readonly offset: number; readonly size: number }> => {
  const start = reader.u64(32)
  const headers = Array.from({ length: Math.min(reader.u16(56), mostHeaders) }, (_, i) => start + headerSize * i)
  const ofSegments = headers
    .filter((at) => reader.u32(at) === SegmentType.note)
    .map((at) => ({ offset: reader.u64(at + 8), size: reader.u64(at + 32) }))
  const ofSections = readSections(reader).filter(({ type }) => type === SectionType.note)
  return [...ofSections, ...ofSegments].filter(({ offset, size }) => reader.has(offset, size))
}

/** The build id in hexadecimal; undefined for files without. */
export const buildIdOf = (bytes: Uint8Array<ArrayBufferLike>): string | undefined => {
  const reader = new Reader(bytes)
  for (const { offset, size: length } of notesOf(reader)) {
    const end = offset + length
    for (let at = offset; at + noteHeader <= end;) {
      const nameSize = reader.u32(at)
      const size = reader.u32(at + 4)
      const name = at + noteHeader
      const content = name + padded(nameSize)
      if (content + size > end) break
      const isGnu = nameSize === owner.length && owner.every((byte, i) => reader.u8(name + i) === byte)
      if (isGnu && reader.u32(at + 8) === buildIdNote && size > 0)
        return hexadecimal(bytes.subarray(content, content + size))
      at = content + padded(size)
    }
  }
  return undefined
}

const hexadecimal = (bytes: Uint8Array<ArrayBufferLike>): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
