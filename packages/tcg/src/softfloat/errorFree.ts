/**
 * Error-free transforms on doubles: what a rounded sum or product lost, exactly (Muller et al., "Handbook of
 * Floating-Point Arithmetic", chapter 4). They are how the quick paths know whether a result is exact, and on which side
 * of the true value it lies, without leaving Numbers.
 */

/** Scratch view to step through doubles by their patterns. */
const scratch = new Float64Array(1)
const words = new Int32Array(scratch.buffer)
const low = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 0 : 1
const single = new Float32Array(1)
const singleWord = new Int32Array(single.buffer)

/**
 * Magnitudes for which every transform below is exact: no partial product or quotient of two such numbers comes near
 * overflow or underflow. False for zero, NaN and infinity.
 */
export const isOrdinary = (x: number): boolean => {
  const magnitude = Math.abs(x)
  return magnitude >= 2 ** -450 && magnitude <= 2 ** 450
}

/** (a + b) - sum, exact for any operands below 2^1022 (Knuth's TwoSum); `sum` is the rounded a + b. */
export const sumError = (a: number, b: number, sum: number): number => {
  const bPart = sum - a
  return a - (sum - bPart) + (b - bPart)
}

/** a * b - product, exact for ordinary operands (Dekker's product); `product` is the rounded a * b. */
export const productError = (a: number, b: number, product: number): number => {
  // Veltkamp's split: the high parts have 26 bits, so that their products are exact.
  const aScaled = 134217729 * a
  const aHigh = aScaled - (aScaled - a)
  const aLow = a - aHigh
  const bScaled = 134217729 * b
  const bHigh = bScaled - (bScaled - b)
  const bLow = b - bHigh
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow)
}

/** The double next to a normal x, away from zero (+1) or towards it (-1). */
const step = (x: number, by: 1 | -1): number => {
  scratch[0] = x
  const carry = words[low]! === (by === 1 ? -1 : 0)
  words[low] = (words[low]! + by) | 0
  if (carry) words[1 - low] = (words[1 - low]! + by) | 0
  return scratch[0]
}

/** The double above (`up`) or below a normal x. */
export const neighbour64 = (x: number, up: boolean): number => step(x, x > 0 === up ? 1 : -1)

/** The single above (`up`) or below a normal single x. */
export const neighbour32 = (x: number, up: boolean): number => {
  single[0] = x
  singleWord[0] = singleWord[0]! + (x > 0 === up ? 1 : -1)
  return single[0]
}

/**
 * `sum + error`, rounded to odd: where it is inexact, the neighbour whose last bit is set. A further rounding to fewer bits
 * then gives what a single rounding would (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
 */
export const roundToOdd = (sum: number, error: number): number => {
  if (error === 0) return sum
  scratch[0] = sum
  if ((words[low]! & 1) !== 0) return sum
  return neighbour64(sum, error > 0)
}
