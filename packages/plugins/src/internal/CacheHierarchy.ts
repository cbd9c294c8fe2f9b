/** A core's caches, and what they have counted: one for instructions, one for data, and behind both perhaps a second level. */
import { type CacheGeometry, type CacheModel, type Eviction, makeCache } from "./CacheModel.ts"

/** Which caches there are. */
export interface Hierarchy {
  readonly instructions: CacheGeometry
  readonly data: CacheGeometry
  readonly second: CacheGeometry | undefined
  readonly eviction: Eviction
}

/** Misses by instruction, whose numbers count up from 0. */
export class Misses {
  fetch = new Float64Array(1024)
  data = new Float64Array(1024)
  second = new Float64Array(1024)

  /** Makes room for instructions numbered below `count`. */
  reserve(count: number): void {
    if (count <= this.fetch.length) return
    const grow = (counts: Float64Array<ArrayBuffer>) => {
      const larger = new Float64Array(2 * count)
      larger.set(counts)
      return larger
    }
    this.fetch = grow(this.fetch)
    this.data = grow(this.data)
    this.second = grow(this.second)
  }
}

export class CacheCore {
  dataAccesses = 0
  dataMisses = 0
  fetchMisses = 0
  secondMisses = 0
  readonly #instructions: CacheModel
  readonly #data: CacheModel
  readonly #second: CacheModel | undefined
  readonly #misses: Misses
  /** The line that was fetched from last: it is there. */
  #lastLine = -1

  constructor({ data, eviction, instructions, second }: Hierarchy, misses: Misses) {
    this.#instructions = makeCache(instructions, eviction)
    this.#data = makeCache(data, eviction)
    this.#second = second === undefined ? undefined : makeCache(second, eviction)
    this.#misses = misses
  }

  /** An instruction is fetched. */
  fetch(insn: number, address: number): void {
    const cache = this.#instructions
    const line = (address >>> cache.lineShift) | 0
    if (line === this.#lastLine) return
    this.#lastLine = line
    if (cache.access(line)) return
    this.fetchMisses++
    this.#misses.fetch[insn]!++
    this.#missed(insn, address)
  }

  /** An instruction accesses memory. An access that crosses into the next line counts for the first. */
  access(insn: number, address: number): void {
    const cache = this.#data
    this.dataAccesses++
    if (cache.access((address >>> cache.lineShift) | 0)) return
    this.dataMisses++
    this.#misses.data[insn]!++
    this.#missed(insn, address)
  }

  #missed(insn: number, address: number): void {
    const second = this.#second
    if (second === undefined || second.access((address >>> second.lineShift) | 0)) return
    this.secondMisses++
    this.#misses.second[insn]!++
  }
}
