/** The shared mappings of one memory: which of their frames may be accessed, and getting pages when they are needed. */
import * as Layout from "@emu/tcg/Layout"
import type { Pages } from "./Pages.ts"
import { Prot } from "./Prot.ts"
import type { Region } from "./Region.ts"
import type { RegionList } from "./RegionList.ts"
import type { FileSegments, SegmentUser, SharedSegment } from "./SharedSegment.ts"

/** So many pages of a file are read at one time, where they are wanted one after the other. */
const readAhead = 16

export class SharedViews implements SegmentUser {
  readonly #regions: RegionList
  readonly #pages: Pages
  readonly #files: FileSegments
  /** Regions by segment, where they have been looked for since they changed. */
  readonly #views = new Map<SharedSegment, ReadonlyArray<Region>>()

  /**
   * Segments whose frames may lose permissions at any access. Those of others keep theirs for so long as nobody else comes: code
   * that counts on them is fast, and dropped when that is over.
   */
  readonly #contended = new Set<SharedSegment>()

  constructor(regions: RegionList, pages: Pages, files: FileSegments) {
    this.#regions = regions
    this.#pages = pages
    this.#files = files
  }

  /** A shared region was put into the list; its pages read as zero and have no flags. */
  added(region: Region): void {
    const segment = region.segment!
    segment.users.add(this)
    this.#views.delete(segment)
    if (segment.isMoving) return this.#pages.hide(region.start / Layout.pageSize, region.end / Layout.pageSize)
    this.#takeKept(region)
    this.protect(region)
  }

  /** Regions of a segment are in the list no more, or others. */
  changed(segment: SharedSegment): void {
    this.#views.delete(segment)
  }

  #takeKept(region: Region): void {
    forEachPage(region, (page, at) => {
      const kept = region.segment!.take(page)
      if (kept !== undefined) this.#pages.bytesToFill(at * Layout.pageSize, Layout.pageSize).set(kept)
    })
  }

  /** Shared regions in start..end are about to go: what only they have is kept. Files are written to. */
  leave(start: number, end: number): void {
    for (const region of this.#regions.within(start, end)) {
      const { file, segment } = region
      if (segment === undefined) continue
      const isLast = segment.users.size === 1 && this.#viewsOf(segment).every((one) => one.start >= start && one.end <= end)
      if (file !== undefined) segment.flush()
      else if (isLast) continue
      if (segment.isMoving) forEachPage(region, (page, at) => segment.leave(page, { views: this, page: at }))
      else this.#keep(region, segment)
    }
  }

  #keep(region: Region, segment: SharedSegment): void {
    forEachPage(region, (page, at) => {
      if (this.#pages.hasContents(at)) segment.keep(page, this.bytesOf(at))
    })
  }

  /** Regions were taken out of the list. */
  removed(regions: ReadonlyArray<Region>): void {
    for (const { file, segment } of regions) {
      if (segment === undefined) continue
      this.#views.delete(segment)
      if (this.#viewsOf(segment).length > 0) continue
      this.#views.delete(segment)
      this.#contended.delete(segment)
      segment.users.delete(this)
      if (segment.users.size === 0 && file !== undefined) this.#files.forget(file.identity)
    }
  }

  /** Gives the pages of a region the flags that its protection and where its contents are allow. */
  protect(region: Region): void {
    const segment = region.segment!
    this.#views.delete(segment)
    if (!segment.isMoving) {
      return this.#pages.protect(region.start / Layout.pageSize, region.end / Layout.pageSize, region.prot)
    }
    forEachPage(region, (page, at) => {
      if (segment.isOwner(page, { views: this, page: at })) this.#set(segment, at, region.prot)
      else this.#set(segment, at, this.#pages.isAccessible(at) ? readOnly(region.prot) : Prot.none)
    })
  }

  #set(segment: SharedSegment, at: number, prot: number): void {
    this.#pages.setMoving(at, at + 1, prot, this.#contended.has(segment))
  }

  /** Frames of a segment lose permissions, or will: nothing is to count on those that the others have. */
  contend(segment: SharedSegment): void {
    if (this.#contended.has(segment)) return
    this.#contended.add(segment)
    for (const region of this.#viewsOf(segment)) {
      forEachPage(region, (_, at) => this.#pages.makeVolatile(at))
    }
  }

  /**
   * A page's flags do not allow what is needed: gets it where that is all that is missing.
   *
   * @param needs `PageFlag`s
   * @returns false where the access is not allowed
   */
  readonly bringIn = (at: number, needs: number): boolean => {
    const region = this.#regions.at(at * Layout.pageSize)
    if (region?.segment?.isMoving !== true || !this.#pages.allows(region.prot, needs)) return false
    return this.#get(region, at, (needs & Layout.PageFlag.write) !== 0)
  }

  /** Gets the pages of a range, whatever their protection, for a debugger or plugin. */
  bringInAll(start: number, end: number, write: boolean): void {
    for (let at = Math.floor(start / Layout.pageSize); at * Layout.pageSize < end; at++) {
      const region = this.#regions.at(at * Layout.pageSize)
      if (region?.segment?.isMoving === true) this.#get(region, at, write)
    }
  }

  #get(region: Region, at: number, write: boolean): boolean {
    const segment = region.segment!
    const page = (region.offset + at * Layout.pageSize - region.start) / Layout.pageSize
    if (region.file !== undefined && page * Layout.pageSize >= region.file.size()) return false
    const frame = { views: this, page: at }
    if (segment.isOwner(page, frame)) return true
    segment.settle(page)
    if (!this.#pages.isAccessible(at)) this.#fill(region, segment, page, at)
    if (write) segment.own(page, frame, region.file)
    this.#set(segment, at, write ? region.prot : readOnly(region.prot))
    return true
  }

  /** Copies a page's contents to its frame, and to those behind it where they come from the same file. */
  #fill(region: Region, segment: SharedSegment, page: number, at: number): void {
    let count = 1
    const last = region.end / Layout.pageSize
    const isNext = (i: number): boolean =>
      at + i < last && !this.#pages.isAccessible(at + i) && segment.isUntouched(page + i)
    if (region.file !== undefined && segment.isUntouched(page)) while (count < readAhead && isNext(count)) count++
    const bytes = this.#pages.bytesToFill(at * Layout.pageSize, count * Layout.pageSize)
    if (count === 1) return void segment.copyTo(page, bytes, region.file)
    const length = Math.max(0, region.file!.read(page * Layout.pageSize, bytes))
    bytes.fill(0, length)
    const end = at + Math.min(count, Math.ceil(length / Layout.pageSize))
    if (end > at + 1) this.#pages.setMoving(at + 1, end, readOnly(region.prot), this.#contended.has(segment))
  }

  bytesOf(at: number): Uint8Array {
    return this.#pages.bytesToFill(at * Layout.pageSize, Layout.pageSize)
  }

  share(at: number): void {
    const region = this.#regions.at(at * Layout.pageSize)!
    this.contend(region.segment!)
    this.#set(region.segment!, at, readOnly(region.prot))
  }

  revoke(at: number): void {
    if (!this.#pages.isAccessible(at)) return
    const { segment } = this.#regions.at(at * Layout.pageSize)!
    this.contend(segment!)
    this.#set(segment!, at, Prot.none)
  }

  revokeAll(segment: SharedSegment, first: number, last: number): void {
    for (const region of this.#viewsOf(segment)) {
      forEachPage(region, (page, at) => {
        if (page >= first && page <= last) this.revoke(at)
      })
    }
  }

  framesOf(segment: SharedSegment, page: number): ReadonlyArray<number> {
    const offset = page * Layout.pageSize
    return this.#viewsOf(segment)
      .filter((one) => one.offset <= offset && offset < one.offset + (one.end - one.start))
      .map(({ offset: first, start }) => (start + offset - first) / Layout.pageSize)
  }

  hasSome(segment: SharedSegment, start: number, end: number): boolean {
    return this.#viewsOf(segment).some((one) => one.offset < end && start < one.offset + (one.end - one.start))
  }

  ownAll(segment: SharedSegment): void {
    for (const region of this.#viewsOf(segment)) {
      forEachPage(region, (page, at) => {
        const hasContents = this.#pages.hasContents(at)
        if (hasContents) segment.own(page, { views: this, page: at }, undefined)
        this.#set(segment, at, hasContents ? region.prot : Prot.none)
      })
    }
  }

  #viewsOf(segment: SharedSegment): ReadonlyArray<Region> {
    const known = this.#views.get(segment)
    if (known !== undefined) return known
    const found = this.#regions.all.filter((region) => region.segment === segment)
    this.#views.set(segment, found)
    return found
  }
}

/** The protection of a page that may not be stored to yet. What may be stored to may be read. */
const readOnly = (prot: number): number => (prot & ~Prot.write) | ((prot & Prot.write) !== 0 ? Prot.read : Prot.none)

/** Calls a function with each page of a region: its number in the segment, and in memory. */
const forEachPage = (region: Region, visit: (page: number, at: number) => void): void => {
  const first = region.offset / Layout.pageSize
  const start = region.start / Layout.pageSize
  const count = region.end / Layout.pageSize - start
  for (let i = 0; i < count; i++) visit(first + i, start + i)
}
