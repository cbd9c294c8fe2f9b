/** The benchmark kernels: small C programs of our own in the folder `guest`, which scripts/build-guests builds. */
import * as fs from "node:fs"
import * as path from "node:path"
import { checkWords } from "../support/session.ts"

const directory = path.resolve(import.meta.dirname, "guest")

/** A kernel. */
export interface Kernel {
  readonly name: string
  readonly elf: string
  /** What it prints: a checksum in hex, as recorded from QEMU. */
  readonly stdout: string
}

/** All kernels, in the order of their names. */
export const kernels: ReadonlyArray<Kernel> = fs
  .readFileSync(path.join(directory, "expected.txt"), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => {
    const [name, checksum] = line.split(" ", 2) as [string, string]
    return { name, elf: path.join(directory, `${name}.elf`), stdout: `${checksum}\n` }
  })

/** Names of those that spend their time on floating-point numbers. */
export const floatingPoint: ReadonlySet<string> = new Set(["fft", "mandelbrot", "matmul-double", "nbody", "spectral-norm"])

/** Names of those that plugins are measured with: between them they have loops, calls, branches, long blocks, and numbers. */
export const instrumented: ReadonlySet<string> = new Set(["nbody", "quicksort", "sha256", "sieve", "state-machine"])

/** Throws where a word is no kernel's name. */
export const checkKernels = (words: ReadonlyArray<string>): void =>
  checkWords(
    "kernel",
    words,
    kernels.map(({ name }) => name)
  )
