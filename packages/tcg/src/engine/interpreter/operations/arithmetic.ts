/**
 * 64-bit arithmetic on pairs of 32-bit words, where it takes more than a line: `d`, `a` and `b` are indices of low words in
 * the Int32 view, the high word follows. Nothing here allocates, except divisions of numbers beyond 2^53.
 */
import type { CpuState } from "../../../CpuState.ts"

type Words = Int32Array<ArrayBufferLike>

const two32 = 4294967296

/** High 32 bits of the unsigned product of two 32-bit words. */
export const umulh32 = (x: number, y: number): number => {
  const xl = x & 0xffff
  const xh = x >>> 16
  const yl = y & 0xffff
  const yh = y >>> 16
  const low = Math.imul(xl, yl) >>> 16
  const p1 = Math.imul(xh, yl)
  const p2 = Math.imul(xl, yh)
  const middle = low + (p1 & 0xffff) + (p2 & 0xffff)
  return (Math.imul(xh, yh) + (p1 >>> 16) + (p2 >>> 16) + (middle >>> 16)) | 0
}

/** d = low 64 bits of a * b. */
export const mul = (i32: Words, d: number, a: number, b: number): void => {
  const al = i32[a]!
  const bl = i32[b]!
  i32[d + 1] = umulh32(al, bl) + Math.imul(al, i32[b + 1]!) + Math.imul(i32[a + 1]!, bl)
  i32[d] = Math.imul(al, bl)
}

/** d = high 64 bits of the unsigned product a * b, less `subtract` times b and `subtractB` times a (for signed factors). */
const mulHigh = (i32: Words, d: number, a: number, b: number, aSigned: boolean, bSigned: boolean): void => {
  const al = i32[a]!
  const ah = i32[a + 1]!
  const bl = i32[b]!
  const bh = i32[b + 1]!
  const lh = Math.imul(al, bh) >>> 0
  const hl = Math.imul(ah, bl) >>> 0
  const carry = Math.floor(((umulh32(al, bl) >>> 0) + lh + hl) / two32)
  const low = (Math.imul(ah, bh) >>> 0) + (umulh32(al, bh) >>> 0) + (umulh32(ah, bl) >>> 0) + carry
  let lo = low | 0
  let hi = (umulh32(ah, bh) + Math.floor(low / two32)) | 0
  if (aSigned && ah < 0) {
    hi = (hi - bh - (lo >>> 0 < bl >>> 0 ? 1 : 0)) | 0
    lo = (lo - bl) | 0
  }
  if (bSigned && bh < 0) {
    hi = (hi - ah - (lo >>> 0 < al >>> 0 ? 1 : 0)) | 0
    lo = (lo - al) | 0
  }
  i32[d] = lo
  i32[d + 1] = hi
}

export const mulhS = (i32: Words, d: number, a: number, b: number): void => mulHigh(i32, d, a, b, true, true)
export const mulhU = (i32: Words, d: number, a: number, b: number): void => mulHigh(i32, d, a, b, false, false)
export const mulhSU = (i32: Words, d: number, a: number, b: number): void => mulHigh(i32, d, a, b, true, false)

/** Stores an integer of magnitude up to 2^53. */
const put = (i32: Words, d: number, value: number): void => {
  i32[d] = value
  i32[d + 1] = Math.floor(value / two32)
}

/** Whether a signed pair is less than 2^52 in magnitude, so that Numbers divide it exactly. */
const small = (high: number): boolean => (high + 0x100000) >>> 0 < 0x200000

/** d = a / b or a % b, signed; x/0 = -1, x%0 = x, MIN/-1 = MIN, MIN%-1 = 0. */
export const divideSigned = (state: CpuState, d: number, a: number, b: number, remainder: boolean): void => {
  const { i32, i64 } = state
  const ah = i32[a + 1]!
  const bh = i32[b + 1]!
  if (i32[b] === 0 && bh === 0) {
    const lo = i32[a]!
    i32[d] = remainder ? lo : -1
    i32[d + 1] = remainder ? ah : -1
  } else if (small(ah) && small(bh)) {
    const x = ah * two32 + (i32[a]! >>> 0)
    const y = bh * two32 + (i32[b]! >>> 0)
    put(i32, d, remainder ? x % y : Math.trunc(x / y))
  } else {
    const x = i64[a >> 1]!
    const y = i64[b >> 1]!
    i64[d >> 1] = remainder ? x % y : x / y
  }
}

/** d = a / b or a % b, unsigned; x/0 = all ones, x%0 = x. */
export const divideUnsigned = (state: CpuState, d: number, a: number, b: number, remainder: boolean): void => {
  const { i32, u64 } = state
  const ah = i32[a + 1]! >>> 0
  const bh = i32[b + 1]! >>> 0
  if (i32[b] === 0 && bh === 0) {
    const lo = i32[a]!
    i32[d] = remainder ? lo : -1
    i32[d + 1] = remainder ? ah : -1
  } else if (ah < 0x200000 && bh < 0x200000) {
    const x = ah * two32 + (i32[a]! >>> 0)
    const y = bh * two32 + (i32[b]! >>> 0)
    put(i32, d, remainder ? x % y : Math.floor(x / y))
  } else {
    const x = u64[a >> 1]!
    const y = u64[b >> 1]!
    u64[d >> 1] = remainder ? x % y : x / y
  }
}

/** x / y or x % y of signed 32-bit words, total as `divideSigned`. */
export const divideSigned32 = (x: number, y: number, remainder: boolean): number =>
  y === 0 ? (remainder ? x : -1) : remainder ? (x % y) | 0 : (x / y) | 0

/** x / y or x % y of unsigned 32-bit words, as a signed word; total as `divideUnsigned`. */
export const divideUnsigned32 = (x: number, y: number, remainder: boolean): number =>
  y === 0 ? (remainder ? x : -1) : remainder ? ((x >>> 0) % (y >>> 0)) | 0 : ((x >>> 0) / (y >>> 0)) | 0

/** d = a shifted left by n (0 to 63). */
export const shiftLeft = (i32: Words, d: number, a: number, n: number): void => {
  const lo = i32[a]!
  if (n >= 32) {
    i32[d] = 0
    i32[d + 1] = lo << n
  } else {
    i32[d + 1] = n === 0 ? i32[a + 1]! : (i32[a + 1]! << n) | (lo >>> (32 - n))
    i32[d] = lo << n
  }
}

/** d = a shifted right by n (0 to 63), zeros coming in. */
export const shiftRight = (i32: Words, d: number, a: number, n: number): void => {
  const hi = i32[a + 1]!
  if (n >= 32) {
    i32[d] = hi >>> n
    i32[d + 1] = 0
  } else {
    i32[d] = n === 0 ? i32[a]! : (i32[a]! >>> n) | (hi << (32 - n))
    i32[d + 1] = hi >>> n
  }
}

/** d = a shifted right by n (0 to 63), sign bits coming in. */
export const shiftRightSigned = (i32: Words, d: number, a: number, n: number): void => {
  const hi = i32[a + 1]!
  if (n >= 32) {
    i32[d] = hi >> n
    i32[d + 1] = hi >> 31
  } else {
    i32[d] = n === 0 ? i32[a]! : (i32[a]! >>> n) | (hi << (32 - n))
    i32[d + 1] = hi >> n
  }
}

/** d = a rotated left by n (0 to 63). */
export const rotateLeft = (i32: Words, d: number, a: number, n: number): void => {
  const lo = n >= 32 ? i32[a + 1]! : i32[a]!
  const hi = n >= 32 ? i32[a]! : i32[a + 1]!
  const s = n & 31
  i32[d] = s === 0 ? lo : (lo << s) | (hi >>> (32 - s))
  i32[d + 1] = s === 0 ? hi : (hi << s) | (lo >>> (32 - s))
}

/** Number of one bits of a 32-bit word. */
export const popcount32 = (x: number): number => {
  const pairs = x - ((x >>> 1) & 0x55555555)
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** Number of zero bits below the lowest one bit of a 32-bit word; 32 for zero. */
export const trailingZeros32 = (x: number): number => (x === 0 ? 32 : 31 - Math.clz32(x & -x))

/** The word with its bytes in the opposite order. */
export const swapBytes32 = (x: number): number => (x >>> 24) | ((x >>> 8) & 0xff00) | ((x << 8) & 0xff0000) | (x << 24)

/** Whether `a cond b`, cond a `Cond`. */
export const holds = (i32: Words, a: number, b: number, cond: number): boolean => {
  const al = i32[a]!
  const ah = i32[a + 1]!
  const bl = i32[b]!
  const bh = i32[b + 1]!
  switch (cond) {
    case 0:
      return al === bl && ah === bh
    case 1:
      return al !== bl || ah !== bh
    case 2:
      return ah === bh ? al >>> 0 < bl >>> 0 : ah < bh
    case 3:
      return ah === bh ? al >>> 0 >= bl >>> 0 : ah > bh
    case 4:
      return ah === bh ? al >>> 0 <= bl >>> 0 : ah < bh
    case 5:
      return ah === bh ? al >>> 0 > bl >>> 0 : ah > bh
    case 6:
      return ah === bh ? al >>> 0 < bl >>> 0 : ah >>> 0 < bh >>> 0
    case 7:
      return ah === bh ? al >>> 0 >= bl >>> 0 : ah >>> 0 > bh >>> 0
    case 8:
      return ah === bh ? al >>> 0 <= bl >>> 0 : ah >>> 0 < bh >>> 0
    default:
      return ah === bh ? al >>> 0 > bl >>> 0 : ah >>> 0 > bh >>> 0
  }
}
