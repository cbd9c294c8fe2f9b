/** Executed blocks in order, as one side of lockstep tells them to the other: four bytes for the pc, four for the instructions. */

/** A block that was executed. */
export interface ExecutedBlock {
  readonly pc: number
  readonly insns: number
}

/** Bytes of a block on the way. */
const recordBytes = 8

/** A stream of blocks, of which the beginning may be forgotten. */
export class BlockStream {
  /** Blocks so far, forgotten ones included. */
  length = 0
  /** Instructions in them. */
  insns = 0
  /** pc and instructions in turn, from block number `#first` on. */
  #words: Array<number> = []
  #first = 0
  #sent = 0
  #rest = new Uint8Array(0)

  add(pc: number, insns: number): void {
    this.#words.push(pc, insns)
    this.count(insns)
  }

  /** A block that nobody will ask for. */
  count(insns: number): void {
    this.length++
    this.insns += insns
  }

  /** The block with a number; undefined where it was forgotten or is not there yet. */
  at(number: number): ExecutedBlock | undefined {
    const index = 2 * (number - this.#first)
    const pc = this.#words[index]
    return pc === undefined ? undefined : { pc, insns: this.#words[index + 1]! }
  }

  /** Forgets the blocks before a number. */
  forget(number: number): void {
    if (number <= this.#first) return
    this.#words = this.#words.slice(2 * (number - this.#first))
    this.#first = number
  }

  /** The blocks added since the last call, as bytes. */
  unsent(): Uint8Array {
    const words = this.#words.slice(2 * (this.#sent - this.#first))
    this.#sent = this.length
    const bytes = new Uint8Array(4 * words.length)
    const view = new DataView(bytes.buffer)
    words.forEach((word, i) => view.setUint32(4 * i, word, true))
    return bytes
  }

  /** Adds what the other side's `unsent` gave, in pieces of any length. */
  append(bytes: Uint8Array): void {
    const all = new Uint8Array(this.#rest.length + bytes.length)
    all.set(this.#rest)
    all.set(bytes, this.#rest.length)
    const view = new DataView(all.buffer)
    const end = all.length - (all.length % recordBytes)
    for (let at = 0; at < end; at += recordBytes) this.add(view.getUint32(at, true), view.getUint32(at + 4, true))
    this.#rest = all.slice(end)
  }
}
