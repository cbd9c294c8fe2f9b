/** `pnpm bench kernels`: emu against QEMU, in time of whole processes that run in turn on the same ELF files. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { parseArgs } from "node:util"
import { figureTable } from "../support/figures.ts"
import { describeMachine } from "../support/machine.ts"
import {
  argumentsOrEnd,
  checkWords,
  commonOptions,
  commonUsage,
  emuOptions,
  findQemu,
  hello,
  makeSession,
  parseCount,
  prepareEmu,
  root
} from "../support/session.ts"
import { renderTable } from "../support/table.ts"
import { checkKernels } from "./kernels.ts"
import { type Findings, measureKernels, measurePlugins, measureStartup, type Setting } from "./measure.ts"

export const usage = `Compares emu with QEMU on small programs of one hot loop, hello with a Node that does nothing, and a few
kernels with plugins against emu without.

Usage: pnpm bench kernels [KERNEL...] [--pairs N] [--only kernels|startup|plugins] [--markdown]
                          [--engine NAME] [--emu OPTION]

  KERNEL           only these kernels of bench/kernels/guest, also for the plugins; default all, and a few for
                   the plugins
  --pairs N        how often each command runs, in turn with the others; at least 5, which is the default
  --only PART      may be repeated; default all three
${commonUsage}

Builds no guest programs. Needs Debian's qemu-user, and ends with a reason and status 0 where it is missing.
Each program must print what is recorded for it, under emu and under QEMU. Status: 1 where one did not, 2 for a
wrong command line.`

const parts: Record<string, (setting: Setting) => Findings> = {
  kernels: measureKernels,
  startup: (setting) => measureStartup(setting, hello),
  plugins: measurePlugins
}

const readArguments = (args: ReadonlyArray<string>) => {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...commonOptions,
      pairs: { type: "string", default: "5" },
      only: { type: "string", multiple: true, default: Object.keys(parts) }
    }
  })
  checkWords("--only", values.only, Object.keys(parts))
  checkKernels(positionals)
  return {
    only: values.only,
    markdown: values.markdown,
    pairs: parseCount("--pairs", values.pairs, 5),
    options: emuOptions(values),
    names: new Set(positionals)
  }
}

export const run = (args: ReadonlyArray<string>): void => {
  const session = makeSession("kernels")
  const { markdown, names, only, options, pairs } = argumentsOrEnd(session, () => readArguments(args))
  const qemu = findQemu(session)
  const emu = prepareEmu(session, options).run
  // Now, not at the end: the commit that is measured, and the load that others make.
  const machine = describeMachine(root, qemu)
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "emu-bench-"))
  try {
    const setting: Setting = { pairs, names, emu, scratch, progress: session.progress }
    const findings = Object.entries(parts)
      .filter(([name]) => only.includes(name))
      .map(([, measure]) => measure(setting))
    const words = options.length === 0 ? "" : `; emu run ${options.join(" ")}`
    process.stdout.write(`${machine}; medians of ${pairs} runs of each in turn${words}\n`)
    const tables = [...findings.map(({ table }) => table), figureTable(findings.flatMap(({ figures }) => figures))]
    for (const table of tables) process.stdout.write(`\n${renderTable(table, markdown)}`)
    if (findings.some(({ failures }) => failures > 0)) process.exitCode = 1
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true })
  }
}
