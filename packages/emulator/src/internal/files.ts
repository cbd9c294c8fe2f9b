/** The files of a run: those of the host, with the run's own laid over them, and pipes for the standard streams. */
import type { HostFsShape } from "@emu/guest/HostFs"
import { join, tidy } from "@emu/guest/linux/files/lookup/Path"
import { readWholeFile } from "@emu/guest/linux/files/readWholeFile"
import { fromText } from "@emu/guest/linux/user/byteStrings"
import type { Program, RunOptions } from "../RunOptions.ts"
import { overlay } from "./OverlayFs.ts"
import { pipedFs, type Pipes } from "./pipedFs.ts"

/** Where a program is that was given as bytes. */
export const programPath = "/program"

const encoder = new TextEncoder()

/** The files that the guest sees. */
export const filesOf = (host: HostFsShape, program: Program, { files = {} }: RunOptions, pipes: Pipes): HostFsShape => {
  const own: Record<string, Uint8Array> = {}
  for (const [path, contents] of Object.entries(files)) {
    own[absolute(host, path)] = typeof contents === "string" ? encoder.encode(contents) : contents
  }
  if (typeof program !== "string") own[programPath] = program
  const laid = Object.keys(own).length === 0 ? host : overlay(host, own)
  const hasPipes = pipes[0] !== undefined || pipes[1] !== undefined || pipes[2] !== undefined
  return hasPipes ? pipedFs(laid, pipes, BigInt(Date.now()) * 1_000_000n) : laid
}

const absolute = (host: HostFsShape, path: string): string => tidy(join(host.cwd(), fromText(path)))

/** Reads a whole file; undefined where it cannot be read. */
export const readFile = (host: HostFsShape, path: string): Uint8Array<ArrayBuffer> | undefined => {
  const bytes = readWholeFile(host, absolute(host, path))
  return typeof bytes === "number" ? undefined : bytes.slice()
}
