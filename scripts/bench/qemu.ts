/**
 * Compares emu with QEMU, in time of whole processes that run in turn on the same ELF files:
 *
 *     pnpm bench:qemu [KERNEL...] [--pairs N] [--only kernels|startup|plugins] [--markdown] [--engine NAME] [--emu OPTION]
 *
 *     KERNEL         only these kernels of bench/kernels, also for the plugins; default all, and a few for the plugins
 *     --pairs N      how often each command runs, in turn with the others; at least 5, which is the default
 *     --only PART    may be repeated; default all three
 *     --markdown     tables in Markdown
 *     --engine NAME  the same as --emu=--engine --emu=NAME
 *     --emu OPTION   another option for `emu run`; may be repeated
 *
 * Builds no guest programs. Needs Debian's qemu-user, and ends with a reason and status 0 where it is missing. Each program
 * must print what is recorded for it, under emu and under QEMU. Status: 1 where one did not, 2 for a wrong command line.
 */
import { parseArgs } from "node:util"
import { figureTable } from "./figures.ts"
import { describeMachine } from "./machine.ts"
import { measureKernels, measurePlugins, measureStartup, type Findings, type Setting } from "./parts.ts"
import {
  argumentsOrEnd,
  checkKernels,
  checkWords,
  findQemu,
  hello,
  makeSession,
  parseCount,
  prepareEmu,
  root
} from "./session.ts"
import { renderTable } from "./table.ts"

const parts: Record<string, (setting: Setting) => Findings> = {
  kernels: measureKernels,
  startup: (setting) => measureStartup(setting, hello),
  plugins: measurePlugins
}

const session = makeSession("bench:qemu")

const readArguments = () => {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      pairs: { type: "string", default: "5" },
      only: { type: "string", multiple: true, default: Object.keys(parts) },
      markdown: { type: "boolean", default: false },
      engine: { type: "string" },
      emu: { type: "string", multiple: true, default: [] }
    }
  })
  checkWords("--only", values.only, Object.keys(parts))
  checkKernels(positionals)
  const engine = values.engine === undefined ? [] : ["--engine", values.engine]
  const pairs = parseCount("--pairs", values.pairs, 5)
  return { ...values, pairs, emu: [...engine, ...values.emu], names: new Set(positionals) }
}

const { emu: emuOptions, markdown, names, only, pairs } = argumentsOrEnd(session, readArguments)
const qemu = findQemu(session)
const setting: Setting = { pairs, names, emu: prepareEmu(session, emuOptions).run, progress: session.progress }

// Now, not at the end: the commit that is measured, and the load that others make.
const machine = describeMachine(root, qemu)
const findings = Object.entries(parts)
  .filter(([name]) => only.includes(name))
  .map(([, measure]) => measure(setting))

const options = emuOptions.length === 0 ? "" : `; emu run ${emuOptions.join(" ")}`
process.stdout.write(`${machine}; medians of ${pairs} runs of each in turn${options}\n`)
const tables = [...findings.map(({ table }) => table), figureTable(findings.flatMap(({ figures }) => figures))]
for (const table of tables) process.stdout.write(`\n${renderTable(table, markdown)}`)
if (findings.some(({ failures }) => failures > 0)) process.exitCode = 1
