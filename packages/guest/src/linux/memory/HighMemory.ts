/**
 * High memory: what is mapped from `Layout.guestEnd` on, up to 47 bits. The first touch of a slab gives it a frame: as many bytes of the
 * process's WebAssembly memory that nothing else is mapped to. So reservations cost nothing.
 */
import * as Layout from "@emu/tcg/Layout"
import type { CpuState } from "@emu/tcg/CpuState"
import type { RegionList } from "./RegionList.ts"

const { guestEnd, pageSize, slabSize } = Layout
const pagesPerSlab = slabSize / pageSize
const firstFrame = Math.ceil(Layout.guestBase / slabSize)
const frames = guestEnd / slabSize
/** Frames that a slab without neighbours leaves for those behind it, where there is room. */
const spread = 64

/** Number of the slab that an address is in. */
const slabOf = (address: number): number => Math.floor(address / slabSize)

/** Sets the flags of pages of a slab that gets a frame, by `set`. */
export type Describe = (start: number, end: number, set: (first: number, last: number, flags: number) => void) => void

/** What is done with pages of frames, by their numbers in memory: first..last, exclusive. */
export interface FrameContents {
  /** Makes them read as zero. */
  readonly clear: (first: number, last: number) => void
  /** They may be written to from now on. */
  readonly use: (first: number, last: number) => void
  /** They have other flags. */
  readonly changed: (first: number, last: number) => void
}

export class HighMemory {
  readonly #state: CpuState
  readonly #regions: RegionList
  readonly #describe: Describe
  readonly #contents: FrameContents
  /** The frame of each slab that has one, as its number: its address divided by the slab size. */
  readonly #frames = new Map<number, number>()
  /** The slab in each frame, or -1. */
  readonly #slabs = new Float64Array(frames).fill(-1)

  /**
   * @param describe gives the flags of the pages that are mapped from one address to another
   */
  constructor(state: CpuState, regions: RegionList, describe: Describe, contents: FrameContents) {
    this.#state = state
    this.#regions = regions
    this.#describe = describe
    this.#contents = contents
  }

  /** The page of memory that a high page is in; -1 where it has none. */
  frameOf(page: number): number {
    const slab = Math.floor(page / pagesPerSlab)
    const frame = this.#frames.get(slab)
    return frame === undefined ? -1 : frame * pagesPerSlab + (page - slab * pagesPerSlab)
  }

  /** As `frameOf`, giving it one if need be; -1 where memory is full. */
  frameFor(page: number): number {
    const slab = Math.floor(page / pagesPerSlab)
    if (!this.#frames.has(slab) && !this.#assign(slab)) return -1
    return this.frameOf(page)
  }

  /** Flags of a high page: 0 where it has no frame. */
  flagsOf(page: number): number {
    const frame = this.frameOf(page)
    return frame < 0 ? 0 : this.#state.frameTable[frame]!
  }

  /**
   * Calls a function with the stretches of pages first..last (exclusive) that have frames, by the numbers of those, and the number of the
   * first page.
   */
  forEachFrame(first: number, last: number, visit: (first: number, last: number, page: number) => void): void {
    if (last <= first) return
    const [from, to] = [Math.floor(first / pagesPerSlab), Math.ceil(last / pagesPerSlab)]
    const visitSlab = (slab: number, frame: number) => {
      const start = slab * pagesPerSlab
      const base = frame * pagesPerSlab - start
      const page = Math.max(first, start)
      visit(base + page, base + Math.min(last, start + pagesPerSlab), page)
    }
    if (to - from > this.#frames.size) {
      for (const [slab, frame] of this.#frames) if (slab >= from && slab < to) visitSlab(slab, frame)
      return
    }
    for (let slab = from; slab < to; slab++) {
      const frame = this.#frames.get(slab)
      if (frame !== undefined) visitSlab(slab, frame)
    }
  }

  /** Sets flags of pages first..last (exclusive); those without frames get theirs with the frame. */
  setFlags(first: number, last: number, flags: number): void {
    this.forEachFrame(first, last, (from, to) => this.#fill(from, to, flags))
  }

  /** Takes the frames of slabs in pages first..last (exclusive) in which nothing is mapped any more. */
  release(first: number, last: number): void {
    if (this.#frames.size === 0) return
    const [from, to] = [Math.floor(first / pagesPerSlab), Math.ceil(last / pagesPerSlab)]
    for (const [slab, frame] of this.#frames) {
      if (slab < from || slab >= to || !this.#regions.isFree(slab * slabSize, (slab + 1) * slabSize)) continue
      this.#fill(frame * pagesPerSlab, (frame + 1) * pagesPerSlab, 0)
      this.#frames.delete(slab)
      this.#slabs[frame] = -1
      this.#forget(slab)
    }
  }

  /** `CpuState.place` of high bytes. */
  place(address: number, length: number): number {
    const first = slabOf(address)
    const last = slabOf(address + Math.max(length, 1) - 1)
    if (address < guestEnd) return -1
    for (let slab = first; slab <= last; slab++) if (!this.#frames.has(slab) && !this.#assign(slab)) return -1
    if (!this.#isTogether(first, last) && !this.#bringTogether(first, last)) return -1
    const frame = this.#frames.get(first)!
    const at = frame * slabSize + (address - first * slabSize)
    this.#remember(first, frame)
    return at
  }

  /** The first frame in start..end, as an address, or undefined where there is none. */
  frameWithin(start: number, end: number): number | undefined {
    if (this.#frames.size === 0) return undefined
    const last = Math.min(frames, Math.ceil(end / slabSize))
    for (let frame = Math.floor(start / slabSize); frame < last; frame++) {
      if (this.#slabs[frame]! >= 0) return frame * slabSize
    }
    return undefined
  }

  /** Moves frames out of start..end, where something is to be mapped. False where there is no room for them. */
  evict(start: number, end: number): boolean {
    for (let at = this.frameWithin(start, end); at !== undefined; at = this.frameWithin(start, end)) {
      const to = this.#find(1, start, end)
      if (to === undefined) return false
      this.#move(this.#slabs[at / slabSize]!, to)
    }
    return true
  }

  #assign(slab: number): boolean {
    const before = this.#frames.get(slab - 1)
    const behind = this.#frames.get(slab + 1)
    const frame =
      before !== undefined && this.#isFree(before + 1)
        ? before + 1
        : behind !== undefined && this.#isFree(behind - 1)
          ? behind - 1
          : (this.#find(spread) ?? this.#find(1))
    if (frame === undefined) return false
    this.#take(slab, frame)
    const page = frame * pagesPerSlab
    this.#contents.clear(page, page + pagesPerSlab)
    this.#contents.use(page, page + pagesPerSlab)
    const base = (frame - slab) * pagesPerSlab
    this.#describe(slab * slabSize, (slab + 1) * slabSize, (first, last, flags) => {
      this.#state.frameTable.fill(flags, base + first, base + last)
    })
    this.#contents.changed(page, page + pagesPerSlab)
    return true
  }

  #fill(first: number, last: number, flags: number): void {
    this.#state.frameTable.fill(flags, first, last)
    this.#contents.changed(first, last)
  }

  #take(slab: number, frame: number): void {
    this.#frames.set(slab, frame)
    this.#slabs[frame] = slab
  }

  #isFree(frame: number): boolean {
    return (
      frame >= firstFrame &&
      frame < frames &&
      this.#slabs[frame]! < 0 &&
      this.#regions.isFree(frame * slabSize, (frame + 1) * slabSize)
    )
  }

  /** The highest `count` free frames in a row that are not in start..end. */
  #find(count: number, start = 0, end = 0): number | undefined {
    let run = 0
    for (let frame = frames - 1; frame >= firstFrame; frame--) {
      const isOut = (frame + 1) * slabSize <= start || frame * slabSize >= end
      run = isOut && this.#isFree(frame) ? run + 1 : 0
      if (run === count) return frame
    }
    return undefined
  }

  #isTogether(first: number, last: number): boolean {
    const frame = this.#frames.get(first)!
    for (let slab = first + 1; slab <= last; slab++) if (this.#frames.get(slab) !== frame + slab - first) return false
    return true
  }

  #bringTogether(first: number, last: number): boolean {
    const to = this.#find(last - first + 1)
    if (to === undefined) return false
    for (let slab = first; slab <= last; slab++) this.#move(slab, to + slab - first)
    return true
  }

  #move(slab: number, to: number): void {
    const from = this.#frames.get(slab)!
    const [old, now] = [from * pagesPerSlab, to * pagesPerSlab]
    this.#contents.clear(now, now + pagesPerSlab)
    this.#contents.use(now, now + pagesPerSlab)
    const { frameTable, u8 } = this.#state
    u8.copyWithin(to * slabSize, from * slabSize, (from + 1) * slabSize)
    frameTable.copyWithin(now, old, old + pagesPerSlab)
    this.#contents.changed(now, now + pagesPerSlab)
    this.#fill(old, old + pagesPerSlab, 0)
    this.#slabs[from] = -1
    this.#take(slab, to)
    this.#forget(slab)
  }

  #entry(slab: number): number {
    return (Layout.slabCacheBase >>> 3) + (slab % Layout.slabCacheEntries) * 2
  }

  #remember(slab: number, frame: number): void {
    const at = this.#entry(slab)
    this.#state.u64[at] = BigInt(slab)
    this.#state.u64[at + 1] = BigInt(frame * slabSize)
  }

  #forget(slab: number): void {
    const at = this.#entry(slab)
    if (this.#state.u64[at] === BigInt(slab)) this.#state.u64[at] = 0n
  }
}
