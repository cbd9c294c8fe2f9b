/** As much of an ELF file as is needed to know it: files may be larger than memory, sparse ones by far. */
import { Errno } from "../kernel/errno.ts"

/** Files up to this size are read whole, with all their symbols. */
const wholeSize = 2 ** 30
const headerSize = 64
const segmentHeaderSize = 56

/** Reads at an offset: bytes read, or a negative errno. */
type Read = (offset: number, into: Uint8Array) => number

/**
 * Reads an ELF file: the whole of it, or of large ones what its program headers name, without symbols; of what is no ELF file the
 * beginning.
 *
 * @returns the bytes, or a negative errno: ENOMEM where its segments are too large to be read
 */
export const elfBytes = (size: number, read: Read): Uint8Array<ArrayBuffer> | number => {
  const head = readRange(read, 0, Math.min(size, headerSize))
  if (typeof head === "number" || size <= headerSize) return head
  if (!isElf(head)) return head
  if (size <= wholeSize) return readRange(read, 0, size)
  const view = new DataView(head.buffer)
  const offset = Number(view.getBigUint64(32, true))
  const headers = view.getUint16(56, true) * segmentHeaderSize
  if (offset + headers > size) return head
  const table = readRange(read, offset, headers)
  if (typeof table === "number") return table
  const segments = new DataView(table.buffer)
  let end = offset + headers
  for (let at = 0; at + segmentHeaderSize <= table.length; at += segmentHeaderSize) {
    end = Math.max(end, Number(segments.getBigUint64(at + 8, true) + segments.getBigUint64(at + 32, true)))
  }
  return end > wholeSize ? -Errno.ENOMEM : readRange(read, 0, Math.min(end, size))
}

const isElf = ([a, b, c, d]: Uint8Array): boolean => a === 0x7f && b === 0x45 && c === 0x4c && d === 0x46

/** The bytes of a range, as many as there are. */
const readRange = (read: Read, offset: number, length: number): Uint8Array<ArrayBuffer> | number => {
  const bytes = allocate(length)
  if (bytes === undefined) return -Errno.ENOMEM
  let done = 0
  while (done < length) {
    const count = read(offset + done, bytes.subarray(done))
    if (count < 0) return count
    if (count === 0) return bytes.slice(0, done)
    done += count
  }
  return bytes
}

/** Undefined where the host has no memory. */
const allocate = (length: number): Uint8Array<ArrayBuffer> | undefined => {
  try {
    return new Uint8Array(length)
  } catch {
    return undefined
  }
}
