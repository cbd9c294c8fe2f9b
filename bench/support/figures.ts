/** Goals, and how far what was measured reaches them. */
import type { Table } from "./table.ts"

/** How small a ratio or a size must be, and how small it should be. */
export interface Goal {
  readonly must: number
  readonly aim: number
}

/** A goal that has a name: the less, the better. */
export interface Figure extends Goal {
  readonly name: string
}

/** Which part of a goal a value reaches. */
export const verdict = ({ aim, must }: Goal, value: number): "aim" | "must" | "missed" => {
  if (value <= aim) return "aim"
  return value <= must ? "must" : "missed"
}

/** The table of figures with what was measured. */
export const figureTable = (measured: ReadonlyArray<readonly [Figure, number]>): Table => ({
  head: ["figure", "must", "aim", "measured", "reached"],
  rows: measured.map(([figure, value]) => [
    figure.name,
    `<= ${figure.must}`,
    `<= ${figure.aim}`,
    value.toFixed(2),
    verdict(figure, value)
  ])
})
