/** Times of a kernel under QEMU, under emu, and under emu with each plugin. */
import type { Kernel } from "../kernels/kernels.ts"
import { type Command, timesInTurn, WrongRun } from "../support/processes.ts"
import { median } from "../support/statistics.ts"
import type { PluginFigure } from "./pluginFigures.ts"
import type { KernelTimes } from "./slowdowns.ts"

/** What and how to measure. */
export interface Setting {
  readonly figures: ReadonlyArray<PluginFigure>
  /** How often each command runs. */
  readonly pairs: number
  /** Milliseconds after which a run is ended. */
  readonly limit: number
  /** The command that runs an ELF file under emu, with more options. */
  readonly emu: (elf: string, options?: ReadonlyArray<string>) => Command["argv"]
  /** A directory for what plugins write. */
  readonly scratch: string
  /** Told what happens. */
  readonly progress: (text: string) => void
  /** Told of each program that did something wrong. */
  readonly failed: (message: string) => void
}

/**
 * Measures one kernel.
 *
 * @returns undefined where QEMU, or emu without plugins, does something wrong
 */
export const measureKernel = (kernel: Kernel, setting: Setting): KernelTimes | undefined => {
  const { elf, name, stdout } = kernel
  const { emu, figures, limit, pairs, scratch } = setting
  /** What a function gives, or undefined after a report where a program did something wrong. */
  const reported = <A>(run: () => A): A | undefined => {
    try {
      return run()
    } catch (error) {
      if (!(error instanceof WrongRun)) throw error
      setting.failed(error.message)
      return undefined
    }
  }
  const command = (argv: Command["argv"]): Command => ({ argv, stdout, limit })
  const plugins = new Map<string, ReadonlyArray<number>>()
  const toMeasure = figures.flatMap((figure) => {
    if (figure.plugin === undefined) return []
    const run = command(emu(elf, ["--plugin", figure.plugin(scratch)]))
    // A first run, whose time doesn't count, shows whether it works, and whether it ends in time.
    const first = reported(() => timesInTurn(1, [run])[0]!)
    if (first?.includes(Infinity) === true) plugins.set(figure.name, first)
    return first === undefined || plugins.has(figure.name) ? [] : [{ figure, run }]
  })
  const bases = [command(["qemu-riscv64", elf]), command(emu(elf))]
  const times = reported(() => timesInTurn(pairs, [...bases, ...toMeasure.map(({ run }) => run)]))
  if (times === undefined) return undefined
  const [ofQemu, ofEmu, ...ofPlugins] = times
  toMeasure.forEach(({ figure }, i) => plugins.set(figure.name, ofPlugins[i]!))
  for (const figure of figures) if (figure.plugin === undefined) plugins.set(figure.name, ofEmu!)
  const base = median(ofQemu!)
  const shown = Array.from(plugins, ([plugin, own]) => {
    const time = median(own)
    return time === Infinity ? `${plugin} over ${limit / 1000} s` : `${plugin} ${(time / base).toFixed(2)}`
  })
  setting.progress(`${name}: ${shown.join(", ")}`)
  return { kernel: name, qemu: ofQemu!, emu: ofEmu!, plugins }
}
