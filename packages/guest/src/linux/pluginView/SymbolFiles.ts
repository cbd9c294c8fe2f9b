/**
 * Symbols of stripped files, in files of their own: those that the user names, and those that distributions put below
 * /usr/lib/debug/.build-id, by the build id that both files have.
 */
import * as Result from "effect/Result"
import { buildIdOf } from "../../elf/buildId.ts"
import { isStripped } from "../../elf/symbols.ts"
import type { HostFsShape } from "../../HostFs.ts"
import { readWholeFile } from "../files/readWholeFile.ts"
import { Errno } from "../kernel/errno.ts"
import { LoadError } from "../loader/LoadError.ts"
import { fromText } from "../user/byteStrings.ts"

/** A file that the user has named. */
interface Given {
  readonly name: string
  readonly buildId: string | undefined
  readonly bytes: Uint8Array
}

export interface SymbolFiles {
  /** The file with the symbols of a stripped one; undefined where there is none. */
  readonly find: (path: string, bytes: Uint8Array<ArrayBufferLike>) => Uint8Array | undefined
}

/** The last part of a path without what says that it is a file of symbols: `libc.so.6` of `/x/libc.so.6.debug`. */
const nameOf = (path: string): string => path.replace(/.*\//, "").replace(/\.(debug|sym)$/, "")

/**
 * Reads the files that the user has named.
 *
 * @param paths paths on the host
 * @param readGuestFile reads a file as the guest would find it
 */
export const openSymbolFiles = (
  host: HostFsShape,
  paths: ReadonlyArray<string>,
  readGuestFile: (path: string) => Uint8Array | undefined
): Result.Result<SymbolFiles, LoadError> => {
  const given: Array<Given> = []
  for (const path of paths) {
    const bytes = readWholeFile(host, fromText(path))
    const reason = typeof bytes === "number" ? "it cannot be read" : isStripped(bytes) ? "it has no symbols" : undefined
    if (typeof bytes === "number" || reason !== undefined) {
      return Result.fail(new LoadError({ path: `with the symbols of ${path}`, reason: reason!, errno: Errno.ENOENT }))
    }
    given.push({ name: nameOf(path), buildId: buildIdOf(bytes), bytes })
  }
  return Result.succeed({
    find: (path, bytes) => {
      const buildId = buildIdOf(bytes)
      const sameBuild = buildId === undefined ? undefined : given.find((file) => file.buildId === buildId)
      const sameName = given.find((file) => file.name === nameOf(path) && (file.buildId ?? buildId) === buildId)
      const named = sameBuild ?? sameName
      if (named !== undefined || buildId === undefined || buildId.length < 4) return named?.bytes
      return readGuestFile(`/usr/lib/debug/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`)
    }
  })
}
