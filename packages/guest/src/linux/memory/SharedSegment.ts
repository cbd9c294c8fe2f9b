/**
 * Memory that several mappings show: an anonymous shared mapping with its copies after fork, or all shared mappings of a file, in one
 * process or in many.
 *
 * Memories cannot overlap, so each mapping has frames of its own, and the page table says which of them are up to date. At any time a page
 * of the segment is either owned by one frame, which may be stored to and is the only one that can be accessed, or it is here (or as the
 * file has it), and frames that are equal to it may be read. An access that a frame does not allow is a miss: the engine and the kernel
 * ask for the page (`CpuState.bringIn`), which moves it. So no store can be made where nobody looks for it. It is the protocol of
 * distributed shared memory: K. Li, P. Hudak, "Memory Coherence in Shared Virtual Memory Systems", ACM TOCS 7(4), 1989.
 */
import { pageSize } from "@emu/tcg/Layout"
import { Futex } from "../threads/Futex.ts"
import type { MappedFile } from "./MappedFile.ts"

/** The mappings of segments in one memory. Pages of memory are named by their number there. */
export interface SegmentUser {
  /** The frames that show a page of a segment. */
  readonly framesOf: (segment: SharedSegment, page: number) => ReadonlyArray<number>
  /** The contents of a frame. */
  readonly bytesOf: (at: number) => Uint8Array
  /** A frame may be read only from now on. */
  readonly share: (at: number) => void
  /** A frame is out of date. */
  readonly revoke: (at: number) => void
  /** Pages first to last of a segment are out of date in all frames. */
  readonly revokeAll: (segment: SharedSegment, first: number, last: number) => void
  /** Frames of a segment will lose permissions while code runs. */
  readonly contend: (segment: SharedSegment) => void
  /** Whether it has frames of some of the bytes of a segment. */
  readonly hasSome: (segment: SharedSegment, start: number, end: number) => boolean
  /** Makes its frames the owners of the pages of a segment that are not all zeros. */
  readonly ownAll: (segment: SharedSegment) => void
}

/** A page of a memory that shows a page of a segment. */
export interface Frame {
  readonly views: SegmentUser
  /** Page number in the memory. */
  readonly page: number
}

/** Pages that are written to a file in one go, at most. */
const maxRun = 64

/** Pages are numbered from the start of the segment or file. */
export class SharedSegment {
  /** Waiters of all processes, by offset in the segment. */
  readonly futex = new Futex()
  /** The mappings of each memory that has some. */
  readonly users = new Set<SegmentUser>()
  /**
   * Whether pages move. An anonymous mapping that is the only one of its pages keeps them all, at full speed, until there is
   * another one.
   */
  #isMoving: boolean
  readonly #owners = new Map<number, Frame>()
  /** Contents of pages that differ from the file, or from zeros. Out of date where there is an owner. */
  readonly #kept = new Map<number, Uint8Array<ArrayBuffer>>()
  /** Pages that may differ from the file, with what writes them to it. */
  readonly #dirty = new Map<number, MappedFile>()

  constructor(isFile: boolean) {
    this.#isMoving = isFile
  }

  get isMoving(): boolean {
    return this.#isMoving
  }

  /** A user will have another mapping, of bytes start to end. */
  beforeMapping(by: SegmentUser, start: number, end: number): void {
    const others = [...this.users].filter((user) => user.hasSome(this, start, end))
    if (others.length === 0) return
    // pages that one process has twice move in the middle of its code
    if (others.includes(by)) by.contend(this)
    if (this.#isMoving) return
    this.#isMoving = true
    for (const user of this.users) user.ownAll(this)
  }

  get isDirty(): boolean {
    return this.#dirty.size > 0
  }

  isOwner(page: number, { page: at, views }: Frame): boolean {
    const owner = this.#owners.get(page)
    return owner !== undefined && owner.views === views && owner.page === at
  }

  /** Whether a page is as the file has it, or all zeros where there is no file. */
  isUntouched(page: number): boolean {
    return !this.#owners.has(page) && !this.#kept.has(page)
  }

  /** Copies the contents of a page that nobody owns. Gives false where the file has none. */
  copyTo(page: number, into: Uint8Array, file: MappedFile | undefined): boolean {
    const kept = this.#kept.get(page)
    if (kept !== undefined) {
      into.set(kept)
      return true
    }
    const length = file === undefined ? 0 : file.read(page * pageSize, into)
    into.fill(0, Math.max(0, length))
    return file === undefined || length > 0
  }

  /** Makes a frame, which holds the contents, the owner of a page. Frames elsewhere have it no more. */
  own(page: number, frame: Frame, file: MappedFile | undefined): void {
    for (const user of this.users) {
      for (const at of user.framesOf(this, page)) if (user !== frame.views || at !== frame.page) user.revoke(at)
    }
    this.#owners.set(page, frame)
    if (file?.writable === true) this.#dirty.set(page, file)
  }

  /** Takes a page from its owner, if there is one, which may still read it. */
  settle(page: number): void {
    const owner = this.#owners.get(page)
    if (owner === undefined) return
    this.#owners.delete(page)
    this.keep(page, owner.views.bytesOf(owner.page))
    owner.views.share(owner.page)
  }

  /** Takes a page from a frame that goes away. */
  leave(page: number, frame: Frame): void {
    if (this.isOwner(page, frame)) this.settle(page)
  }

  /** Keeps the contents of a page that no mapping has any more. */
  keep(page: number, bytes: Uint8Array): void {
    const kept = this.#kept.get(page)
    if (kept === undefined) this.#kept.set(page, bytes.slice())
    else kept.set(bytes)
  }

  /** Gives the contents that were kept of a page, which are the caller's from now on. */
  take(page: number): Uint8Array | undefined {
    const kept = this.#kept.get(page)
    this.#kept.delete(page)
    return kept
  }

  /** Writes what was changed to the file. Pages can be read as before; what is stored from now on is noticed again. */
  flush(): void {
    const pages = [...this.#dirty.keys()].toSorted((a, b) => a - b)
    for (let i = 0; i < pages.length;) {
      const file = this.#dirty.get(pages[i]!)!
      let end = i + 1
      while (end < pages.length && end - i < maxRun && pages[end] === pages[i]! + end - i) end++
      const bytes = new Uint8Array((end - i) * pageSize)
      for (let j = i; j < end; j++) {
        this.settle(pages[j]!)
        const kept = this.take(pages[j]!)
        if (kept !== undefined) bytes.set(kept, (j - i) * pageSize)
      }
      const start = pages[i]! * pageSize
      const length = Math.min(bytes.length, file.size() - start)
      if (length > 0) file.write(start, bytes.subarray(0, length))
      i = end
    }
    this.#dirty.clear()
  }

  /** The file was changed by other means, in first to last: pages are read again when they are needed. Call `flush` before. */
  reread(first: number, last: number): void {
    for (const pages of [this.#owners, this.#kept, this.#dirty]) {
      for (const page of pages.keys()) if (page >= first && page <= last) pages.delete(page)
    }
    for (const user of this.users) user.revokeAll(this, first, last)
  }
}

/** The segments of files that are mapped now. All memories of a run have this in common. */
export class FileSegments {
  /** By `MappedFile.identity`. */
  readonly #byFile = new Map<string, SharedSegment>()

  /** The segment of a file, made where nobody maps the file yet. */
  of(file: MappedFile): SharedSegment {
    const known = this.#byFile.get(file.identity)
    if (known !== undefined) return known
    const segment = new SharedSegment(true)
    this.#byFile.set(file.identity, segment)
    return segment
  }

  /** Forgets a file that nobody maps any more. */
  forget(identity: string): void {
    this.#byFile.delete(identity)
  }

  /** Writes to a file what was stored to mappings of it; without a file, to all. */
  flush(identity?: string): void {
    if (identity !== undefined) return this.#byFile.get(identity)?.flush()
    for (const segment of this.#byFile.values()) if (segment.isDirty) segment.flush()
  }

  /** A file was changed by other means, from one byte to another: mappings of it show that from now on. */
  fileWritten(identity: string, start = 0, end = Infinity): void {
    this.#byFile.get(identity)?.reread(Math.floor(start / pageSize), Math.ceil(end / pageSize) - 1)
  }
}
