/** Maps the segments of an ELF file. */
import * as Layout from "@emu/tcg/Layout"
import { type Elf, type Segment, SegmentFlag, SegmentType } from "../../elf/Elf.ts"
import { type AddressSpace, pageDown, pageUp } from "../memory/AddressSpace.ts"
import type { MappedFile } from "../memory/MappedFile.ts"
import { Prot } from "../memory/Prot.ts"

/** Where an ELF file lies in memory. */
export interface Image {
  /** Added to the addresses in the file. */
  readonly bias: number
  readonly entry: number
  /** First and last byte (exclusive) of the segments, page-aligned. */
  readonly start: number
  readonly end: number
  /** First byte of the first executable segment and last byte (exclusive) of the last: what QEMU calls start_code, end_code. */
  readonly startCode: number
  readonly endCode: number
  /** Address of the program headers in memory; 0 if no segment holds them. */
  readonly headers: number
}

/** The pages that a file's segments span, at its own addresses. */
export const span = (elf: Elf): { readonly start: number; readonly end: number } => {
  const last = elf.loads[elf.loads.length - 1]!
  return { start: pageDown(elf.loads[0]!.address), end: pageUp(last.address + last.memorySize) }
}

/**
 * Maps a file's segments, as Linux does: file pages with what is around a segment in them, then zeros up to its size.
 *
 * @param bias a multiple of the page size that brings the segments into the guest's range
 */
export const mapElf = (space: AddressSpace, elf: Elf, file: MappedFile, bias: number): Image => {
  for (const load of elf.loads) mapSegment(space, load, file, bias)
  const { start, end } = span(elf)
  const code = elf.loads.filter((load) => (load.flags & SegmentFlag.exec) !== 0)
  const lastCode = code[code.length - 1]
  return {
    bias,
    entry: elf.entry + bias,
    start: start + bias,
    end: end + bias,
    startCode: (code[0]?.address ?? 0) + bias,
    endCode: lastCode === undefined ? 0 : lastCode.address + lastCode.fileSize + bias,
    headers: headersAddress(elf, bias)
  }
}

const mapSegment = (space: AddressSpace, load: Segment, file: MappedFile, bias: number): void => {
  const prot =
    ((load.flags & SegmentFlag.read) !== 0 ? Prot.read : 0) |
    ((load.flags & SegmentFlag.write) !== 0 ? Prot.write : 0) |
    ((load.flags & SegmentFlag.exec) !== 0 ? Prot.exec : 0)
  const start = pageDown(load.address) + bias
  const fileEnd = load.address + load.fileSize + bias
  const end = pageUp(load.address + load.memorySize) + bias
  const filePages = load.fileSize === 0 ? start : pageUp(fileEnd)
  if (filePages > start) space.map(start, filePages, { prot, file, offset: pageDown(load.offset) })
  if (load.memorySize > load.fileSize && filePages > start) space.pages.bytesToFill(fileEnd, filePages - fileEnd).fill(0)
  if (end > filePages) space.map(filePages, end, { prot })
}

const headersAddress = (elf: Elf, bias: number): number => {
  const described = elf.segments.find((segment) => segment.type === SegmentType.phdr)
  if (described !== undefined) return described.address + bias
  const holder = elf.loads.find(
    (load) => elf.segmentOffset >= load.offset && elf.segmentOffset < load.offset + load.fileSize
  )
  return holder === undefined ? 0 : holder.address + (elf.segmentOffset - holder.offset) + bias
}

/** Whether a file's segments, moved by a bias, lie where the guest may map. */
export const fits = (elf: Elf, bias: number): boolean => {
  const { start, end } = span(elf)
  return start + bias >= Layout.guestBase && end + bias <= Layout.guestEnd
}
