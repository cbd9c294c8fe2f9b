/** Counts how often control went from one numbered block to another: a hash table in typed arrays, for a loop over traces. */

const initialSlots = 4096

export class EdgeCounts {
  /** The pairs in the order of their first occurrence, and how often each occurred. */
  readonly from: Array<number> = []
  readonly to: Array<number> = []
  #counts = new Float64Array(initialSlots / 2)
  /** Index of a pair plus one, or 0, at the first free place from its hash on. At most half are in use. */
  #slots = new Int32Array(initialSlots)

  get length(): number {
    return this.from.length
  }

  count(index: number): number {
    return this.#counts[index]!
  }

  /** Counts a pair of numbers below 2^31 that occurred `times` times. */
  add(from: number, to: number, times: number): void {
    let slot = this.#place(from, to)
    for (;;) {
      const index = this.#slots[slot]! - 1
      if (index < 0) return this.#insert(slot, from, to, times)
      if (this.from[index] === from && this.to[index] === to) {
        this.#counts[index]! += times
        return
      }
      slot = (slot + 1) & (this.#slots.length - 1)
    }
  }

  #place(from: number, to: number): number {
    const mixed = Math.imul(from, 0x9e3779b1) + Math.imul(to, 0x85ebca6b)
    return (mixed ^ (mixed >>> 15)) & (this.#slots.length - 1)
  }

  #insert(slot: number, from: number, to: number, times: number): void {
    const index = this.from.push(from) - 1
    this.to.push(to)
    this.#counts[index] = times
    this.#slots[slot] = index + 1
    if (this.length === this.#counts.length) this.#grow()
  }

  #grow(): void {
    const counts = new Float64Array(2 * this.#counts.length)
    counts.set(this.#counts)
    this.#counts = counts
    this.#slots = new Int32Array(2 * this.#slots.length)
    for (let index = 0; index < this.length; index++) {
      let slot = this.#place(this.from[index]!, this.to[index]!)
      while (this.#slots[slot] !== 0) slot = (slot + 1) & (this.#slots.length - 1)
      this.#slots[slot] = index + 1
    }
  }
}
