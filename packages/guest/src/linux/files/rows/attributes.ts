/** Changing what files are: permissions, owners, times, sizes. */
import { Errno } from "../../kernel/errno.ts"
import type { Kernel } from "../../kernel/Kernel.ts"
import { row } from "../../kernel/row.ts"
import { bytesWithinLimit } from "../../misc/enforceLimits.ts"
import { ClockId } from "../../time/Clock.ts"
import type { HostStat } from "../../../HostFs.ts"
import { AT, O, S } from "../constants.ts"
import type { OpenFile } from "../open/OpenFile.ts"
import { isFar } from "../positions.ts"
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

const truncate = (kernel: Kernel, path: number, length: bigint): number => {
  if (length < 0n) return -Errno.EINVAL
  return onPath(kernel, AT.FDCWD, path, true, (p) => {
    if (isFar(length)) return checkSizable(kernel.files.host.stat(p)) || -Errno.EFBIG
    const result = kernel.files.host.truncate(p, Number(length))
    const stat = kernel.files.host.stat(p)
    if (typeof stat !== "number") kernel.memory.fileWritten(`${stat.dev}:${stat.ino}`)
    return result
  })
}

/** Whether what a path leads to has a size that can be set: 0 or a negative errno. */
const checkSizable = (stat: HostStat | number): number => {
  if (typeof stat === "number") return stat
  const type = stat.mode & S.IFMT
  return type === S.IFREG ? 0 : type === S.IFDIR ? -Errno.EISDIR : -Errno.EINVAL
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

const ftruncate = (kernel: Kernel, fd: number, length: bigint): number => {
  if (length < 0n) return -Errno.EINVAL
  const file = resizable(kernel, fd)
  if (typeof file === "number") return file
  if (isFar(length)) return -Errno.EFBIG
  const stat = file.stat()
  const isLonger = typeof stat !== "number" && length > BigInt(stat.size)
  if (isLonger && bytesWithinLimit(kernel, length - 1n, 1) < 0) return -Errno.EFBIG
  return resize(kernel, file, Number(length))
}

/** Modes of fallocate. */
const FALLOC = { KEEP_SIZE: 1, PUNCH_HOLE: 2, ZERO_RANGE: 0x10 } as const

/** Modes that do something here. Space cannot be set aside, nor be taken out of the middle. */
const knownModes: ReadonlySet<number> = new Set([
  0,
  FALLOC.PUNCH_HOLE | FALLOC.KEEP_SIZE,
  FALLOC.ZERO_RANGE,
  FALLOC.ZERO_RANGE | FALLOC.KEEP_SIZE
])

/** fallocate: makes the file at least so long (mode 0), or makes a part of it zeros. */
const fallocate = (kernel: Kernel, fd: number, mode: number, offset: bigint, length: bigint): number => {
  if (offset < 0n || length <= 0n) return -Errno.EINVAL
  const file = kernel.files.get(fd)
  if (file === undefined || !file.writable) return -Errno.EBADF
  if (file.identity === undefined) return file.stream ? -Errno.ESPIPE : -Errno.ENODEV
  if (!knownModes.has(mode)) return -Errno.EOPNOTSUPP
  if (isFar(offset + length)) return -Errno.EFBIG
  const end = Number(offset + length)
  const stat = file.stat()
  if (typeof stat === "number") return stat
  const zeroed = mode === 0 ? 0 : zero(kernel, file, Number(offset), Math.min(end, stat.size))
  if (zeroed < 0 || (mode & FALLOC.KEEP_SIZE) !== 0) return zeroed
  return stat.size >= end ? 0 : resize(kernel, file, end)
}

/** Writes zeros from one byte to another. */
const zero = (kernel: Kernel, file: OpenFile, start: number, end: number): number => {
  kernel.memory.flushShared(file.identity)
  const zeros = new Uint8Array(Math.min(65536, Math.max(0, end - start)))
  let result = 0
  for (let at = start; at < end && result >= 0; at += zeros.length) {
    result = file.pwrite(zeros.subarray(0, Math.min(zeros.length, end - at)), at)
  }
  if (file.identity !== undefined) kernel.memory.fileWritten(file.identity)
  return Math.min(0, result)
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

/** sync_file_range; `flags`: SYNC_FILE_RANGE_WAIT_BEFORE 1, WRITE 2, WAIT_AFTER 4. The host decides when it writes. */
const syncFileRange = (kernel: Kernel, fd: number, offset: bigint, length: bigint, flags: number): number => {
  const file = kernel.files.get(fd)
  if (file === undefined || (file.flags & O.PATH) === O.PATH) return -Errno.EBADF
  if ((flags & ~7) !== 0 || offset < 0n || length < 0n || offset + length > 0x7fff_ffff_ffff_ffffn) return -Errno.EINVAL
  const stat = file.stat()
  if (typeof stat === "number") return stat
  if (![S.IFREG, S.IFBLK, S.IFDIR, S.IFLNK].includes((stat.mode & S.IFMT) as never)) return -Errno.ESPIPE
  return sync(kernel)
}

/** readahead: nothing is gained by it here. */
const readahead = (kernel: Kernel, fd: number): number => {
  const file = kernel.files.get(fd)
  if (file === undefined || !file.readable) return -Errno.EBADF
  return file.identity === undefined ? -Errno.EINVAL : 0
}

/** Highest advice of fadvise64: POSIX_FADV_NOREUSE. */
const maxAdvice = 5

/** fadvise64: advice is checked, and changes nothing. */
const fadvise = (kernel: Kernel, fd: number, _offset: bigint, length: bigint, advice: number): number => {
  const file = kernel.files.get(fd)
  if (file === undefined || (file.flags & O.PATH) === O.PATH) return -Errno.EBADF
  const stat = file.stat()
  if (typeof stat !== "number" && (stat.mode & S.IFMT) === S.IFIFO) return -Errno.ESPIPE
  return length < 0n || advice < 0 || advice > maxAdvice ? -Errno.EINVAL : 0
}

/** syncfs: as sync. */
const syncfs = (kernel: Kernel, fd: number): number => {
  const file = kernel.files.get(fd)
  return file === undefined || (file.flags & O.PATH) === O.PATH ? -Errno.EBADF : sync(kernel)
}

export const attributeSyscalls = [
  row(45, "truncate", ["path", "offset"], truncate),
  row(46, "ftruncate", ["fd", "offset"], ftruncate),
  row(
    47,
    "fallocate",
    ["fd", "flags", "offset", "offset"],
    fallocate,
    "sets the size (mode 0), or writes zeros (punched holes, zeroed ranges): space is neither set aside nor given back; others give EOPNOTSUPP"
  ),
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
  row(84, "sync_file_range", ["fd", "offset", "offset", "flags"], syncFileRange, "writes shared mappings to their files"),
  row(88, "utimensat", ["fd", "path", "pointer", "flags"], utimensat, "Node keeps times to about 0.2 microseconds"),
  row(213, "readahead", ["fd", "offset", "size"], readahead),
  row(223, "fadvise64", ["fd", "offset", "offset", "int"], fadvise),
  row(267, "syncfs", ["fd"], syncfs, "writes shared mappings to their files; the host syncs its disks"),
  row(452, "fchmodat2", ["fd", "path", "mode", "flags"], chmodAt)
]
