/** What the benchmark commands have in common: arguments, QEMU, and a bundle of emu that stays the same while they measure. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { firstLine } from "./machine.ts"
import type { Command } from "./processes.ts"

export const root = path.resolve(import.meta.dirname, "../..")

/** A program that does next to nothing. */
export const hello = {
  elf: path.join(root, "examples/hello.elf"),
  stdout: "Hello from RISC-V!\n"
} as const

/** How a command talks to its user. */
export interface Session {
  /** Writes a line to stderr. */
  readonly progress: (text: string) => void
  /** The same, and ends the process. */
  readonly end: (message: string, status: number) => never
}

/** @param name of what is measured, which begins each line */
export const makeSession = (name: string): Session => {
  const progress = (text: string) => void process.stderr.write(`bench ${name}: ${text}\n`)
  const end = (message: string, status: number): never => {
    progress(message)
    process.exit(status)
  }
  return { progress, end }
}

/** Options that all comparisons have, for `parseArgs`. */
export const commonOptions = {
  markdown: { type: "boolean", default: false as boolean },
  engine: { type: "string" },
  emu: { type: "string", multiple: true, default: new Array<string>() }
} as const

/** How a usage text tells of them. */
export const commonUsage = `  --markdown       tables in Markdown
  --engine NAME    the same as --emu=--engine --emu=NAME
  --emu OPTION     another option for emu run; may be repeated`

/** What they say about `emu run`. */
export const emuOptions = (values: {
  readonly engine?: string | undefined
  readonly emu: ReadonlyArray<string>
}): ReadonlyArray<string> => [...(values.engine === undefined ? [] : ["--engine", values.engine]), ...values.emu]

/** Runs what throws errors about the command line; ends with such an error's message and status 2. */
export const argumentsOrEnd = <A>({ end }: Session, read: () => A): A => {
  try {
    return read()
  } catch (error) {
    return end(error instanceof Error ? error.message : String(error), 2)
  }
}

/** Throws where a word is none of those allowed. */
export const checkWords = (what: string, words: ReadonlyArray<string>, allowed: ReadonlyArray<string>): void => {
  const wrong = words.find((word) => !allowed.includes(word))
  if (wrong !== undefined) throw new Error(`${what} ${wrong}: use some of ${allowed.join(", ")}`)
}

/** The number that an option has; throws where it is none. */
export const parseCount = (option: string, text: string, least: number): number => {
  const count = Number(text)
  if (!Number.isInteger(count) || count < least) throw new Error(`${option} ${text}: use a whole number, at least ${least}`)
  return count
}

/** QEMU's own words about its version; ends the process with status 0 where it is not installed. */
export const findQemu = ({ end }: Session): string =>
  firstLine("qemu-riscv64", ["--version"]) ??
  end("skipped: qemu-riscv64 is not installed (Debian: apt-get install qemu-user)", 0)

/**
 * Brings the bundle and its compile cache up to date. From here on the bundle is run by its own name, so that no change of the
 * sources while the measurement lasts gets in.
 *
 * @param options for every `emu run`
 * @returns the words that call emu, and those that run an ELF file under it with more options
 */
export const prepareEmu = ({ end }: Session, options: ReadonlyArray<string>) => {
  const prepared = spawnSync(path.join(root, "bin/emu"), ["run", "--quiet", ...options, hello.elf], { encoding: "utf8" })
  if (prepared.status !== 0) end(`emu does not run hello:\n${prepared.stderr.trimEnd()}`, 1)
  const bundle = fs.realpathSync(path.join(root, "node_modules/.cache/emu/current"))
  const nodeOptions = fs.readFileSync(path.join(bundle, "node-options"), "utf8").trim().split(" ")
  const command = [process.execPath, ...nodeOptions, path.join(bundle, "launch.cjs")] as const
  const run = (elf: string, more: ReadonlyArray<string> = []): Command["argv"] => [
    ...command,
    "run",
    "--quiet",
    ...options,
    ...more,
    elf
  ]
  return { command, run }
}
