/** What this machine has of what the differential tests need: Debian's riscv64 programs and a QEMU to compare with. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { root } from "../support/cli.ts"

/** The tools, or the reason why the tests cannot run here. */
export type Machine =
  | { readonly _tag: "Ready"; readonly sysroot: string; readonly qemu: string }
  | { readonly _tag: "Missing"; readonly reason: string }

const inPath = (name: string): string | undefined =>
  (process.env["PATH"] ?? "")
    .split(path.delimiter)
    .map((directory) => path.join(directory, name))
    .find((file) => fs.existsSync(file))

/**
 * Finds QEMU, and unpacks the programs where that was not done before. `EMU_SYSROOT` names a folder that has them already.
 */
export const prepare = (): Machine => {
  const qemu = inPath("qemu-riscv64") ?? inPath("qemu-riscv64-static")
  if (qemu === undefined)
    return { _tag: "Missing", reason: "qemu-riscv64 is not installed (Debian: apt-get install qemu-user)" }
  const given = process.env["EMU_SYSROOT"]
  if (given !== undefined) return { _tag: "Ready", sysroot: path.resolve(given), qemu }
  const script = spawnSync(path.join(root, "scripts/debian-sysroot"), { encoding: "utf8" })
  if (script.status !== 0) return { _tag: "Missing", reason: script.error?.message ?? script.stderr.trim() }
  return { _tag: "Ready", sysroot: script.stdout.trim(), qemu }
}
