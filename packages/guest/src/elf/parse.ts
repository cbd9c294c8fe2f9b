/** Reads and checks ELF64 little-endian RISC-V files. Nothing in a file, however mangled, makes these functions throw. */
import * as Layout from "@emu/tcg/Layout"
import * as Result from "effect/Result"
import { type Elf, type Segment, SegmentFlag, SegmentType } from "./Elf.ts"
import { ElfError } from "./ElfError.ts"
import { Reader } from "./Reader.ts"

const headerSize = 64
const segmentHeaderSize = 56
/** What Linux accepts at most: 64 KiB of program headers. */
const maxSegments = Math.floor(65536 / segmentHeaderSize)
const machineRiscv = 243
const fileTypes = ["no type", "a relocatable object (link it first)", "", "", "a core dump"]

/**
 * Reads an executable, a static-PIE, a dynamic loader or a shared library.
 *
 * @param bytes the whole file
 * @param path for error messages
 * @returns the checked file, or what is wrong with it
 */
export const parseElf = (bytes: Uint8Array<ArrayBufferLike>, path: string): Result.Result<Elf, ElfError> =>
  Result.mapError(parse(new Reader(bytes), path), (reason) => new ElfError({ path, reason }))

const parse = (reader: Reader, path: string): Result.Result<Elf, string> => {
  const problem = identify(reader)
  if (problem !== undefined) return Result.fail(problem)
  const segmentOffset = reader.u64(32)
  const count = reader.u16(56)
  const segments = readSegments(reader, segmentOffset, count)
  if (typeof segments === "string") return Result.fail(segments)
  const loads = segments.filter((segment) => segment.type === SegmentType.load && segment.memorySize > 0)
  const isRelocatable = reader.u16(16) === 3
  const entry = reader.u64(24)
  const wrong = checkLoads(loads, reader.size)
  if (wrong !== undefined) return Result.fail(wrong)
  const interpreter = readInterpreter(reader, segments)
  if (typeof interpreter === "object") return Result.fail(interpreter.reason)
  return Result.succeed({ path, bytes: reader.bytes, isRelocatable, entry, segmentOffset, segments, loads, interpreter })
}

/**
 * Checks what a file must have to be started, beside what `parseElf` checks: an entry point in executable memory.
 */
export const checkEntry = (elf: Elf): ElfError | undefined => {
  const { entry, path } = elf
  const holder = elf.loads.find((load) => entry >= load.address && entry < load.address + load.memorySize)
  const reason =
    holder === undefined
      ? `its entry point ${hex(entry)} is in no segment`
      : (holder.flags & SegmentFlag.exec) === 0
        ? `its entry point ${hex(entry)} is not in an executable segment`
        : entry % 2 !== 0
          ? `its entry point ${hex(entry)} is odd`
          : undefined
  return reason === undefined ? undefined : new ElfError({ path, reason })
}

/** What is wrong with the file header. */
const identify = (reader: Reader): string | undefined => {
  if (reader.size === 0) return "it is empty"
  if (reader.u8(0) === 0x23 && reader.u8(1) === 0x21)
    return "it is a script: run its interpreter with the script as argument"
  if (reader.u32(0) !== 0x464c457f) return "it is not an ELF file"
  if (reader.size < headerSize) return `it is truncated: ${reader.size} bytes, the ELF header alone has ${headerSize}`
  if (reader.u8(4) !== 2) return "it is not a 64-bit ELF file"
  if (reader.u8(5) !== 1) return "it is not little-endian"
  if (reader.u8(6) !== 1 || reader.u32(20) !== 1) return "it has an unknown ELF version"
  if (reader.u16(18) !== machineRiscv)
    return `it is for another machine (ELF machine ${reader.u16(18)}, RISC-V is ${machineRiscv})`
  const type = reader.u16(16)
  if (type !== 2 && type !== 3) return `it is not an executable but ${fileTypes[type] ?? `of ELF type ${type}`}`
  if (reader.u16(54) !== segmentHeaderSize)
    return `its program headers have ${reader.u16(54)} bytes, not ${segmentHeaderSize}`
  return undefined
}

const readSegments = (reader: Reader, offset: number, count: number): Array<Segment> | string => {
  if (count === 0) return "it has no program headers"
  if (count > maxSegments) return `it has ${count} program headers, more than the ${maxSegments} that Linux accepts`
  if (!reader.has(offset, count * segmentHeaderSize))
    return `it is truncated: its program headers at ${hex(offset)} are beyond its end`
  return Array.from({ length: count }, (_, i) => {
    const at = offset + i * segmentHeaderSize
    return {
      type: reader.u32(at),
      flags: reader.u32(at + 4),
      offset: reader.u64(at + 8),
      address: reader.u64(at + 16),
      fileSize: reader.u64(at + 32),
      memorySize: reader.u64(at + 40),
      align: reader.u64(at + 48)
    }
  })
}

const checkLoads = (loads: ReadonlyArray<Segment>, size: number): string | undefined => {
  if (loads.length === 0) return "it has no loadable segment"
  let previousEnd = 0
  for (const load of loads) {
    const what = `its segment at ${hex(load.address)}`
    if (load.fileSize > load.memorySize)
      return `${what} has more bytes in the file (${hex(load.fileSize)}) than in memory (${hex(load.memorySize)})`
    if (load.offset + load.fileSize > size)
      return `it is truncated: ${what.slice(4)} needs ${load.offset + load.fileSize} bytes, the file has ${size}`
    if (load.address + load.memorySize > Layout.guestEnd) {
      return `${what} with ${hex(load.memorySize)} bytes does not end below ${hex(Layout.guestEnd)}, where guest memory ends`
    }
    if (load.align > 1 && !isPowerOfTwo(load.align))
      return `${what} has an alignment that is no power of two: ${hex(load.align)}`
    if (load.address % Layout.pageSize !== load.offset % Layout.pageSize) {
      return `${what} is misaligned: its file offset ${hex(load.offset)} lies differently in its page`
    }
    if (load.address < previousEnd) return `${what} overlaps the one before it, or comes out of order`
    previousEnd = load.address + load.memorySize
  }
  return undefined
}

const readInterpreter = (
  reader: Reader,
  segments: ReadonlyArray<Segment>
): string | undefined | { readonly reason: string } => {
  const interp = segments.find((segment) => segment.type === SegmentType.interp)
  if (interp === undefined) return undefined
  if (interp.fileSize < 2 || interp.fileSize > 4096 || !reader.has(interp.offset, interp.fileSize)) {
    return { reason: `the name of its dynamic loader (${interp.fileSize} bytes at ${hex(interp.offset)}) is out of bounds` }
  }
  const name = reader.bytes.slice(interp.offset, interp.offset + interp.fileSize)
  if (name.indexOf(0) !== name.length - 1) return { reason: "the name of its dynamic loader is not terminated" }
  return new TextDecoder().decode(name.subarray(0, -1))
}

const isPowerOfTwo = (value: number): boolean => Number.isInteger(Math.log2(value))
const hex = (value: number): string => `0x${value.toString(16)}`
