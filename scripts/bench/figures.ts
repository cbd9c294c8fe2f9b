/** The figures that the project wants to reach, and how far it got. */
import * as path from "node:path"
import type { Table } from "./table.ts"

/** A figure: the less, the better. */
export interface Figure {
  readonly name: string
  readonly must: number
  readonly aim: number
}

/** The goals, by what they are about. */
export const figures = {
  overall: { name: "geometric mean, time of emu / time of QEMU", must: 0.75, aim: 0.5 },
  slowest: { name: "slowest kernel", must: 1.1, aim: 0.8 },
  floatingPoint: { name: "floating-point kernels, geometric mean", must: 0.5, aim: 0.3 },
  hello: { name: "hello, time of emu / time of node -e 0", must: 4, aim: 3 }
} as const satisfies Record<string, Figure>

/** How much a plugin may slow a program down. */
export interface PluginFigure extends Figure {
  /** What `--plugin` gets. */
  readonly plugin: string
}

/** A plugin of our own; it lies where `@emu/core` can be imported. */
const sumTrace = path.resolve(import.meta.dirname, "../../tests/bench/plugins/sumTrace.ts")

const named = (plugin: string, must: number, aim: number): PluginFigure => ({ name: plugin, plugin, must, aim })

export const plugins: ReadonlyArray<PluginFigure> = [
  named("bb,inline=on", 1.15, 1.05),
  named("insn,inline=on", 1.15, 1.05),
  named("mem,inline=on", 1.4, 1.2),
  { name: "mem trace", plugin: sumTrace, must: 4, aim: 2 },
  named("bb", 6, 3)
]

const verdict = ({ aim, must }: Figure, reached: number): string => {
  if (reached <= aim) return "aim"
  return reached <= must ? "must" : "missed"
}

/** The table of figures with what was measured. */
export const figureTable = (measured: ReadonlyArray<readonly [Figure, number]>): Table => ({
  head: ["figure", "must", "aim", "measured", "reached"],
  rows: measured.map(([figure, reached]) => [
    figure.name,
    `<= ${figure.must}`,
    `<= ${figure.aim}`,
    reached.toFixed(2),
    verdict(figure, reached)
  ])
})
