/**
 * Compares emu with QEMU on programs that people run, as Debian ships them: whole processes, one after the other.
 *
 *     pnpm bench:programs [PROGRAM...] [--kind work|start] [--pairs N] [--limit SECONDS] [--cache] [--plugins] [--load N]
 *                         [--json] [--markdown] [--engine NAME] [--emu OPTION]
 *
 *     PROGRAM          only these rows of bench/programs/programs.ts; default all
 *     --kind KIND      only real work, or only starts
 *     --pairs N        how often each command runs, in turn with the others; default 5
 *     --limit SECONDS  a run that takes longer is ended, and its row's ratio is a lower bound; default 120
 *     --cache          also a second run with the translation cache that the first one filled
 *     --plugins        also emu with each of four plugins, as slow-down against emu without
 *     --load N         also both with N busy loops beside them
 *     --json           a JSON document with all times, instead of tables
 *     --markdown       tables in Markdown
 *     --engine NAME    of `emu run`
 *     --emu OPTION     another option for `emu run`; may be repeated
 *
 * The programs are unpacked by scripts/debian-sysroot; EMU_SYSROOT names a folder that has them already. Their inputs are made
 * here. Ends with a reason and status 0 where QEMU or the packages are missing. stdout, stderr and status must be the
 * same under both. Where python3-start is measured, so is the resident memory of `python3 -c pass`. Status: 1 where a
 * program did something else under emu, 2 for a wrong command line.
 */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { parseArgs } from "node:util"
import { figureTable } from "../scripts/bench/figures.ts"
import { describeMachine } from "../scripts/bench/machine.ts"
import { argumentsOrEnd, checkWords, findQemu, makeSession, parseCount, prepareEmu, root } from "../scripts/bench/session.ts"
import { renderTable } from "../scripts/bench/table.ts"
import { writeInputs } from "./programs/inputs.ts"
import { Difference, measureProgram, type Setting, type Way } from "./programs/measure.ts"
import { residentMemory, waiting } from "./programs/memory.ts"
import { runOnce } from "./programs/processes.ts"
import { environment, packages, programs, type GuestCommand, type Program } from "./programs/programs.ts"
import { type Column, pluginGoals, programTable, reached, type Row, rowJson } from "./programs/report.ts"

const session = makeSession("bench:programs")

const readArguments = () => {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      kind: { type: "string" },
      pairs: { type: "string", default: "5" },
      limit: { type: "string", default: "120" },
      cache: { type: "boolean", default: false },
      plugins: { type: "boolean", default: false },
      load: { type: "string", default: "0" },
      json: { type: "boolean", default: false },
      markdown: { type: "boolean", default: false },
      engine: { type: "string" },
      emu: { type: "string", multiple: true, default: [] }
    }
  })
  checkWords(
    "program",
    positionals,
    programs.map(({ name }) => name)
  )
  if (values.kind !== undefined) checkWords("--kind", [values.kind], ["work", "start"])
  return {
    ...values,
    chosen: programs.filter(
      ({ kind, name }) =>
        (positionals.length === 0 || positionals.includes(name)) && (values.kind === undefined || values.kind === kind)
    ),
    pairs: parseCount("--pairs", values.pairs, 1),
    limit: 1000 * parseCount("--limit", values.limit, 1),
    loops: parseCount("--load", values.load, 0),
    options: [...(values.engine === undefined ? [] : ["--engine", values.engine]), ...values.emu]
  }
}

/** The folder with the programs; ends the process with status 0 and a reason where there is none. */
const findSysroot = (): string => {
  const given = process.env["EMU_SYSROOT"]
  if (given !== undefined) return path.resolve(given)
  const script = spawnSync(path.join(root, "scripts/debian-sysroot"), packages, { encoding: "utf8" })
  if (script.status === 0) return script.stdout.trim()
  return session.end(`skipped: ${script.error?.message ?? script.stderr.trim()}`, 0)
}

const { cache, chosen, json, limit, loops, markdown, options, pairs, plugins } = argumentsOrEnd(session, readArguments)
const qemu = findQemu(session)
const sysroot = findSysroot()
const emu = prepareEmu(session, options)
const directory = fs.mkdtempSync(path.join(os.tmpdir(), "emu-programs-"))
const [cwd, scratch, caches] = ["work", "scratch", "caches"].map((name) => {
  fs.mkdirSync(path.join(directory, name))
  return path.join(directory, name)
}) as [string, string, string]
const setting: Setting = {
  pairs,
  loops,
  limit,
  cwd,
  scratch,
  env: environment,
  file: (input) => path.join(cwd, input)
}

const hasCache = (() => {
  const [program, ...words] = emu.command
  return spawnSync(program, [...words, "run", "--help"], { encoding: "utf8" }).stdout.includes("--cache")
})()
if (cache && !hasCache) session.progress("--cache is left out: this emu has no translation cache")

const underQemu = ([program, ...args]: Program["argv"]): readonly [string, ...Array<string>] => [
  "qemu-riscv64",
  "-L",
  sysroot,
  path.join(sysroot, program),
  ...args
]

/**
 * @param more options of this way
 * @param kept the name of a translation cache that other ways of the same round may share; undefined for one of its own
 */
const underEmu =
  (more: ReadonlyArray<string>, kept?: string): Way["argv"] =>
  ([program, ...args], round) => {
    const store = kept === undefined ? fs.mkdtempSync(path.join(caches, "own-")) : path.join(caches, `${kept}-${round}`)
    const cached = hasCache ? ["--cache", store] : []
    return [...emu.run(path.join(sysroot, program), [...cached, ...more, "-L", sysroot, "--"]), ...args]
  }

const way = (name: string, argv: Way["argv"], more: Partial<Way> = {}): Way => ({
  name,
  argv,
  isLoaded: false,
  hasOwnStderr: true,
  ...more
})

const pluginWord = (name: string) => (name === "drcov" ? `drcov,filename=${path.join(scratch, "drcov.log")}` : name)

/** All ways to run a program; QEMU's comes first. */
const waysOf = ({ name }: Program): ReadonlyArray<Way> => [
  way("QEMU", underQemu),
  way("emu", underEmu([], name)),
  ...(cache && hasCache ? [way("emu, second run", underEmu([], name))] : []),
  ...(plugins
    ? pluginGoals.map((plugin) => way(plugin.name, underEmu(["--plugin", pluginWord(plugin.name)]), { hasOwnStderr: false }))
    : []),
  ...(loops > 0
    ? [way("QEMU, loaded", underQemu, { isLoaded: true }), way("emu, loaded", underEmu([]), { isLoaded: true })]
    : [])
]

const columns: ReadonlyArray<Column> = [
  ...(cache && hasCache ? [{ head: "second run / QEMU", way: "emu, second run", base: "QEMU" }] : []),
  ...(plugins ? pluginGoals.map(({ name }) => ({ head: name, way: name, base: "emu" })) : []),
  ...(loops > 0 ? [{ head: `with ${loops} loops`, way: "emu, loaded", base: "QEMU, loaded" }] : [])
]

const prepare = (program: Program): void => {
  const commands: ReadonlyArray<GuestCommand> = program.prepare ?? []
  writeInputs(cwd, [...(program.inputs ?? []), ...[program, ...commands].flatMap(({ stdin }) => stdin ?? [])])
  for (const { argv, stdin } of commands) {
    const run = { ...setting, argv: underQemu(argv), stdin: stdin === undefined ? undefined : setting.file(stdin) }
    const { status, stderr } = runOnce(run, scratch)
    if (status !== 0) throw new Difference(`${program.name}: ${argv.join(" ")} under QEMU: ${stderr}`)
  }
}

let failures = 0

const measure = (program: Program): ReadonlyArray<Row> => {
  try {
    prepare(program)
    const row: Row = { program, times: measureProgram(program, waysOf(program), setting) }
    const shown = Array.from(
      row.times,
      ([name, times]) => `${name} ${times.map((time) => (time / 1000).toFixed(2)).join(" ")}`
    )
    session.progress(`${program.name}, s: ${shown.join(", ")}`)
    return [row]
  } catch (error) {
    if (!(error instanceof Difference)) throw error
    session.progress(error.message)
    failures++
    return []
  } finally {
    fs.rmSync(caches, { recursive: true, force: true })
    fs.mkdirSync(caches)
  }
}

/** Resident memory of python3 that has started, in MB. */
const measureMemory = async () => {
  const python: Program["argv"] = ["usr/bin/python3", ...waiting.python]
  const [ofQemu, ofEmu, ofNode] = [
    await residentMemory(underQemu(python), environment),
    await residentMemory(underEmu([])(python, 0), environment),
    await residentMemory([process.execPath, ...waiting.node], environment)
  ]
  return { qemu: ofQemu, emu: ofEmu, node: ofNode }
}

// Now, not at the end: the commit that is measured, and the load that others make.
const machine = describeMachine(root, qemu)
try {
  const rows = chosen.flatMap(measure)
  const memory = chosen.some(({ name }) => name === "python3-start") ? await measureMemory() : undefined
  const over = { name: "resident memory of python3 -c pass over node's own, MB", must: 80, aim: 40 }
  const figures = [...reached(rows, limit), ...(memory === undefined ? [] : [[over, memory.emu - memory.node] as const])]
  if (json) {
    const document = {
      machine,
      options,
      pairs,
      limit,
      loops,
      programs: rows.map((row) => rowJson(row, limit)),
      ...(memory !== undefined && { residentMegabytes: memory }),
      figures: figures.map(([figure, value]) => ({ ...figure, value }))
    }
    process.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`)
  } else {
    const words = options.length === 0 ? "" : `; emu run ${options.join(" ")}`
    process.stdout.write(`${machine}; medians of ${pairs} runs of each in turn, at most ${limit / 1000} s each${words}\n`)
    for (const table of [programTable(rows, columns, limit), figureTable(figures)]) {
      process.stdout.write(`\n${renderTable(table, markdown)}`)
    }
    if (memory !== undefined) {
      const [ofQemu, ofEmu, ofNode] = [memory.qemu, memory.emu, memory.node].map((value) => value.toFixed(0))
      process.stdout.write(
        `\nresident memory of python3 -c pass: QEMU ${ofQemu} MB, emu ${ofEmu} MB, node -e 0 ${ofNode} MB\n`
      )
    }
  }
} finally {
  fs.rmSync(directory, { recursive: true, force: true })
}
if (failures > 0) process.exitCode = 1
