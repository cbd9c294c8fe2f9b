/** From times to tables, figures and JSON. */
import { figuresWith } from "../plugins/pluginFigures.ts"
import { type Figure, figureTable } from "../support/figures.ts"
import { geometricMean, median } from "../support/statistics.ts"
import { renderTable, type Table } from "../support/table.ts"
import type { Times } from "./measure.ts"
import type { Memory } from "./memory.ts"
import type { Program } from "./programs.ts"
import type { Column } from "./ways.ts"

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
  load: { name: "real work beside busy loops: ratio to QEMU over the quiet ratio", must: 1.3, aim: 1 },
  memory: { name: "resident memory of python3 -c pass over node's own, MB", must: 80, aim: 40 }
} as const satisfies Record<string, Figure>

/** What the goals are about, as far as it was measured. */
const reached = ({ limit, memory, rows }: Measured): ReadonlyArray<readonly [Figure, number]> => {
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
    ...figuresWith("onPrograms").flatMap(({ figure, goal }) =>
      pair({ ...goal, name: `slow-down of real work by ${figure.name}` }, meanOf(work, figure.name, "emu", limit)?.value)
    ),
    ...pair(goals.memory, memory === undefined ? undefined : memory.emu - memory.node)
  ]
}

/** Everything that a run of the command found. */
export interface Measured {
  readonly machine: string
  readonly options: ReadonlyArray<string>
  readonly pairs: number
  readonly limit: number
  readonly loops: number
  readonly rows: ReadonlyArray<Row>
  readonly memory: Memory | undefined
}

/** Tables for people. */
export const renderText = (measured: Measured, columns: ReadonlyArray<Column>, markdown: boolean): string => {
  const { limit, machine, memory, options, pairs, rows } = measured
  const words = options.length === 0 ? "" : `; emu run ${options.join(" ")}`
  const [ofQemu, ofEmu, ofNode] = [memory?.qemu, memory?.emu, memory?.node].map((value) => value?.toFixed(0))
  return [
    `${machine}; medians of ${pairs} runs of each in turn, at most ${limit / 1000} s each${words}\n`,
    renderTable(programTable(rows, columns, limit), markdown),
    renderTable(figureTable(reached(measured)), markdown),
    ...(memory === undefined
      ? []
      : [`resident memory of python3 -c pass: QEMU ${ofQemu} MB, emu ${ofEmu} MB; node -e 0 ${ofNode} MB\n`])
  ].join("\n")
}

const rowJson = ({ program, times }: Row, limit: number) => ({
  name: program.name,
  kind: program.kind,
  ratio: ratioOf(times, "emu", "QEMU", limit),
  milliseconds: Object.fromEntries(
    Array.from(times, ([way, own]) => [way, own.map((time) => (time === Infinity ? null : Number(time.toFixed(1))))])
  )
})

/** One JSON document: milliseconds by program, way and round, null for a run that was ended. */
export const renderJson = (measured: Measured): string => {
  const { memory, rows, ...setting } = measured
  const document = {
    ...setting,
    programs: rows.map((row) => rowJson(row, setting.limit)),
    ...(memory !== undefined && { residentMegabytes: memory }),
    figures: reached(measured).map(([figure, value]) => ({ ...figure, value: Number(value.toFixed(4)) }))
  }
  return `${JSON.stringify(document, undefined, 2)}\n`
}
