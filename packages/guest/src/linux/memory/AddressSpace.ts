/** The address space of a process: regions, page table and contents kept in step. */
import * as Layout from "@emu/tcg/Layout"
import type { CpuState } from "@emu/tcg/CpuState"
import type { Engine } from "@emu/tcg/Engine"
import { Errno } from "../kernel/errno.ts"
import { allowed } from "../user/UserMemory.ts"
import { mapsText } from "./maps.ts"
import type { MappedFile } from "./MappedFile.ts"
import { firstHigh, flagsOf, Pages } from "./Pages.ts"
import { Prot } from "./Prot.ts"
import type { Region } from "./Region.ts"
import { RegionList } from "./RegionList.ts"
import { FileSegments, SharedSegment } from "./SharedSegment.ts"
import { SharedViews } from "./SharedViews.ts"

/** Where the search for free addresses begins: a third of 2^32, as in QEMU. */
export const mmapBase = 0x55556000

/** Mappings that the guest leaves to us are not put below this: `vm.mmap_min_addr` of most systems. */
const lowestChosen = 0x1_0000
/** Where the search goes on when there is no room below `Layout.guestEnd`: beyond what programs ask for by address, as Go's heap. */
const highBase = 0x4000_0000_0000
/** As much of low memory is kept free for frames of high memory; by mappings above a size more, for the sake of others to come. */
const keptFree = 2 ** 29
const largeSize = 2 ** 26
const keptFreeByLarge = 1.25 * 2 ** 30

/** What is to be mapped. */
export interface Mapping {
  readonly prot: number
  readonly shared?: boolean
  /** Shown in maps where there is no file. */
  readonly name?: string
  readonly file?: MappedFile
  /** Offset in the file or segment, a multiple of the page size. */
  readonly offset?: number
  /** Of a shared mapping that is moved or grows: the segment that it is part of. */
  readonly segment?: SharedSegment
}

/** Rounds up to a multiple of the page size. */
export const pageUp = (value: number): number => Math.ceil(value / Layout.pageSize) * Layout.pageSize
/** Rounds down to a multiple of the page size. */
export const pageDown = (value: number): number => Math.floor(value / Layout.pageSize) * Layout.pageSize
/** Whether an address is a multiple of the page size. */
export const isAligned = (value: number): boolean => value % Layout.pageSize === 0

/**
 * Functions take page-aligned ranges inside guestBase..guestEnd that the caller has checked (`inRange`), and give negative
 * errnos where the guest's request can fail.
 */
export class AddressSpace {
  readonly state: CpuState
  readonly regions = new RegionList()
  readonly pages: Pages
  readonly #shared: SharedViews
  /** Program break: where it began, and where it is. */
  breakStart = 0
  breakEnd = 0

  readonly #written: (address: number, length: number) => void
  readonly #files: FileSegments

  /**
   * @param engine is told when pages with translated code change, when page table entries do, and what plugins write
   * @param files what other spaces of the run share as well
   */
  constructor(
    state: CpuState,
    engine: Pick<Engine["Service"], "flushPages" | "protect" | "memoryWritten">,
    files = new FileSegments()
  ) {
    this.state = state
    this.#files = files
    this.#written = engine.memoryWritten ?? (() => {})
    this.pages = new Pages(state, engine.flushPages, engine.protect, this.regions, (start, end, set) => {
      for (const region of this.regions.within(start, end)) this.#describe(region, set)
    })
    this.#shared = new SharedViews(this.regions, this.pages, files)
    state.bringIn = (page, needs) => (page < firstHigh ? this.#shared.bringIn(page, needs) : this.#bringInHigh(page, needs))
    state.place = (address, length) =>
      address + length <= Layout.guestEnd ? address : this.pages.high.place(address, length)
  }

  /** Whether the guest may map start..end at all. */
  inRange(start: number, end: number): boolean {
    return start >= Layout.guestBase && end <= Layout.userEnd && start <= end
  }

  /** The address for a mapping of `size` bytes that the guest leaves to us: the hint if free, else the first fit. */
  choose(size: number, hint: number): number | undefined {
    const from = Math.max(pageDown(hint), Layout.guestBase)
    if (hint >= Layout.guestEnd && this.inRange(from, from + size) && this.regions.isFree(from, from + size)) return from
    const left = Layout.guestEnd - this.regions.lowBytes - size
    const isLow = left >= (size < largeSize ? keptFree : keptFreeByLarge)
    return (
      (isLow && hint > 0 && hint < Layout.guestEnd ? this.#lowHole(size, from, Layout.guestEnd) : undefined) ??
      (isLow
        ? (this.#lowHole(size, mmapBase, Layout.guestEnd) ?? this.#lowHole(size, lowestChosen, mmapBase))
        : undefined) ??
      this.regions.hole(size, highBase, Layout.userEnd) ??
      this.regions.hole(size, 2 ** 32, Layout.userEnd)
    )
  }

  /** As `hole` of regions, between frames of high memory. */
  #lowHole(size: number, from: number, limit: number): number | undefined {
    let at: number | undefined = from
    for (;;) {
      at = this.regions.hole(size, at, limit)
      const frame: number | undefined = at === undefined ? undefined : this.pages.high.frameWithin(at, at + size)
      if (at === undefined || frame === undefined) return at
      at = frame + Layout.slabSize
    }
  }

  /** Frames of high memory give way to what is to be mapped at start..end. False where there is no room for them. */
  makeRoom(start: number, end: number): boolean {
    return start >= Layout.guestEnd || this.pages.high.evict(start, Math.min(end, Layout.guestEnd))
  }

  #bringInHigh(page: number, needs: number): boolean {
    const region = this.regions.at(page * Layout.pageSize)
    if (region === undefined) return false
    if (needs === Layout.PageFlag.mapped) return true
    if ((flagsOf(region.prot) & needs) !== needs || this.pages.high.frameFor(page) < 0) return false
    return (this.pages.high.flagsOf(page) & needs) === needs || this.#shared.bringIn(page, needs)
  }

  /** Maps start..end, over whatever is there. Contents are zeros or the file's. */
  map(start: number, end: number, mapping: Mapping): void {
    this.unmap(start, end)
    const region: Region = {
      start,
      end,
      prot: mapping.prot,
      shared: mapping.shared ?? false,
      name: mapping.name ?? "",
      file: mapping.file,
      segment: mapping.shared === true ? (mapping.segment ?? this.#segmentOf(mapping.file)) : undefined,
      offset: mapping.offset ?? 0
    }
    this.pages.clear(start / Layout.pageSize, end / Layout.pageSize)
    this.#insert(region)
  }

  /** Puts in a region whose pages read as zero, with its contents and protection. */
  #insert(region: Region): void {
    region.segment?.beforeMapping(this.#shared, region.offset, region.offset + region.end - region.start)
    this.regions.insert(region)
    if (region.segment !== undefined) return this.#shared.added(region)
    this.#fillFromFile(region)
    this.#applyProtection(region)
  }

  /** Unmaps what is in start..end. Shared file mappings are written back, files that nothing maps any more are closed. */
  unmap(start: number, end: number): void {
    this.#shared.leave(start, end)
    const removed = this.regions.remove(start, end)
    for (const region of removed) this.pages.unmap(region.start / Layout.pageSize, region.end / Layout.pageSize)
    this.#shared.removed(removed)
    for (const file of new Set(removed.map((region) => region.file))) {
      if (file !== undefined && !this.regions.all.some((region) => region.file === file)) file.close()
    }
  }

  /** Changes protections; 0, or -ENOMEM from the first hole on, as Linux does. */
  protect(start: number, end: number, prot: number): number {
    let at = start
    for (const region of this.regions.within(start, end)) {
      if (region.start !== at) return -Errno.ENOMEM
      if (region.shared && region.file !== undefined && (prot & Prot.write) !== 0 && !region.file.writable) {
        return -Errno.EACCES
      }
      this.regions.remove(region.start, region.end)
      const changed = { ...region, prot }
      this.regions.insert(changed)
      if (region.segment === undefined) this.#applyProtection(changed)
      else this.#shared.protect(changed)
      at = region.end
    }
    return at === end ? 0 : -Errno.ENOMEM
  }

  /** Moves the mapping at start..start+oldSize to `to`, where it has newSize bytes; the old place is left mapped or not. */
  move(start: number, oldSize: number, to: number, newSize: number, keepOld: boolean): void {
    const parts = this.regions.within(start, start + Math.min(oldSize, newSize))
    const last = parts[parts.length - 1]
    this.unmap(to, to + newSize)
    for (const part of parts) {
      // the last part grows to the new size; a file's further pages come from the file
      const end = part === last ? to + newSize : part.end - start + to
      const moved = { ...part, start: part.start - start + to, end }
      const [from, first] = [part.start / Layout.pageSize, moved.start / Layout.pageSize]
      // what it grows over may be mapped already: its pages move from then on, those of this part too
      const grown = part.offset + part.end - part.start
      part.segment?.beforeMapping(this.#shared, grown, grown + end - moved.start - (part.end - part.start))
      const isAlone = part.segment !== undefined && !part.segment.isMoving && !keepOld
      // a mapping that shares its pages with nobody does not do so with itself
      if (isAlone) this.regions.remove(part.start, part.end)
      if (part.segment !== undefined) this.#shared.changed(part.segment)
      this.pages.clear(first, moved.end / Layout.pageSize)
      this.#insert(moved)
      if (part.segment === undefined || isAlone) this.pages.copy(from, first, (part.end - part.start) / Layout.pageSize)
      if (isAlone) this.pages.unmap(from, part.end / Layout.pageSize)
    }
    if (keepOld) this.discard(start, start + oldSize)
    else this.unmap(start, start + oldSize)
  }

  /** madvise(MADV_DONTNEED): private pages read as when they were mapped. */
  discard(start: number, end: number): void {
    for (const region of this.regions.within(start, end)) {
      if (region.shared) continue
      this.pages.clear(region.start / Layout.pageSize, region.end / Layout.pageSize)
      this.#fillFromFile(region)
      this.#applyProtection(region)
    }
  }

  /** Writes to a file what was stored to shared mappings of it, in any process; without a file, to all. */
  flushShared(identity?: string): void {
    this.#files.flush(identity)
  }

  /** A file was changed by other means than its mappings: shared mappings of it, in any process, show that from now on. */
  fileWritten(identity: string, start?: number, end?: number): void {
    this.#files.fileWritten(identity, start, end)
  }

  /** The address of a byte that is shared with others, in terms of those: a segment and an offset in it. */
  sharedAddress(address: number): { readonly segment: SharedSegment; readonly offset: number } | undefined {
    const region = this.regions.at(address)
    return region?.segment && { segment: region.segment, offset: region.offset + address - region.start }
  }

  /** Whether an access that failed at an address went beyond the end of a mapped file: SIGBUS, not SIGSEGV. */
  isBeyondFile(address: number): boolean {
    const region = this.regions.at(address)
    return region !== undefined && address >= fileEnd(region)
  }

  /** Reads bytes for a debugger or plugin, whatever the protection; undefined where part of the range is not mapped. */
  peek(address: number, length: number): Uint8Array | undefined {
    if (!allowed(this.state, address, length, Layout.PageFlag.mapped)) return undefined
    this.#shared.bringInAll(address, address + length, false)
    const at = this.state.place(address, length)
    return at < 0 ? undefined : this.state.u8.slice(at, at + length)
  }

  /** Writes bytes for a debugger or plugin, whatever the protection; false where part of the range is not mapped. */
  poke(address: number, bytes: Uint8Array): boolean {
    if (!allowed(this.state, address, bytes.length, Layout.PageFlag.mapped)) return false
    this.#shared.bringInAll(address, address + bytes.length, true)
    this.pages.bytesToFill(address, bytes.length).set(bytes)
    this.pages.dropCode(Math.floor(address / Layout.pageSize), Math.ceil((address + bytes.length) / Layout.pageSize))
    this.#written(address, bytes.length)
    return true
  }

  /** Whether a page is of a private mapping of a file, and holds what the file does. */
  isFromFile(page: number): boolean {
    const address = page * Layout.pageSize
    const region = this.regions.at(address)
    if (region?.file === undefined || region.shared || (region.prot & Prot.write) !== 0) return false
    const contents = new Uint8Array(Layout.pageSize)
    if (region.file.read(region.offset + address - region.start, contents) < 0) return false
    const words = new Int32Array(contents.buffer)
    const first = address >>> 2
    return words.every((word, index) => this.state.i32[first + index] === word)
  }

  /** Contents of /proc/self/maps. */
  mapsText(): string {
    return mapsText(this.regions.all)
  }

  /** Makes it a copy of another space, for a forked process. Nothing is mapped here. */
  copyFrom(other: AddressSpace): void {
    for (const file of new Set(other.regions.all.map((region) => region.file))) file?.hold()
    for (const region of other.regions.all) {
      const first = region.start / Layout.pageSize
      const last = region.end / Layout.pageSize
      this.pages.clear(first, last)
      if (region.segment !== undefined) {
        this.#insert(region)
        continue
      }
      this.pages.copyFrom(other.pages, first, last)
      this.regions.insert(region)
      this.#applyProtection(region)
    }
    this.breakStart = other.breakStart
    this.breakEnd = other.breakEnd
  }

  /** Ends the space: everything is written back, unmapped and closed. */
  clear(): void {
    this.unmap(Layout.guestBase, Layout.userEnd)
  }

  #segmentOf(file: MappedFile | undefined): SharedSegment {
    return file === undefined ? new SharedSegment(false) : this.#files.of(file)
  }

  #applyProtection(region: Region): void {
    forEachProtection(region, (first, last, prot) => this.pages.protect(first, last, prot))
  }

  /** The flags of a part of a region that gets frames. */
  #describe(region: Region, set: (first: number, last: number, flags: number) => void): void {
    // pages of shared memory come when they are needed
    if (region.segment?.isMoving === true) {
      return set(region.start / Layout.pageSize, region.end / Layout.pageSize, Layout.PageFlag.mapped)
    }
    forEachProtection(region, (first, last, prot) => set(first, last, flagsOf(prot)))
  }

  #fillFromFile(region: Region): void {
    if (region.file === undefined) return
    this.#files.flush(region.file.identity)
    const length = Math.min(region.end, fileEnd(region)) - region.start
    // high memory in pieces, as it need not be in one
    const step = region.end > Layout.guestEnd ? Layout.slabSize : length
    for (let done = 0; done < length; done += step) {
      const bytes = this.pages.bytesToFill(region.start + done, Math.min(step, length - done))
      if (region.file.read(region.offset + done, bytes) < bytes.length) break
    }
  }
}

/** The address of a region's first page that lies wholly beyond the end of its file; infinity without a file. */
const fileEnd = (region: Region): number =>
  region.file === undefined ? Infinity : Math.max(region.start, region.start + pageUp(region.file.size()) - region.offset)

/** Calls a function with the pages of a region that the file reaches, if there is one, and with the others, and the protection of either. */
const forEachProtection = (region: Region, visit: (first: number, last: number, prot: number) => void): void => {
  const last = region.end / Layout.pageSize
  const filled = Math.min(last, fileEnd(region) / Layout.pageSize)
  const first = region.start / Layout.pageSize
  if (filled > first) visit(first, filled, region.prot)
  if (filled < last) visit(Math.max(first, filled), last, Prot.none)
}
