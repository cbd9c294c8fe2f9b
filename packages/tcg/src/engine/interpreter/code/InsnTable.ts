/** Where the code of guest instructions begins: one table for all blocks, as arrays for each would be dear. */

const initialCapacity = 1 << 12

export class InsnTable {
  /** Guest addresses, and places in the code. */
  pcs = new Uint32Array(initialCapacity)
  places = new Int32Array(initialCapacity)
  /** Instructions in the table. */
  length = 0

  /** Appends an instruction. */
  add(pc: number, place: number): void {
    if (this.length === this.pcs.length) this.grow()
    this.pcs[this.length] = pc
    this.places[this.length++] = place
  }

  /** Puts instructions into an empty table. */
  restore(pcs: Uint32Array, places: Int32Array): void {
    while (this.pcs.length < pcs.length) this.grow()
    this.pcs.set(pcs)
    this.places.set(places)
    this.length = pcs.length
  }

  private grow(): void {
    const { pcs, places } = this
    this.pcs = new Uint32Array(2 * pcs.length)
    this.places = new Int32Array(2 * pcs.length)
    this.pcs.set(pcs)
    this.places.set(places)
  }

  /** Index of the last of `count` instructions from `first` on that begins at a place or in front of it; of the first where none does. */
  find(first: number, count: number, place: number): number {
    let low = first
    let high = first + count - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.places[middle]! <= place) low = middle
      else high = middle - 1
    }
    return low
  }
}
