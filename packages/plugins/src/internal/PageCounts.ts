/** Reads and writes by page, per vCPU. */
import type { TraceBatch } from "@emu/core/Trace"
import type { SiteTable } from "./SiteTable.ts"

/** A page with its counts. */
export interface PageCount {
  readonly address: number
  reads: number
  writes: number
  /** Bit masks of the vCPUs that read and wrote. */
  readers: bigint
  writers: bigint
}

/** Counts are made for regions of 4 MiB at a time, when one is first touched. */
const leastRegionShift = 22

export class PageCounts {
  readonly #pageShift: number
  readonly #regionShift: number
  readonly #pagesPerRegion: number
  /** By vCPU and region: reads and writes of each page, in turn. */
  readonly #vcpus: Array<Array<Float64Array | undefined>> = []

  /** @param pageSize a power of two, up to 2^31 */
  constructor(pageSize: number) {
    this.#pageShift = Math.log2(pageSize)
    this.#regionShift = Math.max(leastRegionShift, this.#pageShift)
    this.#pagesPerRegion = 1 << (this.#regionShift - this.#pageShift)
  }

  /**
   * Takes accesses into account.
   *
   * @param isStore by site: 1 for stores, 0 for loads
   */
  add({ addresses, length, sites, vcpu }: TraceBatch, isStore: SiteTable): void {
    const regions = (this.#vcpus[vcpu] ??= [])
    const regionShift = this.#regionShift
    const pageShift = this.#pageShift
    const mask = this.#pagesPerRegion - 1
    for (let i = 0; i < length; i++) {
      const address = addresses[i]!
      const counts = regions[address >>> regionShift] ?? this.#touch(regions, address >>> regionShift)
      const index = 2 * ((address >>> pageShift) & mask) + isStore.get(sites[i]!)
      counts[index] = counts[index]! + 1
    }
  }

  /** The pages that were touched, in no particular order. */
  rows(): Array<PageCount> {
    const pages = new Map<number, PageCount>()
    this.#vcpus.forEach((regions, vcpu) => {
      const bit = 1n << BigInt(vcpu)
      regions.forEach((counts, region) => {
        for (let i = 0; i < this.#pagesPerRegion; i++) {
          const reads = counts![2 * i]!
          const writes = counts![2 * i + 1]!
          if (reads === 0 && writes === 0) continue
          const address = region * 2 ** this.#regionShift + i * 2 ** this.#pageShift
          let page = pages.get(address)
          if (page === undefined) pages.set(address, (page = { address, reads: 0, writes: 0, readers: 0n, writers: 0n }))
          page.reads += reads
          page.writes += writes
          if (reads > 0) page.readers |= bit
          if (writes > 0) page.writers |= bit
        }
      })
    })
    return [...pages.values()]
  }

  #touch(regions: Array<Float64Array | undefined>, region: number): Float64Array {
    return (regions[region] = new Float64Array(2 * this.#pagesPerRegion))
  }
}
