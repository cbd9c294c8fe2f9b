/** `pnpm bench programs`: emu against QEMU on programs that people run, as Debian ships them. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { parseArgs } from "node:util"
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
  root,
  type Session
} from "../support/session.ts"
import { runOnce } from "./guestRun.ts"
import { writeInputs } from "./inputs.ts"
import { Difference, measureProgram, type Setting } from "./measure.ts"
import { measureMemory } from "./memory.ts"
import { environment, packages, type Program, programs } from "./programs.ts"
import { type Measured, renderJson, renderText, type Row } from "./report.ts"
import { type Choice, columnsOf, type Tools, underQemu, waysOf } from "./ways.ts"

export const usage = `Compares emu with QEMU on Debian's python3, perl, bash, git, cc1 and others: whole processes, one after the other.

Usage: pnpm bench programs [PROGRAM...] [--kind work|start] [--pairs N] [--limit SECONDS] [--cache] [--plugins]
                           [--load N] [--json] [--markdown] [--engine NAME] [--emu OPTION]

  PROGRAM          only these: ${programs.map(({ name }) => name).join(" ")}
  --kind KIND      only real work, or only starts
  --pairs N        how often each command runs, in turn with the others; default 5
  --limit SECONDS  a run that takes longer is ended, and its row's ratio is a lower bound; default 120
  --cache          also a second run with the translation cache that the first one filled
  --plugins        also emu with each of some plugins, as slow-down against emu without
  --load N         also both with N busy loops beside them
  --json           a JSON document with all times, instead of tables
${commonUsage}

The programs are unpacked by scripts/debian-sysroot; EMU_SYSROOT names a folder that has them already. Their inputs
are made here. Ends with a reason and status 0 where QEMU or the packages are missing. stdout, stderr and status
must be the same under both. Where python3-start is measured, so is the resident memory of python3 -c pass. Status:
1 where a program did something else under emu, 2 for a wrong command line.`

const readArguments = (args: ReadonlyArray<string>) => {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...commonOptions,
      kind: { type: "string" },
      pairs: { type: "string", default: "5" },
      limit: { type: "string", default: "120" },
      cache: { type: "boolean", default: false },
      plugins: { type: "boolean", default: false },
      load: { type: "string", default: "0" },
      json: { type: "boolean", default: false }
    }
  })
  const names = programs.map(({ name }) => name)
  checkWords("program", positionals, names)
  if (values.kind !== undefined) checkWords("--kind", [values.kind], ["work", "start"])
  const isChosen = ({ kind, name }: Program) =>
    (positionals.length === 0 || positionals.includes(name)) && (values.kind === undefined || values.kind === kind)
  return {
    chosen: programs.filter(isChosen),
    pairs: parseCount("--pairs", values.pairs, 1),
    limit: 1000 * parseCount("--limit", values.limit, 1),
    choice: { secondRun: values.cache, plugins: values.plugins, loops: parseCount("--load", values.load, 0) },
    json: values.json,
    markdown: values.markdown,
    options: emuOptions(values)
  }
}

/** The folder with the programs; ends the process with status 0 and a reason where there is none. */
const findSysroot = ({ end }: Session): string => {
  const given = process.env["EMU_SYSROOT"]
  if (given !== undefined) return path.resolve(given)
  const script = spawnSync(path.join(root, "scripts/debian-sysroot"), packages, { encoding: "utf8" })
  if (script.status === 0) return script.stdout.trim()
  return end(`skipped: ${script.error?.message ?? script.stderr.trim()}`, 0)
}

/** Whether `emu run` has an option. */
const knows = (option: string, [program, ...words]: readonly [string, ...Array<string>]): boolean =>
  spawnSync(program, [...words, "run", "--help"], { encoding: "utf8" }).stdout.includes(`${option} `)

/** Makes a program's inputs, and runs what has to run under QEMU before it is measured. */
const prepare = (program: Program, setting: Setting, tools: Tools): void => {
  const commands = program.prepare ?? []
  writeInputs(setting.cwd, [...(program.inputs ?? []), ...[program, ...commands].flatMap(({ stdin }) => stdin ?? [])])
  for (const { argv, stdin } of commands) {
    const run = { ...setting, argv: underQemu(tools)(argv, 0), stdin: stdin === undefined ? undefined : setting.file(stdin) }
    const { status, stderr } = runOnce(run, setting.scratch)
    if (status !== 0) throw new Difference(`${program.name}: ${argv.join(" ")} under QEMU: ${stderr}`)
  }
}

/** Measures the programs; those that do something wrong are reported and left out. */
const measureAll = (
  chosen: ReadonlyArray<Program>,
  setting: Setting,
  tools: Tools,
  choice: Choice,
  { progress }: Session
): ReadonlyArray<Row> =>
  chosen.flatMap((program) => {
    try {
      prepare(program, setting, tools)
      const times = measureProgram(program, waysOf(program, tools, choice), setting)
      const seconds = (own: ReadonlyArray<number>) => own.map((time) => (time / 1000).toFixed(2)).join(" ")
      progress(`${program.name}, s: ${Array.from(times, ([way, own]) => `${way} ${seconds(own)}`).join(", ")}`)
      return [{ program, times }]
    } catch (error) {
      if (!(error instanceof Difference)) throw error
      progress(error.message)
      process.exitCode = 1
      return []
    } finally {
      for (const name of tools.caches === undefined ? [] : fs.readdirSync(tools.caches)) {
        fs.rmSync(path.join(tools.caches!, name), { recursive: true, force: true })
      }
    }
  })

export const run = async (args: ReadonlyArray<string>): Promise<void> => {
  const session = makeSession("programs")
  const { choice, chosen, json, limit, markdown, options, pairs } = argumentsOrEnd(session, () => readArguments(args))
  const qemu = findQemu(session)
  const sysroot = findSysroot(session)
  const emu = prepareEmu(session, options)
  const hasCache = knows("--cache", emu.command)
  if (choice.secondRun && !hasCache) session.progress("--cache is left out: this emu has no translation cache")
  const ways: Choice = { ...choice, secondRun: choice.secondRun && hasCache }

  // Now, not at the end: the commit that is measured, and the load that others make.
  const machine = describeMachine(root, qemu)
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "emu-programs-"))
  const folder = (name: string) => {
    fs.mkdirSync(path.join(directory, name))
    return path.join(directory, name)
  }
  try {
    const scratch = folder("scratch")
    const cwd = folder("work")
    const tools: Tools = { sysroot, emu: emu.run, caches: hasCache ? folder("caches") : undefined, scratch }
    const file = (input: string) => path.join(cwd, input)
    const setting: Setting = { pairs, loops: choice.loops, limit, cwd, env: environment, scratch, file }
    const rows = measureAll(chosen, setting, tools, ways, session)
    const isMemoryWanted = chosen.some(({ name }) => name === "python3-start")
    const memory = isMemoryWanted ? await measureMemory(tools, environment) : undefined
    const measured: Measured = { machine, options, pairs, limit, loops: choice.loops, rows, memory }
    process.stdout.write(json ? renderJson(measured) : renderText(measured, columnsOf(ways), markdown))
  } finally {
    fs.rmSync(directory, { recursive: true, force: true })
  }
}
