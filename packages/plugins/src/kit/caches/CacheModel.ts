/** Models of one cache. Hot: plain loops over typed arrays. */

/** How large a cache is. All are powers of two but the associativity. */
export interface CacheGeometry {
  /** Bytes of a line. */
  readonly lineSize: number
  /** Lines of a set. */
  readonly associativity: number
  readonly sets: number
}

/** Stands in a place that holds no line. No address is as high as this line's would be. */
const empty = -1

/** A set-associative cache without contents: it knows which lines it holds. */
export abstract class CacheModel {
  /** log2 of the bytes of a line. */
  readonly lineShift: number
  /** The bits of a line's number that say which set it belongs to. */
  readonly setMask: number
  /**
   * Of each set, the line that was accessed last. It is there, and accessing it again changes nothing, whatever the policy:
   * loops over accesses may leave those out.
   */
  readonly last: Int32Array
  protected readonly associativity: number
  /** The lines of each set. */
  protected readonly lines: Int32Array

  constructor({ associativity, lineSize, sets }: CacheGeometry) {
    this.lineShift = Math.log2(lineSize)
    this.setMask = sets - 1
    this.last = new Int32Array(sets).fill(empty)
    this.associativity = associativity
    this.lines = new Int32Array(sets * associativity).fill(empty)
  }

  /**
   * Looks a line up, and takes it in where it is missing.
   *
   * @param line address divided by the bytes of a line, as a 32-bit integer
   * @returns whether the line was there
   */
  access(line: number): boolean {
    const set = line & this.setMask
    if (this.last[set] === line) return true
    this.last[set] = line
    return this.find(line, set)
  }

  /** The same for a line that was not accessed last. */
  protected abstract find(line: number, set: number): boolean
}

/** The line that was not used for the longest time is replaced. A set's lines are in the order of their last use. */
class LruCache extends CacheModel {
  protected override find(line: number, set: number): boolean {
    const { lines } = this
    const first = set * this.associativity
    const end = first + this.associativity
    let moved = lines[first]!
    lines[first] = line
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
class FifoCache extends CacheModel {
  /** Of each set, the place whose turn it is. */
  readonly #next = new Int32Array(this.setMask + 1)

  protected override find(line: number, set: number): boolean {
    const first = set * this.associativity
    const end = first + this.associativity
    for (let place = first; place < end; place++) if (this.lines[place] === line) return true
    const next = this.#next[set]!
    this.lines[first + next] = line
    this.#next[set] = next + 1 === this.associativity ? 0 : next + 1
    return false
  }
}

/** Any line of the set is replaced, once there is no free place. The same run always replaces the same ones. */
class RandomCache extends CacheModel {
  /** State of a xorshift generator (Marsaglia, "Xorshift RNGs", 2003). */
  #random = 0x2545f491

  protected override find(line: number, set: number): boolean {
    const first = set * this.associativity
    const end = first + this.associativity
    for (let place = first; place < end; place++) {
      const there = this.lines[place]
      if (there === line) return true
      if (there === empty) {
        this.lines[place] = line
        return false
      }
    }
    let random = this.#random
    random ^= random << 13
    random ^= random >>> 17
    random ^= random << 5
    this.#random = random
    this.lines[first + ((random >>> 0) % this.associativity)] = line
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
