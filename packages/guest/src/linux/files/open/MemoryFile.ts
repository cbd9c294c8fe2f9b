/** Files that live in the emulator's memory: memfd_create. */
import type { HostStat } from "../../../HostFs.ts"
import { Errno } from "../../kernel/errno.ts"
import type { MappedFile } from "../../memory/MappedFile.ts"
import { O, openOnly, S } from "../constants.ts"
import { OpenFile, syntheticStat } from "./OpenFile.ts"

/** What a memory file is sealed against (memfd_create(2)). */
export const Seal = { SEAL: 1, SHRINK: 2, GROW: 4, WRITE: 8, FUTURE_WRITE: 0x10, EXEC: 0x20 } as const

/** What files in memory consist of: several open files may be of one. */
export class MemoryInode {
  readonly name: string
  readonly ino: bigint
  mode: number
  /** Bits of `Seal`. A file is sealed against seals unless they were asked for. */
  seals: number = Seal.SEAL
  #bytes = new Uint8Array(0)
  #size = 0

  /** @param mode permission bits */
  constructor(name: string, ino: bigint, mode = 0o777) {
    this.name = name
    this.ino = ino
    this.mode = S.IFREG | mode
  }

  get size(): number {
    return this.#size
  }

  read(into: Uint8Array, offset: number): number {
    const part = this.#bytes.subarray(Math.min(offset, this.#size), Math.min(offset + into.length, this.#size))
    into.set(part)
    return part.length
  }

  write(from: Uint8Array, offset: number): number {
    if ((this.seals & (Seal.WRITE | Seal.FUTURE_WRITE)) !== 0) return -Errno.EPERM
    return this.store(from, offset)
  }

  /** Writes what was stored to a mapping, which seals may be younger than. */
  store(from: Uint8Array, offset: number): number {
    if (offset + from.length > this.#size && (this.seals & Seal.GROW) !== 0) return -Errno.EPERM
    const error = this.#reserve(offset + from.length)
    if (error !== 0) return error
    this.#bytes.set(from, offset)
    this.#size = Math.max(this.#size, offset + from.length)
    return from.length
  }

  truncate(length: number): number {
    const against = length < this.#size ? Seal.SHRINK : length > this.#size ? Seal.GROW : 0
    if ((this.seals & against) !== 0) return -Errno.EPERM
    const error = this.#reserve(length)
    if (error !== 0) return error
    this.#bytes.fill(0, Math.min(length, this.#size), this.#size)
    this.#size = length
    return 0
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

/** A regular file in memory, gone with its last descriptor. */
export class MemoryFile extends OpenFile {
  readonly #inode: MemoryInode
  #position = 0

  constructor(inode: MemoryInode, flags: number) {
    super(flags)
    this.#inode = inode
  }

  get seals(): number {
    return this.#inode.seals
  }

  /** Adds seals: 0 or a negative errno. */
  seal(seals: number): number {
    if ((this.#inode.seals & Seal.SEAL) !== 0 || !this.writable) return -Errno.EPERM
    this.#inode.seals |= seals
    return 0
  }

  override get identity(): string {
    return `memory:${this.#inode.ino}`
  }

  override name(): string {
    return this.#inode.name
  }

  override stat(): HostStat {
    const { ino, mode, size } = this.#inode
    return syntheticStat(mode, ino, { size, blocks: Math.ceil(size / 4096) * 8 })
  }

  override reopen(flags: number): MemoryFile | number {
    if ((flags & O.DIRECTORY) === O.DIRECTORY) return -Errno.ENOTDIR
    if ((flags & O.TRUNC) !== 0 && (flags & O.ACCMODE) !== O.RDONLY) this.#inode.truncate(0)
    return new MemoryFile(this.#inode, flags & ~openOnly)
  }

  override read(into: Uint8Array): number {
    const count = this.pread(into, this.#position)
    this.#position += count
    return count
  }

  override write(from: Uint8Array): number {
    if ((this.flags & O.APPEND) !== 0) this.#position = this.#inode.size
    const count = this.pwrite(from, this.#position)
    if (count > 0) this.#position += count
    return count
  }

  override pread(into: Uint8Array, offset: number): number {
    return this.#inode.read(into, offset)
  }

  override pwrite(from: Uint8Array, offset: number): number {
    return this.#inode.write(from, offset)
  }

  override seek(offset: number, whence: number): number {
    const target = seekTarget(this.#position, this.#inode.size, offset, whence)
    if (target >= 0) this.#position = target
    return target
  }

  override truncate(length: number): number {
    return this.#inode.truncate(length)
  }

  override sync(): number {
    return 0
  }

  override mapped(): MappedFile {
    return {
      path: this.#inode.name,
      writable: this.writable && (this.seals & (Seal.WRITE | Seal.FUTURE_WRITE)) === 0,
      identity: this.identity,
      device: 1n,
      inode: this.#inode.ino,
      read: (offset, into) => this.pread(into, offset),
      write: (offset, from) => this.#inode.store(from, offset),
      size: () => this.#inode.size,
      hold: () => void this.hold(),
      close: () => this.release()
    }
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
