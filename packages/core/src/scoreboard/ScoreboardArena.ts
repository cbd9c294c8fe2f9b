/** A first-fit allocator over part of a buffer: where scoreboards live. */
import * as Layer from "effect/Layer"
import { ScoreboardMemoryExhausted } from "../PluginError.ts"
import { ScoreboardMemory } from "../Ports.ts"

/** The part of a buffer that an arena hands out: bytes `base` to `end` (exclusive), both multiples of eight. */
export interface ArenaRange {
  readonly buffer: ArrayBufferLike
  readonly base: number
  readonly end: number
}

/** A free stretch of the range. */
interface Hole {
  start: number
  end: number
}

const alignment = 8

/**
 * Makes an allocator. Bytes are zeroed when they are handed out, so a growing scoreboard's new elements begin at zero; the
 * lowest hole that fits is taken, and neighbouring holes merge, so that equal runs get equal places.
 *
 * @returns an implementation of the `ScoreboardMemory` port
 */
export const make = ({ base, buffer, end }: ArenaRange): ScoreboardMemory["Service"] => {
  let bytes = new Uint8Array(buffer)
  /** Ascending, never touching each other. */
  const holes: Array<Hole> = [{ start: base, end }]

  const allocate = (size: number): number => {
    const length = rounded(size)
    const index = holes.findIndex((hole) => hole.end - hole.start >= length)
    const hole = holes[index]
    if (hole === undefined) {
      const available = holes.reduce((most, h) => Math.max(most, h.end - h.start), 0)
      throw new ScoreboardMemoryExhausted({ bytes: size, available })
    }
    const start = hole.start
    hole.start += length
    if (hole.start === hole.end) holes.splice(index, 1)
    bytes.fill(0, start, start + length)
    return start
  }

  const free = (byteOffset: number, size: number): void => {
    const hole = { start: byteOffset, end: byteOffset + rounded(size) }
    const found = holes.findIndex((h) => h.start > hole.start)
    const index = found === -1 ? holes.length : found
    holes.splice(index, 0, hole)
    mergeWithNext(holes, index)
    mergeWithNext(holes, index - 1)
  }

  const moveTo = (next: ArrayBufferLike): void => {
    if (next === arena.buffer) return
    const target = new Uint8Array(next)
    let start = base
    for (const hole of [...holes, { start: end, end }]) {
      if (hole.start > start) target.set(bytes.subarray(start, hole.start), start)
      start = hole.end
    }
    bytes = target
    arena.buffer = next
    arena.words = wordsOf(next)
  }

  // Fields, not getters: while they stay as they are, V8 takes them for constants where plugins count.
  const arena = { allocate, free, moveTo, buffer, words: wordsOf(buffer) }
  return arena
}

const wordsOf = (buffer: ArrayBufferLike): BigUint64Array<ArrayBufferLike> =>
  new BigUint64Array(buffer, 0, Math.floor(buffer.byteLength / 8))

const rounded = (size: number): number => Math.max(alignment, Math.ceil(size / alignment) * alignment)

const mergeWithNext = (holes: Array<Hole>, index: number): void => {
  const hole = holes[index]
  const next = holes[index + 1]
  if (hole === undefined || next === undefined || hole.end !== next.start) return
  hole.end = next.end
  holes.splice(index + 1, 1)
}

/**
 * Scoreboard memory in an ArrayBuffer of its own, for tests and for hosts whose engine needs no place in the guest's memory.
 *
 * @param size bytes; the default is 16 MiB
 */
export const layerHeap = (size = 1 << 24): Layer.Layer<ScoreboardMemory> =>
  Layer.sync(ScoreboardMemory)(() => make({ buffer: new ArrayBuffer(size), base: 0, end: size }))
