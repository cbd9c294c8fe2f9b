/** The regions of an address space, sorted and disjoint. Knows nothing of page tables and contents. */
import { guestEnd } from "@emu/tcg/Layout"
import { clip, mergeable, type Region } from "./Region.ts"

export class RegionList {
  readonly #list: Array<Region> = []
  #lowBytes = 0
  /** What the last search found: from one address to another there is no hole of so many bytes. */
  #searched = { from: 0, size: 0, to: 0 }

  /** All regions by address. */
  get all(): ReadonlyArray<Region> {
    return this.#list
  }

  /** Bytes below `guestEnd` that are in regions. */
  get lowBytes(): number {
    return this.#lowBytes
  }

  /** The region that holds an address. */
  at(address: number): Region | undefined {
    const region = this.#list[this.#indexOf(address)]
    return region !== undefined && region.start <= address ? region : undefined
  }

  /** The parts of regions inside start..end. */
  within(start: number, end: number): Array<Region> {
    const result: Array<Region> = []
    for (let i = this.#indexOf(start); i < this.#list.length && this.#list[i]!.start < end; i++) {
      result.push(clip(this.#list[i]!, start, end))
    }
    return result
  }

  /** Whether nothing is mapped in start..end. */
  isFree(start: number, end: number): boolean {
    const next = this.#list[this.#indexOf(start)]
    return next === undefined || next.start >= end
  }

  /** Whether all of start..end is mapped. */
  isFull(start: number, end: number): boolean {
    let at = start
    for (const region of this.within(start, end)) {
      if (region.start !== at) return false
      at = region.end
    }
    return at >= end
  }

  /** The lowest address from `from` on with `size` free bytes below `limit`, or undefined. */
  hole(size: number, from: number, limit: number): number | undefined {
    const { from: begun, size: least, to } = this.#searched
    let at = from >= begun && from < to && size >= least ? to : from
    for (let i = this.#indexOf(at); i < this.#list.length; i++) {
      const region = this.#list[i]!
      if (region.start - at >= size) break
      at = Math.max(at, region.end)
    }
    this.#searched = { from: from >= begun && from < to && size >= least ? begun : from, size, to: at }
    return at + size <= limit ? at : undefined
  }

  /** Removes what is in start..end; regions that reach out are cut. Gives the removed parts. */
  remove(start: number, end: number): Array<Region> {
    const removed = this.within(start, end)
    if (removed.length === 0) return removed
    if (start < this.#searched.to) this.#searched = { from: 0, size: 0, to: 0 }
    for (const part of removed) this.#lowBytes -= lowBytesOf(part)
    const first = this.#indexOf(start)
    let last = first
    while (last < this.#list.length && this.#list[last]!.start < end) last++
    const kept: Array<Region> = []
    const head = this.#list[first]!
    const tail = this.#list[last - 1]!
    if (head.start < start) kept.push(clip(head, head.start, start))
    if (tail.end > end) kept.push(clip(tail, end, tail.end))
    this.#list.splice(first, last - first, ...kept)
    return removed
  }

  /** Puts a region where nothing is, and merges it with its neighbours. */
  insert(region: Region): void {
    this.#lowBytes += lowBytesOf(region)
    let i = this.#indexOf(region.start)
    let merged = region
    const before = this.#list[i - 1]
    if (before !== undefined && mergeable(before, merged)) {
      merged = { ...before, end: merged.end }
      this.#list.splice(--i, 1)
    }
    const after = this.#list[i]
    if (after !== undefined && mergeable(merged, after)) {
      merged = { ...merged, end: after.end }
      this.#list.splice(i, 1)
    }
    this.#list.splice(i, 0, merged)
  }

  /** Index of the first region that ends above an address. */
  #indexOf(address: number): number {
    let low = 0
    let high = this.#list.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#list[middle]!.end > address) high = middle
      else low = middle + 1
    }
    return low
  }
}

const lowBytesOf = ({ end, start }: Region): number => Math.min(end, guestEnd) - Math.min(start, guestEnd)
