/** Files that live in the emulator's memory: memfd_create, and the texts of /proc. */
import type { HostStat } from "../../../HostFs.ts"
import { Errno } from "../../kernel/errno.ts"
import type { MappedFile } from "../../memory/MappedFile.ts"
import { O, S } from "../constants.ts"
import { OpenFile, syntheticStat } from "./OpenFile.ts"

/** A regular file in memory, gone with its last descriptor. */
export class MemoryFile extends OpenFile {
  readonly #name: string
  readonly #ino: bigint
  readonly #mode: number
  #bytes: Uint8Array
  #size: number
  #position = 0

  /** @param bytes the contents to start with; @param mode permission bits */
  constructor(name: string, ino: bigint, flags: number, bytes: Uint8Array = new Uint8Array(0), mode = 0o777) {
    super(flags)
    this.#name = name
    this.#ino = ino
    this.#mode = S.IFREG | mode
    this.#bytes = bytes
    this.#size = bytes.length
  }

  override get identity(): string {
    return `memory:${this.#ino}`
  }

  override name(): string {
    return this.#name
  }

  override stat(): HostStat {
    return syntheticStat(this.#mode, this.#ino, { size: this.#size, blocks: Math.ceil(this.#size / 4096) * 8 })
  }

  override read(into: Uint8Array): number {
    const count = this.pread(into, this.#position)
    this.#position += count
    return count
  }

  override write(from: Uint8Array): number {
    if ((this.flags & O.APPEND) !== 0) this.#position = this.#size
    const count = this.pwrite(from, this.#position)
    if (count > 0) this.#position += count
    return count
  }

  override pread(into: Uint8Array, offset: number): number {
    const part = this.#bytes.subarray(Math.min(offset, this.#size), Math.min(offset + into.length, this.#size))
    into.set(part)
    return part.length
  }

  override pwrite(from: Uint8Array, offset: number): number {
    const error = this.#reserve(offset + from.length)
    if (error !== 0) return error
    this.#bytes.set(from, offset)
    this.#size = Math.max(this.#size, offset + from.length)
    return from.length
  }

  override seek(offset: number, whence: number): number {
    const target = seekTarget(this.#position, this.#size, offset, whence)
    if (target >= 0) this.#position = target
    return target
  }

  override truncate(length: number): number {
    const error = this.#reserve(length)
    if (error !== 0) return error
    this.#bytes.fill(0, Math.min(length, this.#size), this.#size)
    this.#size = length
    return 0
  }

  override sync(): number {
    return 0
  }

  override mapped(): MappedFile {
    return {
      path: this.#name,
      writable: this.writable,
      identity: this.identity,
      device: 1n,
      inode: this.#ino,
      read: (offset, into) => this.pread(into, offset),
      write: (offset, from) => this.pwrite(from, offset),
      size: () => this.#size,
      hold: () => void this.hold(),
      close: () => this.release()
    }
  }

  /** Makes room for `length` bytes: 0 or a negative errno. */
  #reserve(length: number): number {
    if (length <= this.#bytes.length) return 0
    if (length > 0x8000_0000) return -Errno.ENOSPC
    const grown = new Uint8Array(Math.max(length, Math.min(this.#bytes.length * 2, 0x8000_0000)))
    grown.set(this.#bytes.subarray(0, this.#size))
    this.#bytes = grown
    return 0
  }
}

/** Where `lseek` leads in a file without known holes, or a negative errno. See `HostFs.lseek` for `whence`. */
export const seekTarget = (position: number, size: number, offset: number, whence: number): number => {
  switch (whence) {
    case 0:
      return checked(offset)
    case 1:
      return checked(position + offset)
    case 2:
      return checked(size + offset)
    case 3:
      return offset < 0 || offset >= size ? -Errno.ENXIO : offset
    case 4:
      return offset < 0 || offset >= size ? -Errno.ENXIO : size
    default:
      return -Errno.EINVAL
  }
}

const checked = (target: number): number => (target < 0 ? -Errno.EINVAL : target)
