/** `pnpm bench plugins`: what plugins cost. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { parseArgs } from "node:util"
import { checkKernels, kernels } from "../kernels/kernels.ts"
import { describeMachine } from "../support/machine.ts"
import {
  argumentsOrEnd,
  checkWords,
  commonOptions,
  commonUsage,
  emuOptions,
  findQemu,
  makeSession,
  parseCount,
  prepareEmu,
  root
} from "../support/session.ts"
import { renderTable } from "../support/table.ts"
import { measureKernel, type Setting } from "./measure.ts"
import { type PluginFigure, pluginFigures } from "./pluginFigures.ts"
import { measurePlugin, pluginTable } from "./slowdowns.ts"

export const usage = `Measures what plugins cost: the time of emu with each plugin over the time of qemu-riscv64 without any, the
geometric mean over kernels, and beside it emu's own slow-down.

Usage: pnpm bench plugins [KERNEL...] [--plugin NAME...] [--pairs N] [--limit SECONDS] [--markdown]
                          [--engine NAME] [--emu OPTION]

  KERNEL           only these kernels of bench/kernels/guest; default all
  --plugin NAME    only rows of the plugin of this name; may be repeated; default those with a goal against QEMU
  --pairs N        how often each command runs, in turn with the others; default 3
  --limit SECONDS  a run that takes longer is ended, and the row's figures are lower bounds; default 120
${commonUsage}

Callbacks on every instruction make a kernel run for a minute or more: all kernels with all plugins take hours, so
choose some. Needs Debian's qemu-user, and ends with a reason and status 0 where it is missing. A plugin that emu
does not have is left out with a reason. Each program must print what is recorded for it. Status: 1 where one did
not, 2 for a wrong command line.`

/** The plugin's name, without options; a file's is the path. */
const pluginName = ({ name, plugin }: PluginFigure): string =>
  plugin === undefined ? name : path.basename(plugin("").split(",")[0]!, ".ts")

/** Whether the row is measured when no plugin is asked for. */
const isDefault = ({ onKernels, onPrograms, overQemu }: PluginFigure): boolean =>
  overQemu !== undefined || (onKernels === undefined && onPrograms === undefined)

const readArguments = (args: ReadonlyArray<string>) => {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...commonOptions,
      plugin: { type: "string", multiple: true, default: [] },
      pairs: { type: "string", default: "3" },
      limit: { type: "string", default: "120" }
    }
  })
  checkKernels(positionals)
  checkWords("--plugin", values.plugin, pluginFigures.map(pluginName))
  return {
    chosen: kernels.filter(({ name }) => positionals.length === 0 || positionals.includes(name)),
    figures: pluginFigures.filter((figure) =>
      values.plugin.length === 0 ? isDefault(figure) : values.plugin.includes(pluginName(figure))
    ),
    pairs: parseCount("--pairs", values.pairs, 1),
    limit: 1000 * parseCount("--limit", values.limit, 1),
    markdown: values.markdown,
    options: emuOptions(values)
  }
}

export const run = (args: ReadonlyArray<string>): void => {
  const session = makeSession("plugins")
  const { chosen, figures, limit, markdown, options, pairs } = argumentsOrEnd(session, () => readArguments(args))
  const qemu = findQemu(session)
  const emu = prepareEmu(session, options)

  /** Whether emu has the plugin that a row is about. */
  const isThere = (figure: PluginFigure): boolean => {
    const word = figure.plugin?.("").split(",")[0]
    if (word === undefined || path.isAbsolute(word)) return true
    const [program, ...words] = emu.command
    const { status, stderr } = spawnSync(program, [...words, "plugins", word], { encoding: "utf8" })
    if (status !== 0) session.progress(`${figure.name} is left out: ${stderr.trim()}`)
    return status === 0
  }

  // Now, not at the end: the commit that is measured, and the load that others make.
  const machine = describeMachine(root, qemu)
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "emu-bench-"))
  try {
    const rows = figures.filter(isThere)
    const failed = (message: string) => {
      session.progress(message)
      process.exitCode = 1
    }
    const setting: Setting = { figures: rows, pairs, limit, emu: emu.run, scratch, progress: session.progress, failed }
    const times = chosen.flatMap((kernel) => measureKernel(kernel, setting) ?? [])
    const measures = rows.flatMap((figure) => measurePlugin(figure, times, limit) ?? [])
    const names = times.map(({ kernel }) => kernel).join(", ")
    const words = options.length === 0 ? "" : `emu run ${options.join(" ")}; `
    process.stdout.write(
      `${machine}; medians of ${pairs} runs of each in turn; at most ${limit / 1000} s each; ${words}kernels: ${names}\n`
    )
    process.stdout.write(`\n${renderTable(pluginTable(measures), markdown)}`)
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true })
  }
}
