/** Tables for people: in Markdown, or aligned for a terminal. */

/** Cells by row; each row has as many as the head. */
export interface Table {
  readonly head: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
}

/**
 * Writes a table, its first column to the left and the others to the right.
 *
 * @param markdown with bars and a rule, and aligned all the same
 * @returns lines, each with its newline
 */
export const renderTable = ({ head, rows }: Table, markdown: boolean): string => {
  const width = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => row[column]!.length)))
  const aligned = (row: ReadonlyArray<string>) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(width[column]!) : cell.padStart(width[column]!)))
  if (!markdown) return [head, ...rows].map((row) => `${aligned(row).join("  ").trimEnd()}\n`).join("")
  const rule = width.map((n, column) => (column === 0 ? "-".repeat(n) : `${"-".repeat(n - 1)}:`))
  return [aligned(head), rule, ...rows.map(aligned)].map((row) => `| ${row.join(" | ")} |\n`).join("")
}
