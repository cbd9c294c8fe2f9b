/** What is made of the times measured. */

/** The middle value, or the mean of the two in the middle; NaN of nothing. */
export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** The geometric mean of positive numbers, which is the mean for ratios: that of the inverses is its inverse. NaN of nothing. */
export const geometricMean = (values: ReadonlyArray<number>): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)

/** Two commands' times, measured in turn. */
export interface Comparison {
  /** Median of the one, in milliseconds. */
  readonly time: number
  /** Median of the other, in milliseconds. */
  readonly base: number
  /** `time / base`. */
  readonly ratio: number
  /** Smallest and largest ratio within a pair: how far to trust `ratio`. */
  readonly range: readonly [number, number]
}

/**
 * Compares two commands.
 *
 * @param times of the one, in milliseconds
 * @param bases of the other; bases[i] was measured next to times[i]
 */
export const compare = (times: ReadonlyArray<number>, bases: ReadonlyArray<number>): Comparison => {
  const ratios = times.map((time, i) => time / bases[i]!)
  const time = median(times)
  const base = median(bases)
  return { time, base, ratio: time / base, range: [Math.min(...ratios), Math.max(...ratios)] }
}
