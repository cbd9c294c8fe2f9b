/** From the path that execve(2) names to the ELF file that runs: scripts are run by their interpreters. */
import { Errno } from "../kernel/errno.ts"
import { AT, O, S } from "../files/constants.ts"
import { baseName } from "../files/lookup/Path.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { headSize, parseShebang } from "./shebang.ts"

/** What is to be executed, all byte strings. */
export interface Program {
  /** The ELF file's path on the host. */
  readonly hostPath: string
  /** AT_EXECFN: the path that was asked for, of a script, too. */
  readonly execFn: string
  readonly argv: ReadonlyArray<string>
  /** What the process is called: the last part of the path that was asked for. */
  readonly name: string
}

/** As many interpreters may be scripts themselves. */
const maxScripts = 5

/** How a program is named: a path as the guest gives it, and where it leads to on the host. */
export interface Named {
  readonly path: string
  readonly hostPath: string
  /** The path goes by a descriptor that is closed by the execution: a script's interpreter could not open it. */
  readonly isGoneThen?: boolean
}

/**
 * Finds the program that runs, and with which arguments.
 *
 * @returns a negative errno where there is none: ETXTBSY for what somebody writes to, EACCES for what is no regular file or not executable, ENOEXEC for what is neither
 *   an ELF file nor a script, ELOOP for scripts of scripts of scripts
 */
export const findProgram = (kernel: Kernel, named: Named, argv: ReadonlyArray<string>): Program | number => {
  let { hostPath, path } = named
  let args = argv
  for (let depth = 0; depth < maxScripts; depth++) {
    const head = readHead(kernel, hostPath)
    if (typeof head === "number") return head
    if (isElf(head)) return { hostPath, execFn: named.path, argv: args, name: baseName(named.path) }
    const shebang = parseShebang(head)
    if (shebang === undefined) return -Errno.ENOEXEC
    if (depth === 0 && named.isGoneThen === true) return -Errno.ENOENT
    const { argument, interpreter } = shebang
    args = [interpreter, ...(argument === undefined ? [] : [argument]), path, ...args.slice(1)]
    const target = hostPathOf(kernel, interpreter)
    if (typeof target === "number") return target
    hostPath = target
    path = interpreter
  }
  return -Errno.ELOOP
}

/** Where a path leads to on the host, or a negative errno. */
export const hostPathOf = (kernel: Kernel, path: string, dirfd: number = AT.FDCWD, follow = true): string | number => {
  const target = kernel.files.paths.resolve(dirfd, path, follow)
  if (typeof target === "number") return target
  return target.node === undefined ? target.path : -Errno.EACCES
}

const executable = 1

/** Whether a process of the run has a file open for writing. */
const isWritten = ({ processes }: Kernel, identity: string): boolean =>
  processes
    .live()
    .some(({ kernel }) =>
      [...kernel.files.descriptors().values()].some((file) => file.identity === identity && file.writable)
    )

const readHead = (kernel: Kernel, path: string): Uint8Array | number => {
  const { host } = kernel.files
  const stat = host.stat(path)
  if (typeof stat === "number") return stat
  if ((stat.mode & S.IFMT) !== S.IFREG) return -Errno.EACCES
  const denied = host.access(path, executable)
  if (denied !== 0) return denied
  if (isWritten(kernel, `${stat.dev}:${stat.ino}`)) return -Errno.ETXTBSY
  const fd = host.open(path, O.CLOEXEC, 0)
  if (fd < 0) return fd
  const bytes = new Uint8Array(headSize)
  const count = host.pread(fd, bytes, 0)
  host.close(fd)
  return count < 0 ? count : bytes.subarray(0, count)
}

const isElf = ([a, b, c, d]: Uint8Array): boolean => a === 0x7f && b === 0x45 && c === 0x4c && d === 0x46
