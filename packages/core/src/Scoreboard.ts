/** Per-vCPU storage for plugins. */

/**
 * A scoreboard: one element of `elementSize` bytes per vCPU, element-major by vCPU index. Growth moves the storage, so code
 * that bakes in its place is flushed then; never keep `words` or `byteOffset` beyond a block's life.
 */
export interface Scoreboard {
  readonly id: number
  /** Bytes from one vCPU's element to the next: what the plugin asked for, rounded up to a multiple of eight. */
  readonly elementSize: number
  /** Where element 0 begins, in bytes, in the memory that the `ScoreboardMemory` service hands out. */
  readonly byteOffset: number
  /** How many elements it has room for now. */
  readonly capacity: number
}

/** A 64-bit unsigned slot of every element of a scoreboard. */
export interface ScoreboardU64 {
  readonly scoreboard: number
  /** Byte offset in the element; a multiple of eight. */
  readonly offset: number
}
