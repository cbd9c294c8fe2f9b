/** Damages files in ways that are the same for the same seed. */

/** A generator of numbers from 0 to 2^32 - 1 (mulberry32). */
const randomOf = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (t ^ (t >>> 14)) >>> 0
  }
}

const headerSize = 64
/** Offsets and sizes of the file header's fields. */
const headerFields = [
  [4, 1],
  [5, 1],
  [6, 1],
  [16, 2],
  [18, 2],
  [20, 4],
  [24, 8],
  [32, 8],
  [40, 8],
  [48, 4],
  [52, 2],
  [54, 2],
  [56, 2],
  [58, 2],
  [60, 2],
  [62, 2]
] as const
/** The same for a program header. */
const segmentFields = [
  [0, 4],
  [4, 4],
  [8, 8],
  [16, 8],
  [24, 8],
  [32, 8],
  [40, 8],
  [48, 8]
] as const
/** Values that programs get wrong: ends of ranges, page and sign boundaries, what does not fit a double. */
const extremes = [
  0n,
  1n,
  2n,
  3n,
  6n,
  7n,
  0xfffn,
  0x1000n,
  0x1001n,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xe0000000n,
  0xfffff000n,
  0xffffffffn,
  0x100000000n,
  0x1fffffffffffffn,
  0x20000000000001n,
  0x7fffffffffffffffn,
  0x8000000000000000n,
  0xfffffffffffff000n,
  0xffffffffffffffffn
] as const

/**
 * A damaged copy of an ELF file, and what was done to it in words. `headersOnly` leaves code and data as they are, so that
 * what still runs is the program that it was.
 */
export const mutate = (original: Uint8Array, seed: number, headersOnly = false): { bytes: Uint8Array; what: string } => {
  const random = randomOf(seed)
  const below = (n: number) => random() % n
  const bytes = Uint8Array.from(original)
  const view = new DataView(bytes.buffer)
  const segments = view.getUint16(56, true)
  const headers = headerSize + 56 * segments
  const put = (at: number, size: number, value: bigint) => {
    for (let i = 0; i < size; i++) bytes[at + i] = Number((value >> BigInt(8 * i)) & 0xffn)
    return `${size} bytes at ${at} = 0x${BigInt.asUintN(8 * size, value).toString(16)}`
  }
  const field = (): string => {
    const value = below(4) === 0 ? BigInt(random()) << BigInt(below(33)) : extremes[below(extremes.length)]!
    if (below(3) === 0) {
      const [at, size] = headerFields[below(headerFields.length)]!
      return put(at, size, value)
    }
    const [at, size] = segmentFields[below(segmentFields.length)]!
    return put(headerSize + 56 * below(segments) + at, size, value)
  }
  const nudge = (): string => {
    const at = headerSize + 56 * below(segments) + [8, 16, 32, 40][below(4)]!
    return put(at, 8, view.getBigUint64(at, true) + BigInt(below(3) === 0 ? 0x1000 : 1) * (below(2) === 0 ? 1n : -1n))
  }
  const flip = (limit: number): string => {
    const at = below(limit)
    bytes[at] = bytes[at]! ^ (1 << below(8))
    return `a bit flipped at ${at}`
  }
  const scramble = (): string => {
    const at = below(bytes.length)
    const length = 1 + below(64)
    for (let i = at; i < Math.min(bytes.length, at + length); i++) bytes[i] = below(256)
    return `${length} random bytes at ${at}`
  }
  const moveSegment = (): string => {
    const [from, to] = [below(segments), below(segments)]
    bytes.copyWithin(headerSize + 56 * to, headerSize + 56 * from, headerSize + 56 * from + 56)
    return `program header ${from} copied over ${to}`
  }
  const kinds = [
    field,
    field,
    field,
    nudge,
    () => flip(headers),
    moveSegment,
    ...(headersOnly ? [] : [() => flip(bytes.length), scramble])
  ]
  if (below(8) === 0) {
    const length = below(3) === 0 ? below(headers + 1) : below(bytes.length)
    return { bytes: bytes.slice(0, length), what: `seed ${seed}: cut to ${length} bytes` }
  }
  const done = Array.from({ length: 1 + below(3) }, () => kinds[below(kinds.length)]!())
  return { bytes, what: `seed ${seed}: ${done.join(", ")}` }
}
