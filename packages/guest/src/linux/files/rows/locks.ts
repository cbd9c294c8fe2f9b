/** Locks as fcntl and flock have them. */
import type * as Effect from "effect/Effect"
import { Errno } from "../../kernel/errno.ts"
import type { Kernel } from "../../kernel/Kernel.ts"
import type { SyscallResult } from "../../kernel/Syscall.ts"
import { readable, writable } from "../../user/UserMemory.ts"
import { O } from "../constants.ts"
import { endOfFile, type RangeLock } from "../locks/Range.ts"
import type { OpenFile } from "../open/OpenFile.ts"

/** What a lock call does, and for whom. */
export interface LockCommand {
  readonly does: "get" | "set" | "wait"
  /** The open file owns the lock (F_OFD_), not the process. */
  readonly ofFile: boolean
}

/** Types of lock. */
const Lock = { read: 0, write: 1, unlock: 2 } as const

/** `struct flock`: type and whence of 16 bits, start and length of 64 bits from byte 8 on, then the process. */
const lockSize = 32

/** fcntl's lock commands. */
export const lock = (kernel: Kernel, file: OpenFile, command: LockCommand, address: number): SyscallResult => {
  const { files, process } = kernel
  const { view } = kernel.state
  if (readable(kernel.state, address, lockSize) === undefined) return -Errno.EFAULT
  const type = view.getInt16(address, true)
  if (type < Lock.read || type > Lock.unlock) return -Errno.EINVAL
  if (command.ofFile && view.getInt32(address + 24, true) !== 0) return -Errno.EINVAL
  if (command.does === "get" && type === Lock.unlock) return -Errno.EINVAL
  const range = rangeOf(kernel, file, address)
  if (typeof range === "number") return range
  const owned: RangeLock = {
    ...range,
    owner: command.ofFile ? file : files,
    pid: command.ofFile ? -1 : process.pid,
    isExclusive: type === Lock.write
  }
  if (command.does === "get") return report(kernel, address, files.locks.conflict(file, owned))
  if (type === Lock.unlock) {
    files.locks.clear(file, owned)
    return 0
  }
  if (type === Lock.read ? !file.readable : !file.writable) return -Errno.EBADF
  return command.does === "set" ? files.locks.set(file, owned) : files.locks.setLater(file, owned, !command.ofFile)
}

/** The bytes that a lock is about, or a negative errno. */
const rangeOf = (
  kernel: Kernel,
  file: OpenFile,
  address: number
): { readonly start: bigint; readonly end: bigint } | number => {
  const { view } = kernel.state
  const base = baseOf(file, view.getInt16(address + 2, true))
  if (base < 0n) return Number(base)
  const start = base + view.getBigInt64(address + 8, true)
  const length = view.getBigInt64(address + 16, true)
  if (start > endOfFile) return -Errno.EOVERFLOW
  if (start < 0n || (length < 0n && start + length < 0n)) return -Errno.EINVAL
  if (length === 0n) return { start, end: endOfFile }
  if (length < 0n) return { start: start + length, end: start - 1n }
  return start + length - 1n > endOfFile ? -Errno.EOVERFLOW : { start, end: start + length - 1n }
}

/** What a lock's start counts from. */
const baseOf = (file: OpenFile, whence: number): bigint => {
  if (whence === 0) return 0n
  if (whence === 1) return file.farPosition ?? BigInt(Math.max(0, file.seek(0, 1)))
  if (whence !== 2) return BigInt(-Errno.EINVAL)
  const stat = file.stat()
  return BigInt(typeof stat === "number" ? stat : stat.size)
}

/** F_GETLK's answer: the lock in the way, or F_UNLCK. */
const report = (kernel: Kernel, address: number, found: RangeLock | undefined): number => {
  const { view } = kernel.state
  if (writable(kernel.state, address, lockSize) === undefined) return -Errno.EFAULT
  if (found === undefined) {
    view.setInt16(address, Lock.unlock, true)
    return 0
  }
  view.setInt16(address, found.isExclusive ? Lock.write : Lock.read, true)
  view.setInt16(address + 2, 0, true)
  view.setBigInt64(address + 8, found.start, true)
  view.setBigInt64(address + 16, found.end === endOfFile ? 0n : found.end - found.start + 1n, true)
  view.setInt32(address + 24, found.pid, true)
  return 0
}

/** flock; `operation`: LOCK_SH 1, LOCK_EX 2, LOCK_UN 8, each perhaps with LOCK_NB 4. */
export const flock = (kernel: Kernel, fd: number, operation: number): number | Effect.Effect<number> => {
  const file = kernel.files.get(fd)
  if (file === undefined || (file.flags & O.PATH) === O.PATH) return -Errno.EBADF
  const { locks } = kernel.files
  const isExclusive = [undefined, false, true][operation & 3]
  switch (operation & ~4) {
    case 1:
    case 2:
      if (isExclusive === undefined) return -Errno.EINVAL
      return (operation & 4) !== 0 ? locks.setWhole(file, isExclusive) : locks.setWholeLater(file, isExclusive)
    case 8:
      return locks.setWhole(file, undefined)
    default:
      return -Errno.EINVAL
  }
}
