/** A core's caches, and what they have counted: one for instructions, one for data, and behind both perhaps a second level. */
import { type TraceBatch, TraceKind, type TraceSite } from "@emu/core/Trace"
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

/** What a site does, as a number: instruction n fetched is ~n, its access to memory n. */
export const roleOf = ({ kind }: TraceSite, insn: number): number => (kind === TraceKind.exec ? ~insn : insn)

/** How far the last byte that a site accesses is behind the first one. */
export const spanOf = ({ size }: TraceSite): number => size - 1

export class CacheCore {
  dataAccesses = 0
  dataMisses = 0
  fetchMisses = 0
  secondMisses = 0
  readonly #instructions: CacheModel
  readonly #data: CacheModel
  readonly #second: CacheModel | undefined
  readonly #misses: Misses

  constructor({ data, eviction, instructions, second }: Hierarchy, misses: Misses) {
    this.#instructions = makeCache(instructions, eviction)
    this.#data = makeCache(data, eviction)
    this.#second = second === undefined ? undefined : makeCache(second, eviction)
    this.#misses = misses
  }

  /**
   * Lets the caches see what the core has done. What reaches into another line is an access of that, too.
   *
   * @param roles by site, as `roleOf` tells
   * @param spans by site, as `spanOf` tells
   */
  replay({ addresses, length, sites }: TraceBatch, roles: Int32Array, spans: Int32Array): void {
    const instructions = this.#instructions
    const data = this.#data
    const { last: lastFetched, lineShift: fetchShift, setMask: fetchMask } = instructions
    const { last: lastUsed, lineShift: dataShift, setMask: dataMask } = data
    const dataEnd = 2 ** dataShift - 1
    const fetchEnd = 2 ** fetchShift - 1
    let accesses = 0
    for (let i = 0; i < length; i++) {
      const address = addresses[i]!
      const site = sites[i]!
      const role = roles[site]!
      if (role >= 0) {
        accesses++
        const line = (address >>> dataShift) | 0
        if (lastUsed[line & dataMask] !== line && !data.access(line)) this.#missData(role, address)
        for (let end = (address & dataEnd) + spans[site]!, next = line; end > dataEnd; end -= dataEnd + 1) {
          accesses++
          if (!data.access(++next)) this.#missData(role, next * 2 ** dataShift)
        }
      } else {
        const line = (address >>> fetchShift) | 0
        if (lastFetched[line & fetchMask] !== line && !instructions.access(line)) this.#missFetch(~role, address)
        for (let end = (address & fetchEnd) + spans[site]!, next = line; end > fetchEnd; end -= fetchEnd + 1) {
          if (!instructions.access(++next)) this.#missFetch(~role, next * 2 ** fetchShift)
        }
      }
    }
    this.dataAccesses += accesses
  }

  #missData(insn: number, address: number): void {
    this.dataMisses++
    this.#misses.data[insn]!++
    this.#askSecond(insn, address)
  }

  #missFetch(insn: number, address: number): void {
    this.fetchMisses++
    this.#misses.fetch[insn]!++
    this.#askSecond(insn, address)
  }

  #askSecond(insn: number, address: number): void {
    const second = this.#second
    if (second === undefined || second.access((address >>> second.lineShift) | 0)) return
    this.secondMisses++
    this.#misses.second[insn]!++
  }
}
