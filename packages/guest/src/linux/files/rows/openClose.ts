/** Opening, closing and duplicating descriptors. */
import * as Effect from "effect/Effect"
import { Errno } from "../../kernel/errno.ts"
import type { Kernel } from "../../kernel/Kernel.ts"
import { row } from "../../kernel/row.ts"
import { O, openOnly } from "../constants.ts"
import type { SyscallResult } from "../../kernel/Syscall.ts"
import type { Target } from "../lookup/Walk.ts"
import { DeviceFile } from "../open/DeviceFile.ts"
import { HostFile } from "../open/HostFile.ts"
import { ListedDirectory } from "../open/ListedDirectory.ts"
import type { OpenFile } from "../open/OpenFile.ts"
import { mayOpen, nodeEntries, nodeStat } from "../virtual/nodeStatus.ts"
import { openFifo } from "./openFifo.ts"
import type { VirtualNode } from "../virtual/VirtualNode.ts"
import { getWords, userPath } from "../../user/userBuffers.ts"

/** openat: the descriptor or a negative errno; an Effect where one end of a named pipe waits for the other. */
const open = (kernel: Kernel, dirfd: number, pathAddress: number, flags: number, mode: number): SyscallResult => {
  const path = userPath(kernel.state, pathAddress)
  if (typeof path === "number") return path
  const follow = (flags & O.NOFOLLOW) === 0 && (flags & (O.CREAT | O.EXCL)) !== (O.CREAT | O.EXCL)
  const target = kernel.files.paths.resolve(dirfd, path, follow)
  if (typeof target === "number") return target
  const install = (file: OpenFile | number): number =>
    typeof file === "number" ? file : kernel.files.install(file, (flags & O.CLOEXEC) !== 0)
  const fifo = target.isFifo === true ? openFifo(kernel, target.path, flags) : undefined
  const file = fifo ?? openTarget(kernel, target, flags, mode)
  return Effect.isEffect(file) ? Effect.map(file, install) : install(file)
}

const openTarget = (kernel: Kernel, target: Target, flags: number, mode: number): OpenFile | number => {
  const { files } = kernel
  const { exists, path } = target
  if (target.file !== undefined) return reopen(kernel, target.file, flags)
  if (target.node !== undefined) return openNode(kernel, target.node, path, flags)
  if (!exists && (flags & O.CREAT) === 0) return -Errno.ENOENT
  // no link is left in the path, unless somebody has put one there meanwhile
  const fd = files.host.open(path, flags | O.NOFOLLOW, mode & 0o7777 & ~files.umask)
  if (fd < 0) return fd
  return opened(kernel, new HostFile(files.host, fd, path, kept(flags)), flags)
}

/** Flags that stay with an open file. */
const kept = (flags: number): number => (flags & ~openOnly) | O.LARGEFILE

const opened = (kernel: Kernel, file: OpenFile, flags: number): OpenFile => {
  if ((flags & O.TRUNC) !== 0 && file.identity !== undefined) kernel.memory.fileWritten(file.identity)
  return file
}

/** The file of a descriptor, by its path in /proc/PID/fd. */
const reopen = (kernel: Kernel, file: OpenFile, flags: number): OpenFile | number => {
  if ((flags & (O.CREAT | O.EXCL)) === (O.CREAT | O.EXCL)) return -Errno.EEXIST
  const again = file.reopen(flags | O.LARGEFILE)
  return typeof again === "number" ? again : opened(kernel, again, flags)
}

const openNode = (kernel: Kernel, node: VirtualNode, path: string, flags: number): OpenFile | number => {
  if ((flags & (O.CREAT | O.EXCL)) === (O.CREAT | O.EXCL)) return -Errno.EEXIST
  if ((flags & O.DIRECTORY) !== 0 && node.kind !== "directory") return -Errno.ENOTDIR
  const writes = (flags & O.ACCMODE) !== O.RDONLY
  switch (node.kind) {
    case "device":
      return new DeviceFile(node.device, kept(flags), kernel.random)
    case "link":
      return -Errno.ELOOP
    case "file":
      return mayOpen(node.mode, flags) ? node.open({ path, flags: kept(flags) }) : -Errno.EACCES
    case "directory":
      if (writes || (flags & O.CREAT) !== 0) return -Errno.EISDIR
      return new ListedDirectory(path, nodeStat(node, path), nodeEntries(node, path), kept(flags))
  }
}

/** openat2: `struct open_how` has flags, mode and resolve, each 64 bits. */
const open2 = (kernel: Kernel, dirfd: number, path: number, how: number, size: number): SyscallResult => {
  if (size < 24) return -Errno.EINVAL
  if (size > 4096) return -Errno.E2BIG
  const words = getWords(kernel.state, how, Math.floor(size / 8))
  if (words === undefined) return -Errno.EFAULT
  const [flags, mode, resolve, ...later] = words as [bigint, bigint, bigint]
  if ((later as ReadonlyArray<bigint>).some((word) => word !== 0n)) return -Errno.E2BIG
  if (resolve !== 0n) return -Errno.ENOSYS
  if (flags < 0n || flags > 0x7fff_ffffn || (mode & ~0o7777n) !== 0n) return -Errno.EINVAL
  if (mode !== 0n && (Number(flags) & (O.CREAT | O.TMPFILE)) === 0) return -Errno.EINVAL
  return open(kernel, dirfd, path, Number(flags), Number(mode))
}

/** close_range; `flags`: CLOSE_RANGE_UNSHARE 2 (our threads share descriptors anyway), CLOSE_RANGE_CLOEXEC 4. */
const closeRange = ({ files }: Kernel, first: number, last: number, flags: number): number => {
  if (first > last || (flags & ~6) !== 0) return -Errno.EINVAL
  for (const fd of files.descriptors().keys()) {
    if (fd < first || fd > last) continue
    if ((flags & 4) !== 0) files.setCloseOnExec(fd, true)
    else files.close(fd)
  }
  return 0
}

/** dup3: makes `to` refer to the file of `from`. */
const dup3 = ({ files }: Kernel, from: number, to: number, flags: number): number => {
  if (from === to || (flags & ~O.CLOEXEC) !== 0) return -Errno.EINVAL
  const file = files.get(from)
  if (file === undefined || to < 0 || to >= files.limit) return -Errno.EBADF
  files.replace(to, file, (flags & O.CLOEXEC) !== 0)
  return to
}

const dup = ({ files }: Kernel, fd: number): number => {
  const file = files.get(fd)
  return file === undefined ? -Errno.EBADF : files.install(file, false)
}

export const openCloseSyscalls = [
  row(23, "dup", ["fd"], dup),
  row(24, "dup3", ["fd", "fd", "flags"], dup3),
  row(56, "openat", ["fd", "path", "flags", "mode"], open),
  row(57, "close", ["fd"], ({ files }, fd) => files.close(fd)),
  row(436, "close_range", ["uint", "uint", "flags"], closeRange, "CLOSE_RANGE_UNSHARE does not unshare"),
  row(437, "openat2", ["fd", "path", "pointer", "size"], open2, "ENOSYS if RESOLVE_ flags are given")
]
