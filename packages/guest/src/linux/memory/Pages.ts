/** The page table of an address space, and the care that a page mapped anew reads as zero. */
import * as Layout from "@emu/tcg/Layout"
import type { CpuState } from "@emu/tcg/CpuState"
import { Prot } from "./Prot.ts"

const mapped = Layout.PageFlag.mapped
const accessFlags = Layout.PageFlag.read | Layout.PageFlag.write | Layout.PageFlag.exec

/** Page table bits of a protection. As the RISC-V kernel has it, what may be written may be read. */
const flagsOf = (prot: number): number => mapped | (prot & 7) | ((prot & Prot.write) !== 0 ? Prot.read : 0)

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

  /**
   * @param codeChanges drops the translated code of pages first..last (inclusive)
   * @param flagsChange is told of every change of page table entries first..last (inclusive)
   */
  constructor(state: CpuState, codeChanges: PageRange, flagsChange: (first: number, last: number, flags: number) => void) {
    this.#state = state
    this.#codeChanges = codeChanges
    this.#flagsChange = flagsChange
  }

  /** Sets the protection of pages, which are mapped from now on. */
  protect(first: number, last: number, prot: number): void {
    this.#set(first, last, flagsOf(prot))
    if ((prot & Prot.write) !== 0) this.#used.fill(1, first, last)
  }

  /** Maps pages that cannot be accessed until they have been brought in. */
  hide(first: number, last: number): void {
    this.#set(first, last, mapped)
  }

  /** Unmaps pages. What they held is gone at the next `clear`. */
  unmap(first: number, last: number): void {
    this.#set(first, last, 0)
  }

  /** Makes pages read as zero. */
  clear(first: number, last: number): void {
    // Searched as an array of its own: `indexOf` would look on to the end of the address space.
    const used = this.#used.subarray(first, last)
    let page = used.indexOf(1)
    while (page >= 0) {
      const next = used.indexOf(0, page)
      const end = next < 0 ? used.length : next
      this.#state.u8.fill(0, (first + page) * Layout.pageSize, (first + end) * Layout.pageSize)
      used.fill(0, page, end)
      page = used.indexOf(1, end)
    }
  }

  /** Copies contents of `count` pages; the ranges must not overlap, and the destination must read as zero. */
  copy(from: number, to: number, count: number): void {
    for (let i = 0; i < count; i++) {
      if (this.#used[from + i] === 0) continue
      const start = (from + i) * Layout.pageSize
      this.#state.u8.copyWithin((to + i) * Layout.pageSize, start, start + Layout.pageSize)
      this.#used[to + i] = 1
    }
  }

  /** Copies contents of pages from another memory, where they are mapped. The destination must read as zero. */
  copyFrom(other: Pages, first: number, last: number): void {
    let page = other.#used.indexOf(1, first)
    while (page >= 0 && page < last) {
      if (other.#hasContents(page)) {
        const start = page * Layout.pageSize
        this.#state.u8.set(other.#state.u8.subarray(start, start + Layout.pageSize), start)
        this.#used[page] = 1
      }
      page = other.#used.indexOf(1, page + 1)
    }
  }

  /** Whether flags for a protection have those that are needed. */
  allows(prot: number, needs: number): boolean {
    return (flagsOf(prot) & needs) === needs
  }

  /** Whether a page can be accessed in any way. */
  isAccessible(page: number): boolean {
    return (this.#state.pageTable[page]! & accessFlags) !== 0
  }

  /**
   * Sets the protection of pages of memory that moves, which have had the same one. Code that was translated from them is dropped only
   * where they lose a permission: where they gain some, they have the contents still that they had.
   */
  setMoving(first: number, last: number, prot: number, isVolatile: boolean): void {
    const { pageTable } = this.#state
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
    const flags = (pageTable[page]! & ~Layout.PageFlag.code) | Layout.PageFlag.volatile
    this.#flagsChange(page, page, flags)
    pageTable[page] = pageTable[page]! | Layout.PageFlag.volatile
  }

  /** Whether a page is not all zeros. */
  hasContents(page: number): boolean {
    return this.#used[page] !== 0 && this.#hasContents(page)
  }

  #hasContents(page: number): boolean {
    const words = this.#state.i32
    const end = ((page + 1) * Layout.pageSize) >>> 2
    for (let i = (page * Layout.pageSize) >>> 2; i < end; i += 4) {
      if ((words[i]! | words[i + 1]! | words[i + 2]! | words[i + 3]!) !== 0) return true
    }
    return false
  }

  /** A view of guest bytes for the kernel to fill, whatever the protection. */
  bytesToFill(address: number, length: number): Uint8Array<ArrayBufferLike> {
    this.#used.fill(1, Math.floor(address / Layout.pageSize), Math.ceil((address + length) / Layout.pageSize))
    return this.#state.u8.subarray(address, address + length)
  }

  /** Drops code that was translated from pages. */
  dropCode(first: number, last: number): void {
    for (let page = first; page < last; page++) {
      if ((this.#state.pageTable[page]! & Layout.PageFlag.code) === 0) continue
      this.#codeChanges(page, last - 1)
      return
    }
  }

  #set(first: number, last: number, flags: number): void {
    this.dropCode(first, last)
    this.#flagsChange(first, last - 1, flags)
    this.#state.pageTable.fill(flags, first, last)
  }
}
