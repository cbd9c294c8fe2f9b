/** Orders of tables. Every table has a total order, so that the same run always prints the same text. */

/** Smaller numbers first. */
export const ascending = (a: bigint | number, b: bigint | number): number => (a < b ? -1 : a > b ? 1 : 0)

/** Greater numbers first. */
export const descending = (a: bigint | number, b: bigint | number): number => ascending(b, a)
