/** The arithmetic of `pnpm bench:plugins`: from times of single runs to a table. */
import { verdict } from "../support/figures.ts"
import { geometricMean, median } from "../support/statistics.ts"
import type { Table } from "../support/table.ts"
import type { PluginFigure } from "./pluginFigures.ts"

/** Times of one kernel, in milliseconds. Infinity stands for a run that took longer than the limit. */
export interface KernelTimes {
  readonly kernel: string
  readonly qemu: ReadonlyArray<number>
  /** emu without plugins. */
  readonly emu: ReadonlyArray<number>
  /** By the figure's name; a plugin that did something wrong is missing. */
  readonly plugins: ReadonlyMap<string, ReadonlyArray<number>>
}

/** A mean over kernels. Where runs were cut short it is at least that. */
interface Mean {
  readonly value: number
  readonly isLowerBound: boolean
}

/** What was measured of one plugin. */
export interface PluginMeasure {
  readonly figure: PluginFigure
  readonly kernels: number
  /** Time with the plugin over QEMU's time without. */
  readonly overQemu: Mean
  /** Time with the plugin over emu's without. */
  readonly slowdown: Mean
}

/** Geometric mean of ratios; what took longer than the limit counts as if it had ended there. */
const mean = (pairs: ReadonlyArray<readonly [time: number, base: number]>, limit: number): Mean => ({
  value: geometricMean(pairs.map(([time, base]) => Math.min(time, limit) / Math.min(base, limit))),
  isLowerBound: pairs.some(([time]) => time > limit)
})

/**
 * Sums up one plugin's times.
 *
 * @param limit milliseconds after which a run was ended
 * @returns undefined where no kernel ran under the plugin
 */
export const measurePlugin = (
  figure: PluginFigure,
  all: ReadonlyArray<KernelTimes>,
  limit: number
): PluginMeasure | undefined => {
  const times = all.flatMap(({ emu, plugins, qemu }) => {
    const own = plugins.get(figure.name)
    return own === undefined ? [] : [{ own: median(own), emu: median(emu), qemu: median(qemu) }]
  })
  if (times.length === 0) return undefined
  return {
    figure,
    kernels: times.length,
    overQemu: mean(
      times.map(({ own, qemu }) => [own, qemu]),
      limit
    ),
    slowdown: mean(
      times.map(({ emu, own }) => [own, emu]),
      limit
    )
  }
}

const ratio = ({ isLowerBound, value }: Mean): string => `${isLowerBound ? ">= " : ""}${value.toFixed(2)}`

const reached = ({ figure: { overQemu: goal }, overQemu: { isLowerBound, value } }: PluginMeasure): string => {
  if (goal === undefined) return "-"
  // A lower bound above the goal is above it all the same.
  return isLowerBound && value <= goal.must ? "unknown" : verdict(goal, value)
}

/** The table of plugins. */
export const pluginTable = (measures: ReadonlyArray<PluginMeasure>): Table => ({
  head: ["plugin", "must", "aim", "emu with it / QEMU without", "reached", "emu's slow-down", "QEMU's own", "kernels"],
  rows: measures.map((measure) => {
    const { figure, kernels, overQemu, slowdown } = measure
    return [
      figure.name,
      figure.overQemu === undefined ? "-" : `<= ${figure.overQemu.must}`,
      figure.overQemu === undefined ? "-" : `<= ${figure.overQemu.aim}`,
      ratio(overQemu),
      reached(measure),
      ratio(slowdown),
      figure.qemu?.toString() ?? "-",
      String(kernels)
    ]
  })
})
