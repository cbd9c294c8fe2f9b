/** The three parts of the comparison: kernels against QEMU, start-up against Node, plugins against none. */
import { figures, plugins, type Figure } from "./figures.ts"
import { floatingPoint, instrumented, kernels, type Kernel } from "./kernels.ts"
import { timesInTurn, WrongRun, type Command } from "./processes.ts"
import { compare, geometricMean } from "./statistics.ts"
import type { Table } from "./table.ts"

/** What and how to measure. */
export interface Setting {
  /** How often each command runs. */
  readonly pairs: number
  /** Kernels to measure; empty for all, and for a few with the plugins. */
  readonly names: ReadonlySet<string>
  /** The command that runs an ELF file under emu, with more options. */
  readonly emu: (elf: string, options?: ReadonlyArray<string>) => Command["argv"]
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
      ...figureOf(figures.overall, ratios),
      ...figureOf(figures.slowest, ratios, (values) => Math.max(...values)),
      ...figureOf(figures.floatingPoint, floating)
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
      figures.hello,
      results.map(({ ratio }) => ratio)
    ),
    failures: 1 - results.length
  }
}

/** A few kernels under emu without plugins and with each of them. */
export const measurePlugins = (setting: Setting): Findings => {
  const items = chosen(setting.names.size === 0 ? instrumented : setting.names)
  const results = rowsOf(setting, items, ({ elf, name, stdout }) => {
    const ways = [[], ...plugins.map(({ plugin }) => ["--plugin", plugin])]
    const commands = ways.map((options): Command => ({ argv: setting.emu(elf, options), stdout }))
    const [bases, ...times] = timesInTurn(setting.pairs, commands)
    const slowdowns = times.map((each) => compare(each, bases!).ratio)
    setting.progress(`${name} with plugins: ${slowdowns.map(ratioText).join(" ")}`)
    return { name, slowdowns }
  })
  return {
    table: {
      head: ["slow-down by", ...plugins.map(({ name }) => name)],
      rows: results.map(({ name, slowdowns }) => [name, ...slowdowns.map(ratioText)])
    },
    figures: plugins.flatMap((plugin, i) =>
      figureOf(
        { ...plugin, name: `slow-down by ${plugin.name}, geometric mean` },
        results.map(({ slowdowns }) => slowdowns[i]!)
      )
    ),
    failures: items.length - results.length
  }
}
