/** From times to tables, figures and JSON. */
import type { Figure } from "../../scripts/bench/figures.ts"
import { geometricMean, median } from "../../scripts/bench/statistics.ts"
import type { Table } from "../../scripts/bench/table.ts"
import type { Times } from "./measure.ts"
import type { Program } from "./programs.ts"

/** A ratio of two ways to run a program. */
export interface Ratio {
  /** Median of the ratios of pairs; at least that where a run was ended. */
  readonly value: number
  readonly range: readonly [number, number]
  readonly isLowerBound: boolean
}

/** Times of a program. */
export interface Row {
  readonly program: Program
  readonly times: Times
}

/**
 * The ratio of two ways, pair by pair: what is measured next to each other meets the same load.
 *
 * @param limit milliseconds that a run which was ended counts with
 */
export const ratioOf = (times: Times, way: string, base: string, limit: number): Ratio | undefined => {
  const [own, bases] = [times.get(way), times.get(base)]
  if (own === undefined || bases === undefined) return undefined
  const ratios = own.map((time, i) => Math.min(time, limit) / Math.min(bases[i]!, limit))
  return {
    value: median(ratios),
    range: [Math.min(...ratios), Math.max(...ratios)],
    isLowerBound: own.includes(Infinity)
  }
}

const ratioText = (ratio: Ratio | undefined): string =>
  ratio === undefined ? "-" : `${ratio.isLowerBound ? ">= " : ""}${ratio.value.toFixed(2)}`

const seconds = (times: ReadonlyArray<number> | undefined): string => {
  if (times === undefined) return "-"
  const value = median(times) / 1000
  return value === Infinity ? "ended" : value.toFixed(value < 1 ? 3 : 2)
}

/** A way beside QEMU's and emu's own that gets a column. */
export interface Column {
  readonly head: string
  readonly way: string
  readonly base: string
}

/** Times and ratios of each program, and the geometric means of each kind. */
export const programTable = (rows: ReadonlyArray<Row>, columns: ReadonlyArray<Column>, limit: number): Table => {
  const line = ({ program, times }: Row) => {
    const ratio = ratioOf(times, "emu", "QEMU", limit)
    return [
      program.name,
      seconds(times.get("QEMU")),
      seconds(times.get("emu")),
      ratioText(ratio),
      ...(ratio?.range ?? []).map((value) => value.toFixed(2)),
      ...columns.map(({ base, way }) => ratioText(ratioOf(times, way, base, limit)))
    ]
  }
  const means = (["work", "start"] as const).flatMap((kind) => {
    const own = rows.filter(({ program }) => program.kind === kind)
    if (own.length === 0) return []
    const name = `${kind}, geometric mean of ${own.length}`
    const mean = (way: string, base: string) => ratioText(meanOf(own, way, base, limit))
    return [[name, "", "", mean("emu", "QEMU"), "", "", ...columns.map(({ base, way }) => mean(way, base))]]
  })
  return {
    head: ["program", "QEMU, s", "emu, s", "emu / QEMU", "pairs from", "to", ...columns.map(({ head }) => head)],
    rows: [...rows.map(line), ...means]
  }
}

/** The geometric mean of a ratio over programs; undefined where none of them has it. */
export const meanOf = (rows: ReadonlyArray<Row>, way: string, base: string, limit: number): Ratio | undefined => {
  const ratios = rows.flatMap(({ times }) => ratioOf(times, way, base, limit) ?? [])
  if (ratios.length === 0) return undefined
  const values = ratios.map(({ value }) => value)
  return {
    value: geometricMean(values),
    range: [Math.min(...values), Math.max(...values)],
    isLowerBound: ratios.some(({ isLowerBound }) => isLowerBound)
  }
}

const goals = {
  work: { name: "real work, geometric mean of emu / QEMU", must: 1, aim: 0.7 },
  slowest: { name: "slowest of real work", must: 1.6, aim: 1.1 },
  start: { name: "starts, geometric mean of emu / QEMU", must: 2.5, aim: 1.5 },
  second: { name: "starts, second run with the translation cache", must: 1.3, aim: 0.8 },
  load: { name: "real work beside busy loops: ratio to QEMU over the quiet ratio", must: 1.3, aim: 1 }
} as const satisfies Record<string, Figure>

/** The plugins whose cost is measured: emu's time with them over its time without. */
export const pluginGoals: ReadonlyArray<Figure> = [
  { name: "insn,inline=on", must: 1.15, aim: 1.05 },
  { name: "drcov", must: 1.1, aim: 1.03 },
  { name: "hotblocks,inline=on", must: 1.3, aim: 1.15 },
  { name: "cache", must: 8, aim: 5 }
]

/** What the goals are about, as far as it was measured. */
export const reached = (rows: ReadonlyArray<Row>, limit: number): ReadonlyArray<readonly [Figure, number]> => {
  const work = rows.filter(({ program }) => program.kind === "work")
  const starts = rows.filter(({ program }) => program.kind === "start")
  const own = meanOf(work, "emu", "QEMU", limit)
  const loaded = meanOf(work, "emu, loaded", "QEMU, loaded", limit)
  const pair = (figure: Figure, value: number | undefined) => (value === undefined ? [] : [[figure, value] as const])
  return [
    ...pair(goals.work, own?.value),
    ...pair(goals.slowest, own?.range[1]),
    ...pair(goals.start, meanOf(starts, "emu", "QEMU", limit)?.value),
    ...pair(goals.second, meanOf(starts, "emu, second run", "QEMU", limit)?.value),
    ...pair(goals.load, own === undefined || loaded === undefined ? undefined : loaded.value / own.value),
    ...pluginGoals.flatMap((plugin) =>
      pair({ ...plugin, name: `slow-down of real work by ${plugin.name}` }, meanOf(work, plugin.name, "emu", limit)?.value)
    )
  ]
}

/** The same for programs that read it: milliseconds by round, null for a run that was ended. */
export const rowJson = ({ program, times }: Row, limit: number) => ({
  name: program.name,
  kind: program.kind,
  ratio: ratioOf(times, "emu", "QEMU", limit),
  milliseconds: Object.fromEntries(
    Array.from(times, ([way, own]) => [way, own.map((time) => (time === Infinity ? null : Number(time.toFixed(1))))])
  )
})
