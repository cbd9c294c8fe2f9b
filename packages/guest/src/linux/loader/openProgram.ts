/** Opens and checks the files that make up a program. */
import * as Result from "effect/Result"
import { checkEntry, parseElf } from "../../elf/parse.ts"
import type { Elf } from "../../elf/Elf.ts"
import type { ElfError } from "../../elf/ElfError.ts"
import type { HostFsShape } from "../../HostFs.ts"
import { Errno, errnoName } from "../kernel/errno.ts"
import { fromText } from "../user/byteStrings.ts"
import type { MappedFile } from "../memory/MappedFile.ts"
import { elfBytes } from "./elfBytes.ts"
import { LoadError } from "./LoadError.ts"

/** A checked ELF file that stays open for its mappings. */
export interface ProgramFile {
  readonly elf: Elf
  readonly file: MappedFile
}

const fileTypeMask = 0o170000
const regularFile = 0o100000
const cloexec = 0o2000000

/**
 * Opens a program or its dynamic loader.
 *
 * @param hostPath where it is, absolute (text)
 * @param shownPath what the guest sees in /proc/self/maps, and what error messages name
 */
export const openProgram = (
  host: HostFsShape,
  hostPath: string,
  shownPath: string
): Result.Result<ProgramFile, LoadError | ElfError> => {
  const fd = host.open(fromText(hostPath), cloexec, 0)
  if (fd < 0) return Result.fail(cannotOpen(shownPath, fd))
  const opened = readProgram(host, fd, shownPath)
  if (Result.isFailure(opened)) host.close(fd)
  return opened
}

const readProgram = (host: HostFsShape, fd: number, path: string): Result.Result<ProgramFile, LoadError | ElfError> => {
  const stat = host.fstat(fd)
  if (typeof stat === "number") return Result.fail(cannotOpen(path, stat))
  if ((stat.mode & fileTypeMask) !== regularFile)
    return Result.fail(new LoadError({ path, reason: "it is not a regular file", errno: Errno.EACCES }))
  const bytes = elfBytes(stat.size, (offset, into) => host.pread(fd, into, offset))
  if (typeof bytes === "number") return Result.fail(cannotOpen(path, bytes))
  const elf = parseElf(bytes, path)
  if (Result.isFailure(elf)) return Result.fail(elf.failure)
  const wrong = checkEntry(elf.success)
  if (wrong !== undefined) return Result.fail(wrong)
  let holders = 1
  const file: MappedFile = {
    path,
    identity: `${stat.dev}:${stat.ino}`,
    device: stat.dev,
    inode: stat.ino,
    writable: false,
    read: (offset, into) => host.pread(fd, into, offset),
    write: () => -Errno.EBADF,
    size: () => stat.size,
    hold: () => {
      holders++
    },
    close: () => {
      if (--holders === 0) host.close(fd)
    }
  }
  return Result.succeed({ elf: elf.success, file })
}

/** What is said of a file that cannot be opened, by the negative errno. */
export const cannotOpen = (path: string, failure: number): LoadError =>
  new LoadError({ path, reason: describe(failure), errno: -failure })

const texts = new Map<number, string>([
  [Errno.ENOENT, "there is no such file"],
  [Errno.EACCES, "permission denied"],
  [Errno.ENOTDIR, "a part of its path is not a directory"],
  [Errno.ELOOP, "its path has too many symbolic links"],
  [Errno.ENOMEM, "it is too large for the memory that there is"],
  [Errno.EMFILE, "too many files are open"],
  [Errno.ENFILE, "too many files are open on this machine"]
])

const describe = (failure: number): string => texts.get(-failure) ?? errnoName(-failure) ?? `error ${-failure}`
