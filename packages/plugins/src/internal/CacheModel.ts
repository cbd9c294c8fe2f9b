/** Models of one cache. Hot: plain loops over typed arrays. */

/** How large a cache is. All are powers of two but the associativity. */
export interface CacheGeometry {
  /** Bytes of a line. */
  readonly lineSize: number
  /** Lines of a set. */
  readonly associativity: number
  readonly sets: number
}

/** A set-associative cache without contents: it knows which lines it holds. */
export interface CacheModel {
  /** log2 of the bytes of a line. */
  readonly lineShift: number
  /**
   * Looks a line up, and takes it in where it is missing.
   *
   * @param line address divided by the bytes of a line, as a 32-bit integer
   * @returns whether the line was there
   */
  readonly access: (line: number) => boolean
}

/** Stands in a place that holds no line. No address is as high as this line's would be. */
const empty = -1

const places = ({ associativity, sets }: CacheGeometry) => new Int32Array(sets * associativity).fill(empty)

/** The line that was not used for the longest time is replaced. A set's lines are in the order of their last use. */
class LruCache implements CacheModel {
  readonly lineShift: number
  readonly #associativity: number
  readonly #setMask: number
  readonly #lines: Int32Array

  constructor(geometry: CacheGeometry) {
    this.lineShift = Math.log2(geometry.lineSize)
    this.#associativity = geometry.associativity
    this.#setMask = geometry.sets - 1
    this.#lines = places(geometry)
  }

  access(line: number): boolean {
    const lines = this.#lines
    const first = (line & this.#setMask) * this.#associativity
    let moved = lines[first]!
    if (moved === line) return true
    lines[first] = line
    const end = first + this.#associativity
    for (let place = first + 1; place < end; place++) {
      const next = lines[place]!
      lines[place] = moved
      if (next === line) return true
      moved = next
    }
    return false
  }
}

/** The line that was taken in first is replaced. */
class FifoCache implements CacheModel {
  readonly lineShift: number
  readonly #associativity: number
  readonly #setMask: number
  readonly #lines: Int32Array
  /** Of each set, the place whose turn it is. */
  readonly #next: Int32Array

  constructor(geometry: CacheGeometry) {
    this.lineShift = Math.log2(geometry.lineSize)
    this.#associativity = geometry.associativity
    this.#setMask = geometry.sets - 1
    this.#lines = places(geometry)
    this.#next = new Int32Array(geometry.sets)
  }

  access(line: number): boolean {
    const set = line & this.#setMask
    const first = set * this.#associativity
    const end = first + this.#associativity
    for (let place = first; place < end; place++) if (this.#lines[place] === line) return true
    const next = this.#next[set]!
    this.#lines[first + next] = line
    this.#next[set] = next + 1 === this.#associativity ? 0 : next + 1
    return false
  }
}

/** Any line of the set is replaced, once there is no free place. The same run always replaces the same ones. */
class RandomCache implements CacheModel {
  readonly lineShift: number
  readonly #associativity: number
  readonly #setMask: number
  readonly #lines: Int32Array
  /** State of a xorshift generator (Marsaglia, "Xorshift RNGs", 2003). */
  #random = 0x2545f491

  constructor(geometry: CacheGeometry) {
    this.lineShift = Math.log2(geometry.lineSize)
    this.#associativity = geometry.associativity
    this.#setMask = geometry.sets - 1
    this.#lines = places(geometry)
  }

  access(line: number): boolean {
    const first = (line & this.#setMask) * this.#associativity
    const end = first + this.#associativity
    for (let place = first; place < end; place++) {
      const there = this.#lines[place]
      if (there === line) return true
      if (there === empty) {
        this.#lines[place] = line
        return false
      }
    }
    let random = this.#random
    random ^= random << 13
    random ^= random >>> 17
    random ^= random << 5
    this.#random = random
    this.#lines[first + ((random >>> 0) % this.#associativity)] = line
    return false
  }
}

const policies = { lru: LruCache, fifo: FifoCache, rand: RandomCache } as const

/** Which line makes room for a new one. */
export type Eviction = keyof typeof policies

/** An empty cache. */
export const makeCache = (geometry: CacheGeometry, eviction: Eviction): CacheModel => new policies[eviction](geometry)

/**
 * The geometry of a cache, or what is wrong with its sizes.
 *
 * @param size bytes of the whole cache
 */
export const cacheGeometry = (size: number, lineSize: number, associativity: number): CacheGeometry | string => {
  const isPowerOfTwo = (value: number) => Number.isInteger(Math.log2(value))
  if (!isPowerOfTwo(lineSize)) return `lines of ${lineSize} bytes: must be a power of two`
  if (associativity < 1) return "sets without lines: there must be one at least"
  if (size > 2 ** 31) return `${size} bytes are more than can be simulated (0x80000000)`
  const sets = size / (lineSize * associativity)
  if (sets >= 1 && isPowerOfTwo(sets)) return { lineSize, associativity, sets }
  const number = Number(sets.toFixed(3))
  return `${size} bytes are ${number} sets of ${associativity} lines of ${lineSize} bytes: must be a power of two`
}
