/** The page table of an address space, and the care that a page mapped anew reads as zero. */
import * as Layout from "@emu/tcg/Layout"
import type { CpuState } from "@emu/tcg/CpuState"
import { type Describe, HighMemory } from "./HighMemory.ts"
import { Prot } from "./Prot.ts"
import type { RegionList } from "./RegionList.ts"

const mapped = Layout.PageFlag.mapped
const accessFlags = Layout.PageFlag.read | Layout.PageFlag.write | Layout.PageFlag.exec

/** The first page that is not in memory at its own address. */
export const firstHigh = Layout.guestEnd / Layout.pageSize

/** Page table bits of a protection. As the RISC-V kernel has it, what may be written may be read. */
export const flagsOf = (prot: number): number => mapped | (prot & 7) | ((prot & Prot.write) !== 0 ? Prot.read : 0)

/** Does something about pages first to last, inclusive. */
export type PageRange = (first: number, last: number) => void

/**
 * Page numbers are guest addresses divided by the page size; ranges are first..last, exclusive.
 *
 * Pages that were never writable hold zeros, as the memory came; the others are remembered (`#used`) and zeroed when they
 * are mapped again, so that a large mapping costs nothing until it is used.
 */
export class Pages {
  readonly #state: CpuState
  readonly #used = new Uint8Array(Layout.guestEnd / Layout.pageSize)
  /** Told before pages that hold translated code change. */
  readonly #codeChanges: PageRange

  /** Told before pages first..last (inclusive) get other flags. */
  readonly #flagsChange: (first: number, last: number, flags: number) => void

  /** The pages from `firstHigh` on. */
  readonly high: HighMemory

  /**
   * @param codeChanges drops the translated code of pages first..last (inclusive)
   * @param flagsChange is told of every change of page table entries first..last (inclusive)
   * @param regions what is mapped
   * @param describe gives the flags of high pages
   */
  constructor(
    state: CpuState,
    codeChanges: PageRange,
    flagsChange: (first: number, last: number, flags: number) => void,
    regions: RegionList,
    describe: Describe
  ) {
    this.#state = state
    this.high = new HighMemory(state, regions, describe, {
      clear: (first, last) => this.#clear(first, last),
      use: (first, last) => this.#used.fill(1, first, last),
      // nothing counts on them, but who compares memories is to look at them
      changed: (first, last) => flagsChange(first, last - 1, 0)
    })
    this.#codeChanges = codeChanges
    this.#flagsChange = flagsChange
  }

  /** Sets the protection of pages, which are mapped from now on. */
  protect(first: number, last: number, prot: number): void {
    this.#set(first, last, flagsOf(prot))
    if ((prot & Prot.write) !== 0 && first < firstHigh) this.#used.fill(1, first, Math.min(last, firstHigh))
  }

  /** Maps pages that cannot be accessed until they have been brought in. */
  hide(first: number, last: number): void {
    this.#set(first, last, mapped)
  }

  /** Unmaps pages. What they held is gone at the next `clear`. */
  unmap(first: number, last: number): void {
    this.#set(first, last, 0)
    if (last > firstHigh) this.high.release(Math.max(first, firstHigh), last)
  }

  /** Makes pages read as zero. */
  clear(first: number, last: number): void {
    if (first < firstHigh) this.#clear(first, Math.min(last, firstHigh))
    this.high.forEachFrame(Math.max(first, firstHigh), last, (from, to) => {
      this.#clear(from, to)
      this.#used.fill(1, from, to)
    })
  }

  #clear(first: number, last: number): void {
    // Searched as an array of its own: `indexOf` would look on to the end of the address space.
    const used = this.#used.subarray(first, last)
    let page = used.indexOf(1)
    while (page >= 0) {
      const next = used.indexOf(0, page)
      const end = next < 0 ? used.length : next
      for (let at = first + page; at < first + end; at++) {
        // what has never been stored to takes no memory of the host, nor shall it now
        if (this.#hasContents(at)) this.#state.u8.fill(0, at * Layout.pageSize, (at + 1) * Layout.pageSize)
      }
      used.fill(0, page, end)
      page = used.indexOf(1, end)
    }
  }

  /**
   * Copies contents of `count` pages; the ranges must not overlap, and the destination must read as zero. Ranges of high pages are walked
   * by their frames.
   */
  copy(from: number, to: number, count: number): void {
    this.#forEachUsed(from, from + count, (frame, page) => this.#copyPage(this.#state, frame, page - from + to))
  }

  /** Copies contents of pages from another memory, where they are mapped. The destination must read as zero. */
  copyFrom(other: Pages, first: number, last: number): void {
    other.#forEachUsed(first, last, (frame, page) => {
      if (other.#hasContents(frame)) this.#copyPage(other.#state, frame, page)
    })
  }

  /** Calls a function with the pages of a range that may not be all zeros: where each is in memory, and its number. */
  #forEachUsed(first: number, last: number, visit: (frame: number, page: number) => void): void {
    const visitRange = (from: number, to: number, page: number) => {
      const used = this.#used.subarray(from, to)
      for (let i = used.indexOf(1); i >= 0; i = used.indexOf(1, i + 1)) visit(from + i, page + i)
    }
    if (first < firstHigh) visitRange(first, Math.min(last, firstHigh), first)
    this.high.forEachFrame(Math.max(first, firstHigh), last, visitRange)
  }

  #copyPage(from: CpuState, frame: number, to: number): void {
    const start = frame * Layout.pageSize
    this.bytesToFill(to * Layout.pageSize, Layout.pageSize).set(from.u8.subarray(start, start + Layout.pageSize))
  }

  /** Whether flags for a protection have those that are needed. */
  allows(prot: number, needs: number): boolean {
    return (flagsOf(prot) & needs) === needs
  }

  /** Whether a page can be accessed in any way. */
  isAccessible(page: number): boolean {
    return (this.#flagsAt(page) & accessFlags) !== 0
  }

  /**
   * Sets the protection of pages of memory that moves, which have had the same one. Code that was translated from them is dropped only
   * where they lose a permission: where they gain some, they have the contents still that they had.
   */
  setMoving(first: number, last: number, prot: number, isVolatile: boolean): void {
    const { pageTable } = this.#state
    if (first >= firstHigh) {
      for (let page = first; page < last; page++) this.high.frameFor(page)
      return this.high.setFlags(first, last, flagsOf(prot) | (isVolatile ? Layout.PageFlag.volatile : 0))
    }
    const before = pageTable[first]! & ~Layout.PageFlag.code
    const flags = flagsOf(prot) | (isVolatile ? Layout.PageFlag.volatile : 0)
    if (before === flags) return
    if ((before & accessFlags & ~flags) !== 0) return this.#set(first, last, flags)
    this.#flagsChange(first, last - 1, flags)
    for (let page = first; page < last; page++) pageTable[page] = flags | (pageTable[page]! & Layout.PageFlag.code)
  }

  /** Lets nothing count on what a page allows now. */
  makeVolatile(page: number): void {
    const { pageTable } = this.#state
    if (page >= firstHigh) return
    const flags = (pageTable[page]! & ~Layout.PageFlag.code) | Layout.PageFlag.volatile
    this.#flagsChange(page, page, flags)
    pageTable[page] = pageTable[page]! | Layout.PageFlag.volatile
  }

  /** Whether a page is not all zeros. */
  hasContents(page: number): boolean {
    const frame = page < firstHigh ? page : this.high.frameOf(page)
    return frame >= 0 && this.#used[frame] !== 0 && this.#hasContents(frame)
  }

  #flagsAt(page: number): number {
    return page < firstHigh ? this.#state.pageTable[page]! : this.high.flagsOf(page)
  }

  #hasContents(page: number): boolean {
    const words = this.#state.i32
    const end = ((page + 1) * Layout.pageSize) >>> 2
    for (let i = (page * Layout.pageSize) >>> 2; i < end; i += 4) {
      if ((words[i]! | words[i + 1]! | words[i + 2]! | words[i + 3]!) !== 0) return true
    }
    return false
  }

  /**
   * A view of guest bytes for the kernel to fill, whatever the protection. Not for large pieces of high memory.
   *
   * @throws RangeError where memory is full
   */
  bytesToFill(address: number, length: number): Uint8Array<ArrayBufferLike> {
    if (address + length > Layout.guestEnd) {
      const at = this.high.place(address, length)
      if (at < 0) throw new RangeError("the guest's memory is full")
      return this.#state.u8.subarray(at, at + length)
    }
    this.#used.fill(1, Math.floor(address / Layout.pageSize), Math.ceil((address + length) / Layout.pageSize))
    return this.#state.u8.subarray(address, address + length)
  }

  /** Drops code that was translated from pages. */
  dropCode(first: number, last: number): void {
    for (let page = first; page < Math.min(last, firstHigh); page++) {
      if ((this.#state.pageTable[page]! & Layout.PageFlag.code) === 0) continue
      this.#codeChanges(page, Math.min(last, firstHigh) - 1)
      return
    }
  }

  #set(first: number, last: number, flags: number): void {
    if (last > firstHigh) this.high.setFlags(Math.max(first, firstHigh), last, flags)
    const end = Math.min(last, firstHigh)
    if (first >= end) return
    this.dropCode(first, end)
    this.#flagsChange(first, end - 1, flags)
    this.#state.pageTable.fill(flags, first, end)
  }
}
