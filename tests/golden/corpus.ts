/**
 * The golden programs: small guests with what QEMU 10.2 and its stock plugins printed for them. `programs/README.md` tells
 * how they were recorded.
 */
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"
import { gunzipSync } from "node:zlib"
import type { Mode } from "./canonical.ts"

const programsDirectory = path.join(import.meta.dirname, "programs")

/** One recorded run. */
export interface Recording {
  readonly program: string
  /** Name of the recorded file without its extensions. */
  readonly name: string
  /** Plugin with its arguments, undefined for runs without one. */
  readonly plugin: string | undefined
  /** The guest's arguments. */
  readonly args: ReadonlyArray<string>
  readonly mode: Mode
  readonly status: number
  /** The recorded text, or only its first lines (`lines` and `sha256` are of the whole). */
  readonly text: Buffer
  readonly lines: number
  readonly sha256: string | undefined
  /** The plugin's output is in a file, which stands as `%o` among its arguments. */
  readonly isFile: boolean
  /** The stdout to expect beside the plugin's output. */
  readonly stdout: Buffer
}

export const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex")

const read = (file: string): Buffer => (file.endsWith(".gz") ? gunzipSync(fs.readFileSync(file)) : fs.readFileSync(file))

/** Names of all programs. */
export const programs: ReadonlyArray<string> = fs
  .readdirSync(programsDirectory)
  .filter((name) => name.endsWith(".expected"))
  .map((name) => name.slice(0, -".expected".length))
  .sort()

/** The ELF file of a program. */
export const elfOf = (program: string): string => path.join(programsDirectory, `${program}.elf`)

/**
 * The recordings of a program, from its index.tsv: file, plugin (`-` none, `args:` guest arguments), mode, status, lines,
 * SHA-256 (`-` where parts are masked), stdout (`same` as the plain run's, `empty`, or `file:NAME`). Rows of plugins that emu does not have are left
 * out: their files are not here, or (those of `blocks`) serve other tests.
 */
export const recordingsOf = (program: string): ReadonlyArray<Recording> => {
  const directory = path.join(programsDirectory, `${program}.expected`)
  const stdout = read(path.join(directory, "stdout"))
  return fs
    .readFileSync(path.join(directory, "index.tsv"), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split("\t"))
    .filter(([file, spec]) => !/^blocks\b/.test(spec!) && fs.existsSync(path.join(directory, file!)))
    .map(([file, spec, mode, status, lines, hash, output]) => ({
      program,
      name: file!.replace(/\.gz$/, "").replace(/\.(txt|stdout|bb|trace)$/, ""),
      plugin: spec === "-" || spec!.startsWith("args:") ? undefined : spec!,
      args: spec!.startsWith("args:") ? spec!.slice(5).split(" ") : [],
      mode: mode as Mode,
      status: Number(status),
      text: read(path.join(directory, file!)),
      lines: Number(lines),
      sha256: hash === "-" ? undefined : hash!,
      isFile: spec!.includes("%o"),
      stdout: output?.startsWith("file:")
        ? read(path.join(directory, output.slice(5)))
        : output === "empty"
          ? Buffer.alloc(0)
          : stdout
    }))
}
