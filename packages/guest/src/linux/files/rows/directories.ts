/** Names: current directory, making, removing, renaming and listing. */
import { Errno } from "../../kernel/errno.ts"
import type { Kernel } from "../../kernel/Kernel.ts"
import { row } from "../../kernel/row.ts"
import { AT, O, S } from "../constants.ts"
import { toBytes } from "../../user/byteStrings.ts"
import type { Target } from "../lookup/Walk.ts"
import type { Directory } from "../open/ListedDirectory.ts"
import type { OpenFile } from "../open/OpenFile.ts"
import { encodeDirent } from "../../user/fileLayouts.ts"
import { putBytes, userPath } from "../../user/userBuffers.ts"

/** Runs `action`, which changes something, on the host's path of a guest path; what is ours can't be changed (EPERM). */
export const onPath = (
  kernel: Kernel,
  dirfd: number,
  pathAddress: number,
  follow: boolean,
  action: (path: string) => number
): number => {
  const path = userPath(kernel.state, pathAddress)
  if (typeof path === "number") return path
  const target = kernel.files.paths.resolve(dirfd, path, follow, false)
  if (typeof target === "number") return target
  if (target.node !== undefined) return -Errno.EPERM
  // the host says what is wrong with such an end: walks take it away
  return action(/(^|\/)\.\.?$/.test(path) ? `${target.path}/.` : target.path)
}

/** getcwd: the length with the terminator, as the system call has it. */
const getcwd = (kernel: Kernel, address: number, size: number): number => {
  const { paths } = kernel.files
  if (!paths.hasCwd) return -Errno.ENOENT
  const bytes = toBytes(`${paths.cwd}\0`)
  if (size < bytes.length) return -Errno.ERANGE
  return putBytes(kernel.state, address, bytes) || bytes.length
}

const enter = (kernel: Kernel, target: Target | number): number => {
  if (typeof target === "number") return target
  const { host, paths } = kernel.files
  const stat = paths.statTarget(target)
  if (typeof stat === "number") return stat
  if ((stat.mode & S.IFMT) !== S.IFDIR) return -Errno.ENOTDIR
  if (target.node === undefined) {
    const denied = host.access(target.path, 1)
    if (denied < 0) return denied
  }
  paths.cwd = target.path
  return 0
}

const chdir = (kernel: Kernel, pathAddress: number): number => {
  const path = userPath(kernel.state, pathAddress)
  return typeof path === "number" ? path : enter(kernel, kernel.files.paths.resolve(AT.FDCWD, path, true, false))
}

const fchdir = (kernel: Kernel, fd: number): number => {
  if (kernel.files.get(fd) === undefined) return -Errno.EBADF
  return enter(kernel, kernel.files.paths.resolve(fd, ".", true, false))
}

const mkdirat = (kernel: Kernel, dirfd: number, path: number, mode: number): number =>
  onPath(kernel, dirfd, path, false, (p) => kernel.files.host.mkdir(p, mode & 0o1777 & ~kernel.files.umask))

const mknodat = (kernel: Kernel, dirfd: number, path: number, mode: number): number => {
  const type = mode & S.IFMT || S.IFREG
  if (type === S.IFDIR) return -Errno.EPERM
  if (type === S.IFLNK || type === S.IFMT) return -Errno.EINVAL
  return onPath(kernel, dirfd, path, false, (p) => kernel.files.host.mknod(p, type | (mode & 0o7777 & ~kernel.files.umask)))
}

const unlinkat = (kernel: Kernel, dirfd: number, path: number, flags: number): number => {
  if ((flags & ~AT.REMOVEDIR) !== 0) return -Errno.EINVAL
  const { host } = kernel.files
  return onPath(kernel, dirfd, path, false, (flags & AT.REMOVEDIR) === 0 ? host.unlink : host.rmdir)
}

const RENAME = { NOREPLACE: 1, EXCHANGE: 2 } as const

/** renameat2. RENAME_WHITEOUT is refused, as by a file system without it. */
const renameat2 = (
  kernel: Kernel,
  oldDir: number,
  oldPath: number,
  newDir: number,
  newPath: number,
  flags: number
): number => {
  if (flags > RENAME.EXCHANGE) return -Errno.EINVAL
  const { host } = kernel.files
  return onPath(kernel, oldDir, oldPath, false, (from) =>
    onPath(kernel, newDir, newPath, false, (to) => {
      if (flags === RENAME.EXCHANGE) return exchange(kernel, from, to)
      return flags === RENAME.NOREPLACE && typeof host.lstat(to) !== "number" ? -Errno.EEXIST : host.rename(from, to)
    })
  )
}

/** Exchanges two names, by way of a third one: nobody of the run can see that, but others on the host can. */
const exchange = (kernel: Kernel, one: string, other: string): number => {
  const { host } = kernel.files
  for (const path of [one, other]) {
    const stat = host.lstat(path)
    if (typeof stat === "number") return stat
  }
  if (one === other) return 0
  if (one.startsWith(`${other}/`) || other.startsWith(`${one}/`)) return -Errno.EINVAL
  const between = `${one}.emu-${kernel.process.pid}-exchange`
  const steps = [
    [one, between],
    [other, one],
    [between, other]
  ] as const
  for (const [i, [from, to]] of steps.entries()) {
    const error = host.rename(from, to)
    if (error >= 0) continue
    for (const [undoneFrom, undoneTo] of steps.slice(0, i).toReversed()) host.rename(undoneTo, undoneFrom)
    return error
  }
  return 0
}

const linkat = (kernel: Kernel, oldDir: number, oldPath: number, newDir: number, newPath: number, flags: number): number => {
  if ((flags & ~(AT.SYMLINK_FOLLOW | AT.EMPTY_PATH)) !== 0) return -Errno.EINVAL
  const { host } = kernel.files
  return onPath(kernel, oldDir, oldPath, (flags & AT.SYMLINK_FOLLOW) !== 0, (from) =>
    onPath(kernel, newDir, newPath, false, (to) => host.link(from, to))
  )
}

const symlinkat = (kernel: Kernel, targetAddress: number, dirfd: number, path: number): number => {
  const target = userPath(kernel.state, targetAddress)
  if (typeof target === "number") return target
  if (target === "") return -Errno.ENOENT
  return onPath(kernel, dirfd, path, false, (p) => kernel.files.host.symlink(target, p))
}

const asDirectory = (file: OpenFile): (OpenFile & Directory) | undefined =>
  "peekEntry" in file ? (file as OpenFile & Directory) : undefined

/** getdents64: as many entries as fit; EINVAL if not even one does. */
const getdents64 = (kernel: Kernel, fd: number, address: number, size: number): number => {
  const file = kernel.files.get(fd)
  if (file === undefined || (file.flags & O.PATH) === O.PATH) return -Errno.EBADF
  const directory = asDirectory(file)
  if (directory === undefined) return -Errno.ENOTDIR
  let done = 0
  for (;;) {
    const entry = directory.peekEntry()
    if (entry === undefined) return done
    if (typeof entry === "number") return done > 0 ? done : entry
    const bytes = encodeDirent(entry, file.seek(0, 1) + 1)
    if (done + bytes.length > size) return done > 0 ? done : -Errno.EINVAL
    const error = putBytes(kernel.state, address + done, bytes)
    if (error < 0) return done > 0 ? done : error
    done += bytes.length
    directory.nextEntry()
  }
}

export const directorySyscalls = [
  row(17, "getcwd", ["pointer", "size"], getcwd),
  row(33, "mknodat", ["fd", "path", "mode", "uint"], mknodat, "named pipes and regular files only"),
  row(34, "mkdirat", ["fd", "path", "mode"], mkdirat),
  row(35, "unlinkat", ["fd", "path", "flags"], unlinkat),
  row(36, "symlinkat", ["path", "fd", "path"], symlinkat),
  row(37, "linkat", ["fd", "path", "fd", "path", "flags"], linkat, "no AT_EMPTY_PATH"),
  row(49, "chdir", ["path"], chdir),
  row(50, "fchdir", ["fd"], fchdir),
  row(51, "chroot", ["path"], () => -Errno.EPERM, "always EPERM"),
  row(61, "getdents64", ["fd", "pointer", "uint"], getdents64),
  row(166, "umask", ["mode"], ({ files }, mask) => {
    const before = files.umask
    files.umask = mask & 0o777
    return before
  }),
  row(
    276,
    "renameat2",
    ["fd", "path", "fd", "path", "flags"],
    renameat2,
    "RENAME_NOREPLACE and RENAME_EXCHANGE are no single step for others on the host; no RENAME_WHITEOUT"
  )
]
