/** Orders of tables. Every table has a total order, so that the same run always prints the same text. */

/** Smaller numbers first. */
export const ascending = (a: bigint | number, b: bigint | number): number => (a < b ? -1 : a > b ? 1 : 0)

/** Greater numbers first. */
export const descending = (a: bigint | number, b: bigint | number): number => ascending(b, a)

/**
 * How much of a table QEMU's hotpages and howvec print: up to 50 rows, but never the last one. With a limit of the user's own
 * there is no such gap.
 *
 * @param limit how many rows to print, 0: all; undefined: as QEMU does
 * @returns the rows to report, and how many of them belong into the text
 */
export const cutOff = <Row>(rows: ReadonlyArray<Row>, limit: number | undefined) => {
  const reported = limit === 0 ? rows : rows.slice(0, limit ?? 50)
  return {
    reported,
    textRows: limit === undefined ? Math.min(reported.length, Math.max(rows.length - 1, 0)) : reported.length
  }
}
