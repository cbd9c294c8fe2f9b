/**
 * Measures what plugins cost: time of emu with each plugin over the time of qemu-riscv64 without any, geometric mean over kernels, and
 * beside it emu's own slow-down.
 *
 *     pnpm bench:plugins [KERNEL...] [--plugin NAME...] [--pairs N] [--limit SECONDS] [--markdown] [--engine NAME] [--emu OPTION]
 *
 *     KERNEL           only these kernels of bench/kernels; default all
 *     --plugin NAME    only these rows of the table, by the plugin's name; may be repeated
 *     --pairs N        how often each command runs, in turn with the others; default 3
 *     --limit SECONDS  a run that takes longer is ended, and the row's figures are lower bounds; default 120
 *     --markdown       the table in Markdown
 *     --engine NAME    of `emu run`; default jit
 *     --emu OPTION     another option for `emu run`; may be repeated
 *
 * Callbacks on every instruction make a kernel run for a minute or more: all kernels with all plugins take hours, so choose some. Needs
 * Debian's qemu-user, and ends with a reason and status 0 where it is missing. A plugin that emu does not have is left out with
 * a reason. Each program must print what is recorded for it. Status: 1 where one did not, 2 for a wrong command line.
 */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { parseArgs } from "node:util"
import { kernels, type Kernel } from "./kernels.ts"
import { describeMachine } from "./machine.ts"
import { pluginFigures, type PluginFigure } from "./pluginFigures.ts"
import { timesInTurn, WrongRun, type Command } from "./processes.ts"
import { argumentsOrEnd, checkKernels, checkWords, findQemu, makeSession, parseCount, prepareEmu, root } from "./session.ts"
import { type KernelTimes, measurePlugin, pluginTable } from "./slowdowns.ts"
import { median } from "./statistics.ts"
import { renderTable } from "./table.ts"

const session = makeSession("bench:plugins")

/** The plugin's name, without options. */
const pluginName = ({ name, plugin }: PluginFigure): string => plugin?.("").split(",")[0] ?? name

const readArguments = () => {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      plugin: { type: "string", multiple: true, default: [] },
      pairs: { type: "string", default: "3" },
      limit: { type: "string", default: "120" },
      markdown: { type: "boolean", default: false },
      engine: { type: "string", default: "jit" },
      emu: { type: "string", multiple: true, default: [] }
    }
  })
  checkKernels(positionals)
  checkWords("--plugin", values.plugin, pluginFigures.map(pluginName))
  return {
    chosen: kernels.filter(({ name }) => positionals.length === 0 || positionals.includes(name)),
    figures: pluginFigures.filter((figure) => values.plugin.length === 0 || values.plugin.includes(pluginName(figure))),
    pairs: parseCount("--pairs", values.pairs, 1),
    limit: 1000 * parseCount("--limit", values.limit, 1),
    markdown: values.markdown,
    options: ["--engine", values.engine, ...values.emu]
  }
}

const { chosen, figures, limit, markdown, options, pairs } = argumentsOrEnd(session, readArguments)
const qemu = findQemu(session)
const emu = prepareEmu(session, options)

/** Whether emu has the plugin that a row is about. */
const isThere = (figure: PluginFigure): boolean => {
  if (figure.plugin === undefined) return true
  const [program, ...words] = emu.command
  const { status, stderr } = spawnSync(program, [...words, "plugins", pluginName(figure)], { encoding: "utf8" })
  if (status !== 0) session.progress(`${figure.name} is left out: ${stderr.trim()}`)
  return status === 0
}

let failures = 0

/** What a function gives, or undefined after a report where a program did something wrong. */
const reported = <A>(run: () => A): A | undefined => {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof WrongRun)) throw error
    session.progress(error.message)
    failures++
    return undefined
  }
}

/** Times of a kernel under QEMU, under emu, and under emu with each plugin. Undefined where QEMU or emu itself does something wrong. */
const measureKernel = (kernel: Kernel, rows: ReadonlyArray<PluginFigure>, directory: string): KernelTimes | undefined => {
  const { elf, name, stdout } = kernel
  const command = (argv: Command["argv"]): Command => ({ argv, stdout, limit })
  const plugins = new Map<string, ReadonlyArray<number>>()
  const toMeasure = rows.flatMap((figure) => {
    if (figure.plugin === undefined) return []
    const run = command(emu.run(elf, ["--plugin", figure.plugin(directory)]))
    // A first run, whose time doesn't count, shows whether it works, and whether it ends in time.
    const first = reported(() => timesInTurn(1, [run])[0]!)
    if (first?.includes(Infinity) === true) plugins.set(figure.name, first)
    return first === undefined || plugins.has(figure.name) ? [] : [{ figure, run }]
  })
  const bases = [command(["qemu-riscv64", elf]), command(emu.run(elf))]
  const times = reported(() => timesInTurn(pairs, [...bases, ...toMeasure.map(({ run }) => run)]))
  if (times === undefined) return undefined
  const [ofQemu, ofEmu, ...ofPlugins] = times
  toMeasure.forEach(({ figure }, i) => plugins.set(figure.name, ofPlugins[i]!))
  for (const figure of rows) if (figure.plugin === undefined) plugins.set(figure.name, ofEmu!)
  const base = median(ofQemu!)
  const shown = Array.from(plugins, ([plugin, own]) => {
    const time = median(own)
    return time === Infinity ? `${plugin} over ${limit / 1000} s` : `${plugin} ${(time / base).toFixed(2)}`
  })
  session.progress(`${name}: ${shown.join(", ")}`)
  return { kernel: name, qemu: ofQemu!, emu: ofEmu!, plugins }
}

// Now, not at the end: the commit that is measured, and the load that others make.
const machine = describeMachine(root, qemu)
const directory = fs.mkdtempSync(path.join(os.tmpdir(), "emu-bench-"))
try {
  const rows = figures.filter(isThere)
  const times = chosen.flatMap((kernel) => measureKernel(kernel, rows, directory) ?? [])
  const measures = rows.flatMap((figure) => measurePlugin(figure, times, limit) ?? [])
  const names = times.map(({ kernel }) => kernel).join(", ")
  process.stdout.write(
    `${machine}; medians of ${pairs} runs of each in turn; at most ${limit / 1000} s each; emu run ${options.join(" ")}; kernels: ${names}\n`
  )
  process.stdout.write(`\n${renderTable(pluginTable(measures), markdown)}`)
} finally {
  fs.rmSync(directory, { recursive: true, force: true })
}
if (failures > 0) process.exitCode = 1
