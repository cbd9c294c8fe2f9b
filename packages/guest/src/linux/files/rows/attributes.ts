/** Changing what files are: permissions, owners, times, sizes. */
import { Errno } from "../../kernel/errno.ts"
import type { Kernel } from "../../kernel/Kernel.ts"
import { row } from "../../kernel/row.ts"
import { ClockId } from "../../time/Clock.ts"
import { AT, O, S } from "../constants.ts"
import type { OpenFile } from "../open/OpenFile.ts"
import { getWords, userPath } from "../../user/userBuffers.ts"
import { onPath } from "./directories.ts"

/** Runs `action` on the file of a descriptor and its descriptor of the host; other files accept (`EPERM`) nothing. */
const onHostFile = (kernel: Kernel, fd: number, action: (hostFd: number) => number): number => {
  const file = kernel.files.get(fd)
  if (file === undefined || (file.flags & O.PATH) === O.PATH) return -Errno.EBADF
  return file.hostFd < 0 ? -Errno.EPERM : action(file.hostFd)
}

const chmodAt = (kernel: Kernel, dirfd: number, path: number, mode: number, flags: number): number => {
  if ((flags & ~AT.SYMLINK_NOFOLLOW) !== 0) return -Errno.EINVAL
  const follow = (flags & AT.SYMLINK_NOFOLLOW) === 0
  const { host } = kernel.files
  return onPath(kernel, dirfd, path, follow, (p) => {
    const stat = follow ? 0 : host.lstat(p)
    if (typeof stat !== "number" && (stat.mode & S.IFMT) === S.IFLNK) return -Errno.EOPNOTSUPP
    return host.chmod(p, mode & 0o7777)
  })
}

/** An owner id of -1 (unsigned in the register) means no change. */
const id = (value: number): number => (value === 0xffff_ffff ? -1 : value)

const fchownat = (kernel: Kernel, dirfd: number, path: number, uid: number, gid: number, flags: number): number => {
  if ((flags & ~(AT.SYMLINK_NOFOLLOW | AT.EMPTY_PATH)) !== 0) return -Errno.EINVAL
  const { host } = kernel.files
  if ((flags & AT.EMPTY_PATH) !== 0 && userPath(kernel.state, path) === "") {
    return onHostFile(kernel, dirfd, (fd) => host.fchown(fd, id(uid), id(gid)))
  }
  const follow = (flags & AT.SYMLINK_NOFOLLOW) === 0
  return onPath(kernel, dirfd, path, follow, (p) => host.chown(p, id(uid), id(gid), follow))
}

const UTIME_NOW = 0x3fff_ffffn
const UTIME_OMIT = 0x3fff_fffen

/** The times of a utimensat call: nanoseconds, undefined for no change. */
const times = (kernel: Kernel, address: number): readonly [bigint | undefined, bigint | undefined] | number => {
  const now = kernel.time.now(ClockId.REALTIME) ?? 0n
  if (address === 0) return [now, now]
  const words = getWords(kernel.state, address, 4)
  if (words === undefined) return -Errno.EFAULT
  const [atime, atimeNs, mtime, mtimeNs] = words as [bigint, bigint, bigint, bigint]
  const first = time(atime, atimeNs, now)
  const second = time(mtime, mtimeNs, now)
  return first === "invalid" || second === "invalid" ? -Errno.EINVAL : [first, second]
}

const time = (seconds: bigint, nanoseconds: bigint, now: bigint): bigint | undefined | "invalid" => {
  if (nanoseconds === UTIME_NOW) return now
  if (nanoseconds === UTIME_OMIT) return undefined
  return nanoseconds < 0n || nanoseconds > 999_999_999n ? "invalid" : seconds * 1_000_000_000n + nanoseconds
}

const utimensat = (kernel: Kernel, dirfd: number, path: number, timesAddress: number, flags: number): number => {
  if ((flags & ~(AT.SYMLINK_NOFOLLOW | AT.EMPTY_PATH)) !== 0) return -Errno.EINVAL
  const wanted = times(kernel, timesAddress)
  if (typeof wanted === "number") return wanted
  const [atime, mtime] = wanted
  const { host } = kernel.files
  if (path === 0) {
    return onHostFile(kernel, dirfd, (fd) => {
      const stat = host.fstat(fd)
      return typeof stat === "number" ? stat : host.futimens(fd, atime ?? stat.atimeNs, mtime ?? stat.mtimeNs)
    })
  }
  const follow = (flags & AT.SYMLINK_NOFOLLOW) === 0
  return onPath(kernel, dirfd, path, follow, (p) => {
    const stat = follow ? host.stat(p) : host.lstat(p)
    if (typeof stat === "number") return stat
    if (atime === undefined && mtime === undefined) return 0
    return host.utimens(p, atime ?? stat.atimeNs, mtime ?? stat.mtimeNs, follow)
  })
}

const truncate = (kernel: Kernel, path: number, length: number): number => {
  if (length < 0) return -Errno.EINVAL
  return onPath(kernel, AT.FDCWD, path, true, (p) => {
    const result = kernel.files.host.truncate(p, length)
    const stat = kernel.files.host.stat(p)
    if (typeof stat !== "number") kernel.memory.fileWritten(`${stat.dev}:${stat.ino}`)
    return result
  })
}

/** A writable regular file, for what changes its size. */
const resizable = (kernel: Kernel, fd: number): OpenFile | number => {
  const file = kernel.files.get(fd)
  if (file === undefined) return -Errno.EBADF
  return file.writable && file.identity !== undefined ? file : -Errno.EINVAL
}

const resize = (kernel: Kernel, file: OpenFile, length: number): number => {
  kernel.memory.flushShared()
  const result = file.truncate(length)
  if (file.identity !== undefined) kernel.memory.fileWritten(file.identity)
  return result
}

const ftruncate = (kernel: Kernel, fd: number, length: number): number => {
  if (length < 0) return -Errno.EINVAL
  const file = resizable(kernel, fd)
  return typeof file === "number" ? file : resize(kernel, file, length)
}

/** fallocate: mode 0 makes the file at least so long; KEEP_SIZE (1) promises space, which costs nothing; others are refused. */
const fallocate = (kernel: Kernel, fd: number, mode: number, offset: number, length: number): number => {
  if (offset < 0 || length <= 0) return -Errno.EINVAL
  const file = kernel.files.get(fd)
  if (file === undefined || !file.writable) return -Errno.EBADF
  if (file.identity === undefined) return file.stream ? -Errno.ESPIPE : -Errno.ENODEV
  if (mode > 1) return -Errno.EOPNOTSUPP
  const stat = file.stat()
  if (typeof stat === "number") return stat
  return mode === 1 || stat.size >= offset + length ? 0 : resize(kernel, file, offset + length)
}

const fsync = (kernel: Kernel, fd: number): number => {
  const file = kernel.files.get(fd)
  if (file === undefined) return -Errno.EBADF
  kernel.memory.flushShared()
  return file.sync()
}

const sync = (kernel: Kernel): number => {
  kernel.memory.flushShared()
  return 0
}

const onOpen = (kernel: Kernel, fd: number): number => (kernel.files.get(fd) === undefined ? -Errno.EBADF : 0)

export const attributeSyscalls = [
  row(45, "truncate", ["path", "offset"], truncate),
  row(46, "ftruncate", ["fd", "offset"], ftruncate),
  row(47, "fallocate", ["fd", "flags", "offset", "offset"], fallocate, "allocates no space; no holes or collapsing"),
  row(52, "fchmod", ["fd", "mode"], (kernel, fd, mode) =>
    onHostFile(kernel, fd, (hostFd) => kernel.files.host.fchmod(hostFd, mode & 0o7777))
  ),
  row(53, "fchmodat", ["fd", "path", "mode"], (kernel, dirfd, path, mode) => chmodAt(kernel, dirfd, path, mode, 0)),
  row(54, "fchownat", ["fd", "path", "uint", "uint", "flags"], fchownat),
  row(55, "fchown", ["fd", "uint", "uint"], (kernel, fd, uid, gid) =>
    onHostFile(kernel, fd, (hostFd) => kernel.files.host.fchown(hostFd, id(uid), id(gid)))
  ),
  row(81, "sync", [], sync, "writes shared mappings to their files; the host syncs its disks"),
  row(82, "fsync", ["fd"], fsync),
  row(83, "fdatasync", ["fd"], fsync),
  row(84, "sync_file_range", ["fd", "offset", "offset", "flags"], onOpen),
  row(88, "utimensat", ["fd", "path", "pointer", "flags"], utimensat, "Node keeps times to about 0.2 microseconds"),
  row(213, "readahead", ["fd", "offset", "size"], onOpen),
  row(223, "fadvise64", ["fd", "offset", "offset", "int"], onOpen),
  row(267, "syncfs", ["fd"], onOpen),
  row(452, "fchmodat2", ["fd", "path", "mode", "flags"], chmodAt)
]
