/** The three parts of the comparison: kernels against QEMU, start-up against Node, plugins against none. */
import { figuresWith } from "../plugins/pluginFigures.ts"
import type { Figure } from "../support/figures.ts"
import { timesInTurn, WrongRun, type Command } from "../support/processes.ts"
import { compare, geometricMean } from "../support/statistics.ts"
import type { Table } from "../support/table.ts"
import { floatingPoint, instrumented, kernels, type Kernel } from "./kernels.ts"

const goals = {
  overall: { name: "geometric mean, time of emu / time of QEMU", must: 0.6, aim: 0.45 },
  slowest: { name: "slowest kernel", must: 1.05, aim: 0.8 },
  floatingPoint: { name: "floating-point kernels, geometric mean", must: 0.5, aim: 0.3 },
  hello: { name: "hello, time of emu / time of node -e 0", must: 2.2, aim: 1.8 }
} as const satisfies Record<string, Figure>

/** What and how to measure. */
export interface Setting {
  /** How often each command runs. */
  readonly pairs: number
  /** Kernels to measure; empty for all, and for a few with the plugins. */
  readonly names: ReadonlySet<string>
  /** The command that runs an ELF file under emu, with more options. */
  readonly emu: (elf: string, options?: ReadonlyArray<string>) => Command["argv"]
  /** A directory for what plugins write. */
  readonly scratch: string
  /** Told what happens: results as they come, and what went wrong. */
  readonly progress: (text: string) => void
}

/** What a part found. */
export interface Findings {
  readonly table: Table
  /** Figures with the values that each sums up. */
  readonly figures: ReadonlyArray<readonly [Figure, number]>
  /** How many programs did something wrong and were left out. */
  readonly failures: number
}

const milliseconds = (value: number) => value.toFixed(value < 100 ? 1 : 0)
const ratioText = (value: number) => value.toFixed(2)

/** Measures one row for each item; those whose programs do something wrong are reported and left out. */
const rowsOf = <A, B>({ progress }: Setting, items: ReadonlyArray<A>, measure: (item: A) => B): ReadonlyArray<B> =>
  items.flatMap((item) => {
    try {
      return [measure(item)]
    } catch (error) {
      if (!(error instanceof WrongRun)) throw error
      progress(error.message)
      return []
    }
  })

/** A figure with its value, where there is anything to make it from. */
const figureOf = (figure: Figure, values: ReadonlyArray<number>, summary = geometricMean) =>
  values.length === 0 ? [] : [[figure, summary(values)] as const]

const chosen = (names: ReadonlySet<string>): ReadonlyArray<Kernel> =>
  kernels.filter(({ name }) => names.size === 0 || names.has(name))

/** Each kernel under emu and under QEMU. */
export const measureKernels = (setting: Setting): Findings => {
  const items = chosen(setting.names)
  const results = rowsOf(setting, items, ({ elf, name, stdout }) => {
    const commands: ReadonlyArray<Command> = [
      { argv: setting.emu(elf), stdout },
      { argv: ["qemu-riscv64", elf], stdout }
    ]
    const [times, bases] = timesInTurn(setting.pairs, commands)
    const result = { name, ...compare(times!, bases!) }
    setting.progress(`${name}: ${ratioText(result.ratio)}`)
    return result
  })
  const ratios = results.map(({ ratio }) => ratio)
  const floating = results.filter(({ name }) => floatingPoint.has(name)).map(({ ratio }) => ratio)
  return {
    table: {
      head: ["kernel", "QEMU, ms", "emu, ms", "emu / QEMU", "pairs from", "to"],
      rows: results.map(({ base, name, range, ratio, time }) => [
        name,
        milliseconds(base),
        milliseconds(time),
        ...[ratio, ...range].map(ratioText)
      ])
    },
    figures: [
      ...figureOf(goals.overall, ratios),
      ...figureOf(goals.slowest, ratios, (values) => Math.max(...values)),
      ...figureOf(goals.floatingPoint, floating)
    ],
    failures: items.length - results.length
  }
}

/** hello under emu, and a Node that does nothing: at least twenty pairs, since they are so short that a few say little. */
export const measureStartup = (setting: Setting, hello: Pick<Kernel, "elf" | "stdout">): Findings => {
  const results = rowsOf(setting, [hello], ({ elf, stdout }) => {
    const commands: ReadonlyArray<Command> = [
      { argv: setting.emu(elf), stdout },
      { argv: [process.execPath, "-e", "0"], stdout: "" }
    ]
    const [times, bases] = timesInTurn(Math.max(setting.pairs, 20), commands)
    return compare(times!, bases!)
  })
  return {
    table: {
      head: ["start-up", "node -e 0, ms", "emu, ms", "emu / node", "pairs from", "to"],
      rows: results.map(({ base, range, ratio, time }) => [
        "hello",
        milliseconds(base),
        milliseconds(time),
        ...[ratio, ...range].map(ratioText)
      ])
    },
    figures: figureOf(
      goals.hello,
      results.map(({ ratio }) => ratio)
    ),
    failures: 1 - results.length
  }
}

/** A few kernels under emu without plugins and with each of those that have a goal here. */
export const measurePlugins = (setting: Setting): Findings => {
  const items = chosen(setting.names.size === 0 ? instrumented : setting.names)
  const plugins = figuresWith("onKernels")
  const results = rowsOf(setting, items, ({ elf, name, stdout }) => {
    const ways = [[], ...plugins.map(({ figure }) => ["--plugin", figure.plugin!(setting.scratch)])]
    const commands = ways.map((options): Command => ({ argv: setting.emu(elf, options), stdout }))
    const [bases, ...times] = timesInTurn(setting.pairs, commands)
    const slowdowns = times.map((each) => compare(each, bases!).ratio)
    setting.progress(`${name} with plugins: ${slowdowns.map(ratioText).join(" ")}`)
    return { name, slowdowns }
  })
  return {
    table: {
      head: ["slow-down by", ...plugins.map(({ figure }) => figure.name)],
      rows: results.map(({ name, slowdowns }) => [name, ...slowdowns.map(ratioText)])
    },
    figures: plugins.flatMap(({ figure, goal }, i) =>
      figureOf(
        { ...goal, name: `slow-down by ${figure.name}, geometric mean` },
        results.map(({ slowdowns }) => slowdowns[i]!)
      )
    ),
    failures: items.length - results.length
  }
}
