/** Status of files and file systems, and access checks. */
import type { HostStat } from "../../../HostFs.ts"
import { Errno } from "../../kernel/errno.ts"
import type { Kernel } from "../../kernel/Kernel.ts"
import { row } from "../../kernel/row.ts"
import { AT, S } from "../constants.ts"
import { isOurs } from "../lookup/HostGuard.ts"
import type { Target } from "../lookup/Walk.ts"
import { encodeStat, encodeStatfs, encodeStatx } from "../../user/fileLayouts.ts"
import { putBytes, userPath, userString } from "../../user/userBuffers.ts"
import { toBytes } from "../../user/byteStrings.ts"
import { NAME_MAX } from "../constants.ts"

const statFlags = AT.SYMLINK_NOFOLLOW | AT.NO_AUTOMOUNT | AT.EMPTY_PATH | AT.STATX_SYNC_TYPE

/** The status that a path (or, with AT_EMPTY_PATH, the descriptor) leads to. */
const statAt = (kernel: Kernel, dirfd: number, pathAddress: number, flags: number): HostStat | number => {
  if ((flags & ~statFlags) !== 0) return -Errno.EINVAL
  const empty = (flags & AT.EMPTY_PATH) !== 0
  const path = empty && pathAddress === 0 ? "" : userPath(kernel.state, pathAddress)
  if (typeof path === "number") return path
  kernel.memory.flushShared()
  if (path === "" && empty) return dirfd === AT.FDCWD ? kernel.files.paths.stat(dirfd, ".", true) : statFd(kernel, dirfd)
  return kernel.files.paths.stat(dirfd, path, (flags & AT.SYMLINK_NOFOLLOW) === 0)
}

const statFd = (kernel: Kernel, fd: number): HostStat | number => kernel.files.get(fd)?.stat() ?? -Errno.EBADF

const put = (kernel: Kernel, address: number, stat: HostStat | number): number =>
  typeof stat === "number" ? stat : putBytes(kernel.state, address, encodeStat(stat))

const fstat = (kernel: Kernel, fd: number, address: number): number => {
  kernel.memory.flushShared()
  return put(kernel, address, statFd(kernel, fd))
}

const newfstatat = (kernel: Kernel, dirfd: number, path: number, address: number, flags: number): number =>
  put(kernel, address, statAt(kernel, dirfd, path, flags))

/** statx: whatever the mask asks for, the basic fields and the birth time are given. */
const statx = (kernel: Kernel, dirfd: number, path: number, flags: number, mask: number, address: number): number => {
  if (mask >= 0x8000_0000 || (flags & AT.STATX_SYNC_TYPE) === AT.STATX_SYNC_TYPE) return -Errno.EINVAL
  const stat = statAt(kernel, dirfd, path, flags)
  return typeof stat === "number" ? stat : putBytes(kernel.state, address, encodeStatx(stat))
}

const statfsAt = (kernel: Kernel, path: string, address: number): number => {
  const stat = kernel.files.host.statfs(path)
  return typeof stat === "number" ? stat : putBytes(kernel.state, address, encodeStatfs(stat))
}

/** Number of the /proc file system, which shows in `f_type`. */
const procMagic = 0x9fa0n
/** Number of the file system of pipes, sockets and files in memory here (tmpfs). */
const memoryMagic = 0x01021994n

const synthetic = (kernel: Kernel, type: bigint, address: number): number =>
  putBytes(
    kernel.state,
    address,
    encodeStatfs({ type, bsize: 4096, blocks: 0n, bfree: 0n, bavail: 0n, files: 0n, ffree: 0n })
  )

const statfs = (kernel: Kernel, pathAddress: number, address: number): number => {
  const path = userPath(kernel.state, pathAddress)
  if (typeof path === "number") return path
  const target = kernel.files.paths.resolve(AT.FDCWD, path, true)
  if (typeof target === "number") return target
  if (target.node !== undefined) return synthetic(kernel, isOurs(target.path) ? procMagic : memoryMagic, address)
  if (target.file !== undefined && target.file.hostFd < 0) return synthetic(kernel, memoryMagic, address)
  return target.exists ? statfsAt(kernel, target.path, address) : -Errno.ENOENT
}

const fstatfs = (kernel: Kernel, fd: number, address: number): number => {
  const file = kernel.files.get(fd)
  if (file === undefined) return -Errno.EBADF
  if (file.hostFd < 0) return synthetic(kernel, isOurs(file.name()) ? procMagic : memoryMagic, address)
  const stat = kernel.files.host.fstatfs(file.hostFd)
  return typeof stat === "number" ? stat : putBytes(kernel.state, address, encodeStatfs(stat))
}

/** What a path leads to, or with AT_EMPTY_PATH and none, a descriptor. */
const targetOf = (kernel: Kernel, dirfd: number, path: string, follow: boolean, mayBeEmpty: boolean): Target | number => {
  const { files } = kernel
  if (path !== "" || !mayBeEmpty) return files.paths.resolve(dirfd, path, follow)
  if (dirfd === AT.FDCWD) return files.paths.resolve(dirfd, ".", true)
  const file = files.get(dirfd)
  return file === undefined ? -Errno.EBADF : { path: file.name(), exists: true, file }
}

/** faccessat2: `mode` is a set of R_OK 4, W_OK 2, X_OK 1. */
const access = (kernel: Kernel, dirfd: number, pathAddress: number, mode: number, flags: number): number => {
  if ((mode & ~7) !== 0 || (flags & ~(AT.EACCESS | AT.SYMLINK_NOFOLLOW | AT.EMPTY_PATH)) !== 0) return -Errno.EINVAL
  const path = userPath(kernel.state, pathAddress)
  if (typeof path === "number") return path
  const follow = (flags & AT.SYMLINK_NOFOLLOW) === 0
  const target = targetOf(kernel, dirfd, path, follow, (flags & AT.EMPTY_PATH) !== 0)
  if (typeof target === "number") return target
  const isHosts = target.file === undefined ? target.node === undefined : target.file.hostFd >= 0
  if (isHosts && follow) return target.exists ? kernel.files.host.access(target.path, mode) : -Errno.ENOENT
  const stat = kernel.files.paths.statTarget(target)
  if (typeof stat === "number") return stat
  const isLink = (stat.mode & S.IFMT) === S.IFLNK
  return isLink || ((stat.mode >>> 6) & mode) === mode ? 0 : -Errno.EACCES
}

/** readlinkat: the bytes of the target, cut to the buffer and not terminated. Without a path it is about an O_PATH descriptor. */
const readlink = (kernel: Kernel, dirfd: number, pathAddress: number, address: number, size: number): number => {
  const path = userPath(kernel.state, pathAddress)
  if (typeof path === "number") return path
  if (size < 1 || size > 0x7fff_ffff) return -Errno.EINVAL
  const target = targetOf(kernel, dirfd, path, false, true)
  if (typeof target === "number") return target
  const { exists, file, node } = target
  if (!exists || (file !== undefined && file.hostFd < 0)) return -Errno.ENOENT
  const link =
    node === undefined ? kernel.files.host.readlink(target.path) : node.kind === "link" ? node.target : -Errno.EINVAL
  if (typeof link === "number") return link
  const bytes = toBytes(link).subarray(0, size)
  return putBytes(kernel.state, address, bytes) || bytes.length
}

/** Extended attributes: files have none. Reading one checks its name and the file, then there is no such attribute. */
const noAttribute = (kernel: Kernel, path: number, name: number, follow: boolean, found: number): number => {
  const error = checkPath(kernel, path, follow)
  return error < 0 ? error : checkName(kernel, name) || found
}

const checkPath = (kernel: Kernel, pathAddress: number, follow: boolean): number => {
  const path = userPath(kernel.state, pathAddress)
  if (typeof path === "number") return path
  const stat = kernel.files.paths.stat(AT.FDCWD, path, follow)
  return typeof stat === "number" ? stat : 0
}

const checkFd = (kernel: Kernel, fd: number): number => (kernel.files.get(fd) === undefined ? -Errno.EBADF : 0)

const checkName = (kernel: Kernel, address: number): number => {
  const name = userString(kernel.state, address, NAME_MAX + 1, -Errno.ERANGE)
  return typeof name === "number" ? name : name === "" ? -Errno.ERANGE : 0
}

const noXattrs = "files have no extended attributes; setting one fails with EOPNOTSUPP"
const { ENODATA, EOPNOTSUPP } = Errno

export const statusSyscalls = [
  row(
    5,
    "setxattr",
    ["path", "path", "pointer", "size", "flags"],
    (k, p, n) => noAttribute(k, p, n, true, -EOPNOTSUPP),
    noXattrs
  ),
  row(
    6,
    "lsetxattr",
    ["path", "path", "pointer", "size", "flags"],
    (k, p, n) => noAttribute(k, p, n, false, -EOPNOTSUPP),
    noXattrs
  ),
  row(
    7,
    "fsetxattr",
    ["fd", "path", "pointer", "size", "flags"],
    (k, fd, n) => checkFd(k, fd) || checkName(k, n) || -EOPNOTSUPP,
    noXattrs
  ),
  row(8, "getxattr", ["path", "path", "pointer", "size"], (k, p, n) => noAttribute(k, p, n, true, -ENODATA), noXattrs),
  row(9, "lgetxattr", ["path", "path", "pointer", "size"], (k, p, n) => noAttribute(k, p, n, false, -ENODATA), noXattrs),
  row(
    10,
    "fgetxattr",
    ["fd", "path", "pointer", "size"],
    (k, fd, n) => checkFd(k, fd) || checkName(k, n) || -ENODATA,
    noXattrs
  ),
  row(11, "listxattr", ["path", "pointer", "size"], (k, p) => checkPath(k, p, true), noXattrs),
  row(12, "llistxattr", ["path", "pointer", "size"], (k, p) => checkPath(k, p, false), noXattrs),
  row(13, "flistxattr", ["fd", "pointer", "size"], checkFd, noXattrs),
  row(14, "removexattr", ["path", "path"], (k, p, n) => noAttribute(k, p, n, true, -ENODATA), noXattrs),
  row(15, "lremovexattr", ["path", "path"], (k, p, n) => noAttribute(k, p, n, false, -ENODATA), noXattrs),
  row(16, "fremovexattr", ["fd", "path"], (k, fd, n) => checkFd(k, fd) || checkName(k, n) || -ENODATA, noXattrs),
  row(43, "statfs", ["path", "pointer"], statfs, "f_fsid and f_flags are 0"),
  row(44, "fstatfs", ["fd", "pointer"], fstatfs, "f_fsid and f_flags are 0"),
  row(48, "faccessat", ["fd", "path", "uint"], (kernel, dirfd, path, mode) => access(kernel, dirfd, path, mode, 0)),
  row(78, "readlinkat", ["fd", "path", "pointer", "int"], readlink),
  row(79, "newfstatat", ["fd", "path", "pointer", "flags"], newfstatat),
  row(80, "fstat", ["fd", "pointer"], fstat),
  row(291, "statx", ["fd", "path", "flags", "flags", "pointer"], statx, "no attributes, mount id or alignment"),
  row(439, "faccessat2", ["fd", "path", "uint", "flags"], access)
]
