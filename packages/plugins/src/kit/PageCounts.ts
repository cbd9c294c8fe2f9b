/** Reads and writes by page, per vCPU. */
import { type TraceBatch, TraceKind, type TraceSite } from "@emu/core/Trace"

/** A page with its counts. */
export interface PageCount {
  readonly address: number
  reads: number
  writes: number
  /** Bit masks of the vCPUs that read and wrote. */
  readers: bigint
  writers: bigint
}

/** A site's number in the table that `PageCounts.add` takes: whether it stores, and above that bit how far its last byte is. */
export const accessOf = ({ kind, size }: TraceSite): number => ((size - 1) << 1) | (kind === TraceKind.store ? 1 : 0)

/** Records after which a counter of 32 bits might overflow. */
const mostPending = 2 ** 31

/** The counters of one vCPU: of each page reads and writes, in turn. */
interface Counters {
  /** One flat table is three times as fast as tables of tables. The host gives it memory where pages are touched. */
  readonly recent: Uint32Array
  /** Records counted there. */
  pending: number
  /** What was there before, by index. */
  readonly totals: Map<number, number>
}

export class PageCounts {
  readonly #pageShift: number
  readonly #vcpus: Array<Counters> = []

  /** @param pageSize a power of two from 64 to 2^31 */
  constructor(pageSize: number) {
    this.#pageShift = Math.log2(pageSize)
  }

  /**
   * Takes accesses into account: in each page that they touch.
   *
   * @param accesses what `accessOf` says of each site
   */
  add({ addresses, length, sites, vcpu }: TraceBatch, accesses: Int32Array): void {
    const counters = (this.#vcpus[vcpu] ??= {
      recent: new Uint32Array(2 ** (33 - this.#pageShift)),
      pending: 0,
      totals: new Map()
    })
    if ((counters.pending += length) > mostPending) settle(counters)
    const { recent } = counters
    const pageShift = this.#pageShift
    const pageMask = 2 ** pageShift - 1
    for (let i = 0; i < length; i++) {
      const address = addresses[i]!
      const access = accesses[sites[i]!]!
      let counter = ((address >>> pageShift) << 1) | (access & 1)
      recent[counter] = recent[counter]! + 1
      for (let end = (address & pageMask) + (access >> 1); end > pageMask; end -= pageMask + 1) {
        counter += 2
        recent[counter] = recent[counter]! + 1
      }
    }
  }

  /** The pages that were touched, in no particular order. */
  rows(): Array<PageCount> {
    const pages = new Map<number, PageCount>()
    this.#vcpus.forEach((counters, vcpu) => {
      settle(counters)
      const bit = 1n << BigInt(vcpu)
      for (const [counter, count] of counters.totals) {
        const address = (counter >>> 1) * 2 ** this.#pageShift
        let page = pages.get(address)
        if (page === undefined) pages.set(address, (page = { address, reads: 0, writes: 0, readers: 0n, writers: 0n }))
        if ((counter & 1) === 0) {
          page.reads += count
          page.readers |= bit
        } else {
          page.writes += count
          page.writers |= bit
        }
      }
    })
    return [...pages.values()]
  }
}

const settle = (counters: Counters): void => {
  const { recent, totals } = counters
  for (let i = 0; i < recent.length; i++) {
    const count = recent[i]!
    if (count === 0) continue
    totals.set(i, (totals.get(i) ?? 0) + count)
    recent[i] = 0
  }
  counters.pending = 0
}
