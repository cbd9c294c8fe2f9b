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
export const roleOf = ({ kind }: TraceSite, insn: number): number =>
  kind === TraceKind.exec || kind === TraceKind.block ? ~insn : insn

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
   * Lets the caches see what the core has done. What accesses more than one line counts for the first.
   *
   * @param roles by site, as `roleOf` tells
   */
  replay({ addresses, length, sites }: TraceBatch, roles: Int32Array): void {
    const instructions = this.#instructions
    const data = this.#data
    const { last: lastFetched, lineShift: fetchShift, setMask: fetchMask } = instructions
    const { last: lastUsed, lineShift: dataShift, setMask: dataMask } = data
    let accesses = 0
    for (let i = 0; i < length; i++) {
      const address = addresses[i]!
      const role = roles[sites[i]!]!
      if (role >= 0) {
        accesses++
        const line = (address >>> dataShift) | 0
        if (lastUsed[line & dataMask] === line) continue
        if (!data.access(line)) this.#missData(role, address)
      } else {
        const line = (address >>> fetchShift) | 0
        if (lastFetched[line & fetchMask] === line) continue
        if (!instructions.access(line)) this.#missFetch(~role, address)
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
