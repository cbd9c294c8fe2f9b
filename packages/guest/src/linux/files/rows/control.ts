/** fcntl and flock. */
import { Errno } from "../../kernel/errno.ts"
import type { Kernel } from "../../kernel/Kernel.ts"
import { row } from "../../kernel/row.ts"
import type { SyscallResult } from "../../kernel/Syscall.ts"
import { O } from "../constants.ts"
import { MemoryFile, Seal } from "../open/MemoryFile.ts"
import type { OpenFile } from "../open/OpenFile.ts"
import { PipeEnd } from "../open/Pipe.ts"
import { flock, lock, type LockCommand } from "./locks.ts"

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

/** What the lock commands do. */
const lockCommands: ReadonlyMap<number, LockCommand> = new Map<number, LockCommand>([
  [F.GETLK, { does: "get", ofFile: false }],
  [F.SETLK, { does: "set", ofFile: false }],
  [F.SETLKW, { does: "wait", ofFile: false }],
  [F.OFD_GETLK, { does: "get", ofFile: true }],
  [F.OFD_SETLK, { does: "set", ofFile: true }],
  [F.OFD_SETLKW, { does: "wait", ofFile: true }]
])

const setFlags = (file: OpenFile, flags: number): number => {
  file.flags = (file.flags & ~settable) | (flags & settable)
  return 0
}

const fcntl = (kernel: Kernel, fd: number, command: number, argument: bigint): SyscallResult => {
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
  const locking = lockCommands.get(command)
  if (locking !== undefined) return lock(kernel, file, locking, Number(BigInt.asUintN(64, argument)))
  switch (command) {
    case F.SETFL:
      return setFlags(file, value)
    case F.SETOWN:
    case F.GETOWN:
      return 0
    case F.GETPIPE_SZ:
      return file instanceof PipeEnd ? file.capacity : -Errno.EBADF
    case F.SETPIPE_SZ:
      return file instanceof PipeEnd ? file.resize(value, kernel.process.euid === 0) : -Errno.EBADF
    case F.ADD_SEALS:
      return addSeals(kernel, file, value)
    case F.GET_SEALS:
      return file instanceof MemoryFile ? file.seals : -Errno.EINVAL
    default:
      return -Errno.EINVAL
  }
}

const allSeals = Seal.SEAL | Seal.SHRINK | Seal.GROW | Seal.WRITE | Seal.FUTURE_WRITE | Seal.EXEC

/** F_ADD_SEALS: against writing only as long as nobody has it mapped so that it could be stored to. */
const addSeals = ({ processes }: Kernel, file: OpenFile, seals: number): number => {
  if (!(file instanceof MemoryFile)) return -Errno.EINVAL
  if ((seals & ~allSeals) !== 0) return -Errno.EINVAL
  const isMapped = processes
    .live()
    .some(({ kernel }) =>
      kernel.memory.regions.all.some(
        ({ file: mapped, shared }) => shared && mapped?.writable === true && mapped.identity === file.identity
      )
    )
  if (file.writable && (file.seals & Seal.SEAL) === 0 && (seals & Seal.WRITE) !== 0 && isMapped) return -Errno.EBUSY
  return file.seal(seals)
}

export const controlSyscalls = [
  row(
    25,
    "fcntl",
    ["fd", "int", "long"],
    fcntl,
    "locks keep processes of the run apart, not those of the host; no leases or signals"
  ),
  row(32, "flock", ["fd", "int"], flock, "keeps processes of the run apart, not those of the host")
]
