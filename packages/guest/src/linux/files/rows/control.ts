/** fcntl and flock. */
import { Errno } from "../../kernel/errno.ts"
import type { Kernel } from "../../kernel/Kernel.ts"
import { row } from "../../kernel/row.ts"
import { readable } from "../../user/UserMemory.ts"
import { O } from "../constants.ts"
import type { OpenFile } from "../open/OpenFile.ts"
import { PipeEnd } from "../open/Pipe.ts"

/** Commands of fcntl. */
const F = {
  DUPFD: 0,
  GETFD: 1,
  SETFD: 2,
  GETFL: 3,
  SETFL: 4,
  GETLK: 5,
  SETLK: 6,
  SETLKW: 7,
  SETOWN: 8,
  GETOWN: 9,
  OFD_GETLK: 36,
  OFD_SETLK: 37,
  OFD_SETLKW: 38,
  DUPFD_CLOEXEC: 1030,
  SETPIPE_SZ: 1031,
  GETPIPE_SZ: 1032,
  ADD_SEALS: 1033,
  GET_SEALS: 1034
} as const

/** Status flags that F_SETFL changes. */
const settable = O.APPEND | O.NONBLOCK | O.ASYNC | O.DIRECT | O.NOATIME

/** Types of lock. */
const Lock = { READ: 0, WRITE: 1, UNLOCK: 2 } as const

/**
 * Record locks. A process never conflicts with itself, so what a lock call can find is a bad argument; other processes'
 * locks aren't seen.
 */
const lock = (kernel: Kernel, file: OpenFile, command: number, address: number): number => {
  const { view } = kernel.state
  if (readable(kernel.state, address, 32) === undefined) return -Errno.EFAULT
  const type = view.getInt16(address, true)
  const whence = view.getInt16(address + 2, true)
  if (type < Lock.READ || type > Lock.UNLOCK || whence < 0 || whence > 2) return -Errno.EINVAL
  if (whence === 0 && view.getBigInt64(address + 8, true) < 0n) return -Errno.EINVAL
  if (command === F.GETLK || command === F.OFD_GETLK) {
    if (type === Lock.UNLOCK && command === F.GETLK) return -Errno.EINVAL
    view.setInt16(address, Lock.UNLOCK, true)
    return 0
  }
  if ((type === Lock.READ && !file.readable) || (type === Lock.WRITE && !file.writable)) return -Errno.EBADF
  return 0
}

const setFlags = (file: OpenFile, flags: number): number => {
  file.flags = (file.flags & ~settable) | (flags & settable)
  return 0
}

const fcntl = (kernel: Kernel, fd: number, command: number, argument: bigint): number => {
  const { files } = kernel
  const file = files.get(fd)
  if (file === undefined) return -Errno.EBADF
  const value = Number(BigInt.asIntN(32, argument))
  switch (command) {
    case F.DUPFD:
    case F.DUPFD_CLOEXEC:
      return value < 0 || value >= files.limit ? -Errno.EINVAL : files.install(file, command === F.DUPFD_CLOEXEC, value)
    case F.GETFD:
      return files.closeOnExec(fd) === true ? 1 : 0
    case F.SETFD:
      files.setCloseOnExec(fd, (value & 1) !== 0)
      return 0
    case F.GETFL:
      return file.flags
  }
  if ((file.flags & O.PATH) === O.PATH) return -Errno.EBADF
  switch (command) {
    case F.SETFL:
      return setFlags(file, value)
    case F.GETLK:
    case F.SETLK:
    case F.SETLKW:
    case F.OFD_GETLK:
    case F.OFD_SETLK:
    case F.OFD_SETLKW:
      return lock(kernel, file, command, Number(BigInt.asUintN(64, argument)))
    case F.SETOWN:
    case F.GETOWN:
      return 0
    case F.GETPIPE_SZ:
      return file instanceof PipeEnd ? file.capacity : -Errno.EBADF
    case F.SETPIPE_SZ:
      return file instanceof PipeEnd && value <= file.capacity ? file.capacity : -Errno.EPERM
    default:
      return -Errno.EINVAL
  }
}

/** flock; `operation`: LOCK_SH 1, LOCK_EX 2, LOCK_UN 8, each perhaps with LOCK_NB 4. */
const flock = (kernel: Kernel, fd: number, operation: number): number => {
  if (kernel.files.get(fd) === undefined) return -Errno.EBADF
  return [1, 2, 8].includes(operation & ~4) ? 0 : -Errno.EINVAL
}

export const controlSyscalls = [
  row(25, "fcntl", ["fd", "int", "long"], fcntl, "locks never conflict; no leases, seals or signals"),
  row(32, "flock", ["fd", "int"], flock, "locks never conflict")
]
