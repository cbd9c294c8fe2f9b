/** The files of a run: those of the host, with the run's own laid over them, and pipes for the standard streams. */
import type { HostFsShape } from "@emu/guest/HostFs"
import { join, tidy } from "@emu/guest/linux/files/lookup/Path"
import { readWholeFile } from "@emu/guest/linux/files/readWholeFile"
import { fromText } from "@emu/guest/linux/user/byteStrings"
import type { Program, RunOptions } from "../RunOptions.ts"
import * as Effect from "effect/Effect"
import type { Pipes } from "./pipedFs.ts"

/** Where a program is that was given as bytes. */
export const programPath = "/program"

const encoder = new TextEncoder()

/** The files that the guest sees. What few runs need is loaded when it is needed. */
export const filesOf = Effect.fnUntraced(function* (
  host: HostFsShape,
  program: Program,
  { files = {} }: RunOptions,
  pipes: Pipes
): Effect.fn.Return<HostFsShape> {
  const own: Record<string, Uint8Array> = {}
  for (const [path, contents] of Object.entries(files)) {
    own[absolute(host, path)] = typeof contents === "string" ? encoder.encode(contents) : contents
  }
  if (typeof program !== "string") own[programPath] = program
  let fs = host
  if (Object.keys(own).length > 0) {
    const { overlay } = yield* Effect.promise(() => import("./OverlayFs.ts"))
    fs = overlay(fs, own)
  }
  if (pipes[0] !== undefined || pipes[1] !== undefined || pipes[2] !== undefined) {
    const { pipedFs } = yield* Effect.promise(() => import("./pipedFs.ts"))
    fs = pipedFs(fs, pipes, BigInt(Date.now()) * 1_000_000n)
  }
  return fs
})

const absolute = (host: HostFsShape, path: string): string => tidy(join(host.cwd(), fromText(path)))

/** Reads a whole file; undefined where it cannot be read. */
export const readFile = (host: HostFsShape, path: string): Uint8Array<ArrayBuffer> | undefined => {
  const bytes = readWholeFile(host, absolute(host, path))
  return typeof bytes === "number" ? undefined : bytes.slice()
}
