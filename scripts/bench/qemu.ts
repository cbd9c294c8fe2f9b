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
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { parseArgs } from "node:util"
import { figureTable } from "./figures.ts"
import { kernels } from "./kernels.ts"
import { describeMachine, firstLine } from "./machine.ts"
import { measureKernels, measurePlugins, measureStartup, type Findings, type Setting } from "./parts.ts"
import { renderTable } from "./table.ts"

const root = path.resolve(import.meta.dirname, "../..")
const hello = { elf: path.join(root, "examples/hello.elf"), stdout: "Hello from RISC-V!\n" }

const parts: Record<string, (setting: Setting) => Findings> = {
  kernels: measureKernels,
  startup: (setting) => measureStartup(setting, hello),
  plugins: measurePlugins
}

const progress = (text: string) => void process.stderr.write(`bench:qemu: ${text}\n`)

const end = (message: string, status: number): never => {
  progress(message)
  process.exit(status)
}

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
  const oneOf = (what: string, words: ReadonlyArray<string>, allowed: ReadonlyArray<string>) => {
    const wrong = words.find((word) => !allowed.includes(word))
    if (wrong !== undefined) throw new Error(`${what} ${wrong}: use some of ${allowed.join(", ")}`)
  }
  oneOf("--only", values.only, Object.keys(parts))
  oneOf(
    "kernel",
    positionals,
    kernels.map(({ name }) => name)
  )
  const pairs = Number(values.pairs)
  if (!Number.isInteger(pairs) || pairs < 5) throw new Error(`--pairs ${values.pairs}: use a whole number, at least 5`)
  const engine = values.engine === undefined ? [] : ["--engine", values.engine]
  return { ...values, pairs, emu: [...engine, ...values.emu], names: new Set(positionals) }
}

const argumentsOrEnd = () => {
  try {
    return readArguments()
  } catch (error) {
    return end(error instanceof Error ? error.message : String(error), 2)
  }
}

const { emu: emuOptions, markdown, names, only, pairs } = argumentsOrEnd()

const qemu =
  firstLine("qemu-riscv64", ["--version"]) ??
  end("skipped: qemu-riscv64 is not installed (Debian: apt-get install qemu-user)", 0)

// Brings the bundle and its compile cache up to date. From here on the bundle is run by its own name, so that no change of the
// sources while the measurement lasts gets in.
const prepared = spawnSync(path.join(root, "bin/emu"), ["run", "--quiet", ...emuOptions, hello.elf], { encoding: "utf8" })
if (prepared.status !== 0) end(`emu does not run hello:\n${prepared.stderr.trimEnd()}`, 1)
const bundle = fs.realpathSync(path.join(root, "node_modules/.cache/emu/current"))

const setting: Setting = {
  pairs,
  names,
  emu: (elf, options = []) => [
    process.execPath,
    path.join(bundle, "launch.js"),
    "run",
    "--quiet",
    ...emuOptions,
    ...options,
    elf
  ],
  progress
}

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
