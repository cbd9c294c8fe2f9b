/** The ways to run a program that are compared: QEMU, emu, and emu with plugins, with its cache, beside busy loops. */
import * as fs from "node:fs"
import * as path from "node:path"
import { figuresWith } from "../plugins/pluginFigures.ts"
import type { Way } from "./measure.ts"
import type { Program } from "./programs.ts"

/** What is there to run programs with. */
export interface Tools {
  readonly sysroot: string
  /** The command that runs an ELF file under emu with more options. */
  readonly emu: (elf: string, options: ReadonlyArray<string>) => readonly [string, ...Array<string>]
  /** A directory for translation caches; undefined where emu has none. */
  readonly caches: string | undefined
  /** A directory for what plugins write. */
  readonly scratch: string
}

/** A column of the table beside QEMU's and emu's own: one way's time over another's. */
export interface Column {
  readonly head: string
  readonly way: string
  readonly base: string
}

/** Which ways are wanted beside QEMU and emu. */
export interface Choice {
  readonly secondRun: boolean
  readonly plugins: boolean
  /** Busy loops. */
  readonly loops: number
}

/** A program of the sysroot under QEMU. */
export const underQemu =
  ({ sysroot }: Tools): Way["argv"] =>
  ([program, ...args]) => ["qemu-riscv64", "-L", sysroot, path.join(sysroot, program), ...args]

/**
 * A program of the sysroot under emu.
 *
 * @param options of `emu run`
 * @param kept the name of a translation cache that ways of the same round share; without it the cache is a new, empty one
 */
export const underEmu =
  ({ caches, emu, sysroot }: Tools, options: ReadonlyArray<string> = [], kept?: string): Way["argv"] =>
  ([program, ...args], round) => {
    const store = (root: string) =>
      kept === undefined ? fs.mkdtempSync(path.join(root, "own-")) : path.join(root, `${kept}-${round}`)
    const cache = caches === undefined ? [] : ["--cache", store(caches)]
    return [...emu(path.join(sysroot, program), [...cache, ...options, "-L", sysroot, "--"]), ...args]
  }

const quiet = { isLoaded: false, hasOwnStderr: true }
const loaded = { isLoaded: true, hasOwnStderr: true }

/** All ways to run a program; QEMU's comes first. */
export const waysOf = ({ name }: Program, tools: Tools, choice: Choice): ReadonlyArray<Way> => [
  { name: "QEMU", argv: underQemu(tools), ...quiet },
  { name: "emu", argv: underEmu(tools, [], name), ...quiet },
  ...(choice.secondRun ? [{ name: "emu, second run", argv: underEmu(tools, [], name), ...quiet }] : []),
  ...(choice.plugins
    ? figuresWith("onPrograms").map(({ figure }) => ({
        name: figure.name,
        argv: underEmu(tools, ["--plugin", figure.plugin!(tools.scratch)]),
        isLoaded: false,
        hasOwnStderr: false
      }))
    : []),
  ...(choice.loops > 0
    ? [
        { name: "QEMU, loaded", argv: underQemu(tools), ...loaded },
        { name: "emu, loaded", argv: underEmu(tools), ...loaded }
      ]
    : [])
]

/** The columns that they give the table, beside QEMU's and emu's own. */
export const columnsOf = ({ loops, plugins, secondRun }: Choice): ReadonlyArray<Column> => [
  ...(secondRun ? [{ head: "second run / QEMU", way: "emu, second run", base: "QEMU" }] : []),
  ...(plugins ? figuresWith("onPrograms").map(({ figure: { name } }) => ({ head: name, way: name, base: "emu" })) : []),
  ...(loops > 0 ? [{ head: `with ${loops} loops`, way: "emu, loaded", base: "QEMU, loaded" }] : [])
]
