/** Every plugin whose cost is measured, and what it may cost where. */
import * as path from "node:path"
import type { Goal } from "../support/figures.ts"

/** A plugin with its goals; a goal that is missing is none. */
export interface PluginFigure {
  /** What the tables call it. */
  readonly name: string
  /** What `--plugin` gets, with a directory for the files that it writes; undefined for a run without plugins. */
  readonly plugin: ((directory: string) => string) | undefined
  /** On the kernels: emu's time with it over QEMU's time without any. */
  readonly overQemu?: Goal
  /** On the kernels: emu's time with it over emu's time without any. */
  readonly onKernels?: Goal
  /** The same on Debian's programs. */
  readonly onPrograms?: Goal
  /** QEMU's own slow-down by its plugin (QEMU 10.2 without plugins is 1). */
  readonly qemu?: number
}

const sumTrace = path.resolve(import.meta.dirname, "sumTrace.ts")

/** In the tables' order. */
export const pluginFigures: ReadonlyArray<PluginFigure> = [
  { name: "none", plugin: undefined },
  { name: "empty", plugin: () => "empty", qemu: 1.15 },
  {
    name: "drcov",
    plugin: (to) => `drcov,filename=${to}/drcov`,
    overQemu: { must: 1, aim: 0.7 },
    onPrograms: { must: 1.1, aim: 1.03 },
    qemu: 6.2
  },
  { name: "bb inline", plugin: () => "bb,inline=on", onKernels: { must: 1.15, aim: 1.05 } },
  {
    name: "insn inline",
    plugin: () => "insn,inline=on",
    onKernels: { must: 1.15, aim: 1.05 },
    onPrograms: { must: 1.15, aim: 1.05 }
  },
  { name: "mem inline", plugin: () => "mem,inline=on", onKernels: { must: 1.4, aim: 1.2 } },
  {
    name: "hotblocks inline",
    plugin: () => "hotblocks,inline=on",
    overQemu: { must: 1, aim: 0.7 },
    onPrograms: { must: 1.3, aim: 1.15 },
    qemu: 1.26
  },
  { name: "howvec inline", plugin: () => "howvec,inline=on", overQemu: { must: 1.1, aim: 0.8 }, qemu: 2.26 },
  { name: "bbv", plugin: (to) => `bbv,outfile=${to}/bbv`, overQemu: { must: 1.1, aim: 0.8 }, qemu: 1.48 },
  { name: "mem trace", plugin: () => sumTrace, onKernels: { must: 4, aim: 2 } },
  { name: "bb, callback", plugin: () => "bb", onKernels: { must: 6, aim: 3 } },
  {
    name: "cache (L1I + L1D)",
    plugin: () => "cache",
    overQemu: { must: 30, aim: 10 },
    onPrograms: { must: 8, aim: 5 },
    qemu: 67
  },
  { name: "hotpages", plugin: () => "hotpages", overQemu: { must: 6, aim: 3 }, qemu: 13.5 },
  { name: "cflow", plugin: () => "cflow", overQemu: { must: 6, aim: 3 }, qemu: 14.2 },
  { name: "insn, callback", plugin: () => "insn", overQemu: { must: 30, aim: 15 }, qemu: 18 },
  { name: "mem, callback", plugin: () => "mem,callback=on", overQemu: { must: 8, aim: 4 }, qemu: 4.1 }
]

/** Those that have a goal of a kind, with that goal. */
export const figuresWith = (
  kind: "onKernels" | "onPrograms"
): ReadonlyArray<{ readonly figure: PluginFigure; readonly goal: Goal }> =>
  pluginFigures.flatMap((figure) => {
    const goal = figure[kind]
    return goal === undefined ? [] : [{ figure, goal }]
  })
