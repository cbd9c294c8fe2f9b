/** What `mem,region-summary` keeps: for each region of memory the accesses, and the bytes that stores have put there. */
import type { MemInfo } from "@emu/core/Instrumentation"
import { hex } from "./text/format.ts"
import { ascending } from "./text/order.ts"

const regionSize = 16 * 1024

interface Region {
  readonly base: number
  readonly bytes: Uint8Array
  reads: number
  writes: number
  /** Every byte read so far had the value that the last store to it left, or zero. */
  seenAll: boolean
}

export class Regions {
  readonly #regions = new Map<number, Region>()
  readonly #warn: (warning: string) => void

  /** @param warn is told, once for each region, when the guest reads what no store of it has written */
  constructor(warn: (warning: string) => void) {
    this.#warn = warn
  }

  /** Takes an access into account. One that crosses into the next region counts for the first, its bytes for both. */
  add(info: MemInfo, address: number): void {
    const size = 1 << info.sizeShift
    const first = this.#at(address)
    if (info.isStore) first.writes++
    else first.reads++
    let rest = info.value
    for (let at = address; at < address + size; at++, rest >>= 8n) {
      const region = at - first.base < regionSize ? first : this.#at(at)
      const byte = Number(rest & 0xffn)
      const offset = at - region.base
      if (info.isStore) {
        region.bytes[offset] = byte
      } else if (region.bytes[offset] !== byte && region.seenAll) {
        region.seenAll = false
        const from = region === first ? address - first.base : offset
        this.#warn(`Warning: 0x${hex(region.base, 16)}:${from} read an un-instrumented value\n`)
      }
    }
  }

  /** What was seen of each region, by address. */
  rows() {
    const regions = [...this.#regions.values()].sort((a, b) => ascending(a.base, b.base))
    return regions.map(({ base, reads, seenAll, writes }) => ({ base, reads, writes, seenAll }))
  }

  #at(address: number): Region {
    const base = address - (address % regionSize)
    let region = this.#regions.get(base)
    if (region === undefined) {
      region = { base, bytes: new Uint8Array(regionSize), reads: 0, writes: 0, seenAll: true }
      this.#regions.set(base, region)
    }
    return region
  }
}
