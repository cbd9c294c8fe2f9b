/** Files without a name: pipes, event counters, timers, memory files, socket pairs. */
import { Errno } from "../../kernel/errno.ts"
import type { Kernel } from "../../kernel/Kernel.ts"
import { row } from "../../kernel/row.ts"
import { ClockId } from "../../time/Clock.ts"
import { putTimerSetting, timerSetting } from "../../user/timespec.ts"
import { writable } from "../../user/UserMemory.ts"
import { O } from "../constants.ts"
import { EventFd } from "../open/EventFd.ts"
import { MemoryFile, MemoryInode, Seal } from "../open/MemoryFile.ts"
import type { OpenFile } from "../open/OpenFile.ts"
import { makePipe } from "../open/Pipe.ts"
import { TimerFd } from "../open/TimerFd.ts"
import { userString } from "../../user/userBuffers.ts"

/** Installs two files and writes their descriptors as an array of int: 0 or a negative errno. */
export const installPair = (
  kernel: Kernel,
  address: number,
  pair: readonly [OpenFile, OpenFile],
  closeOnExec: boolean
): number => {
  const { files, state } = kernel
  const first = files.install(pair[0], closeOnExec)
  const second = first < 0 ? first : files.install(pair[1], closeOnExec)
  if (first >= 0 && second < 0) files.close(first)
  if (second < 0) return second
  // where the numbers cannot be stored both stay open: QEMU's linux-user does so, and the golden programs show it
  if (writable(state, address, 8) === undefined) return -Errno.EFAULT
  state.view.setInt32(address, first, true)
  state.view.setInt32(address + 4, second, true)
  return 0
}

const pipe2 = (kernel: Kernel, address: number, flags: number): number => {
  if ((flags & ~(O.CLOEXEC | O.NONBLOCK | O.DIRECT)) !== 0) return -Errno.EINVAL
  const pair = makePipe(flags & ~O.CLOEXEC, kernel.files.newInode())
  return installPair(kernel, address, pair, (flags & O.CLOEXEC) !== 0)
}

/** eventfd2; `flags`: EFD_SEMAPHORE 1, O_NONBLOCK, O_CLOEXEC. */
const eventfd2 = ({ files }: Kernel, initial: number, flags: number): number => {
  if ((flags & ~(1 | O.CLOEXEC | O.NONBLOCK)) !== 0) return -Errno.EINVAL
  return files.install(new EventFd(initial, (flags & 1) !== 0, flags & O.NONBLOCK), (flags & O.CLOEXEC) !== 0)
}

const timerClocks: ReadonlySet<number> = new Set<number>([
  ClockId.REALTIME,
  ClockId.MONOTONIC,
  ClockId.BOOTTIME,
  ClockId.REALTIME_ALARM,
  ClockId.BOOTTIME_ALARM
])

const timerfdCreate = ({ files, time }: Kernel, clock: number, flags: number): number => {
  if ((flags & ~(O.CLOEXEC | O.NONBLOCK)) !== 0 || !timerClocks.has(clock)) return -Errno.EINVAL
  return files.install(new TimerFd(time, clock, flags & O.NONBLOCK), (flags & O.CLOEXEC) !== 0)
}

const timerOf = (kernel: Kernel, fd: number): TimerFd | number => {
  const file = kernel.files.get(fd)
  return file === undefined ? -Errno.EBADF : file instanceof TimerFd ? file : -Errno.EINVAL
}

/** timerfd_settime; `flags`: TFD_TIMER_ABSTIME 1, TFD_TIMER_CANCEL_ON_SET 2. */
const timerfdSettime = (kernel: Kernel, fd: number, flags: number, next: number, old: number): number => {
  if ((flags & ~3) !== 0) return -Errno.EINVAL
  const setting = timerSetting(kernel.state, next)
  if (typeof setting === "number") return setting
  const timer = timerOf(kernel, fd)
  if (typeof timer === "number") return timer
  const before = timer.set(setting, (flags & 1) !== 0)
  return old === 0 ? 0 : putTimerSetting(kernel.state, old, before)
}

const timerfdGettime = (kernel: Kernel, fd: number, address: number): number => {
  const timer = timerOf(kernel, fd)
  return typeof timer === "number" ? timer : putTimerSetting(kernel.state, address, timer.get())
}

const MFD = { CLOEXEC: 1, ALLOW_SEALING: 2, NOEXEC_SEAL: 8, EXEC: 0x10 } as const

const memfdCreate = (kernel: Kernel, nameAddress: number, flags: number): number => {
  if ((flags & ~(MFD.CLOEXEC | MFD.ALLOW_SEALING | MFD.NOEXEC_SEAL | MFD.EXEC)) !== 0) return -Errno.EINVAL
  if ((flags & MFD.NOEXEC_SEAL) !== 0 && (flags & MFD.EXEC) !== 0) return -Errno.EINVAL
  const name = userString(kernel.state, nameAddress, 250, -Errno.EINVAL)
  if (typeof name === "number") return name
  const { files } = kernel
  const noExec = (flags & MFD.NOEXEC_SEAL) !== 0
  const inode = new MemoryInode(`/memfd:${name} (deleted)`, files.newInode(), noExec ? 0o666 : 0o777)
  if (noExec) inode.seals = Seal.EXEC
  else if ((flags & MFD.ALLOW_SEALING) !== 0) inode.seals = 0
  return files.install(new MemoryFile(inode, O.RDWR | O.LARGEFILE), (flags & MFD.CLOEXEC) !== 0)
}

export const createSyscalls = [
  row(19, "eventfd2", ["uint", "flags"], eventfd2),
  row(59, "pipe2", ["pointer", "flags"], pipe2),
  row(85, "timerfd_create", ["int", "flags"], timerfdCreate),
  row(86, "timerfd_settime", ["fd", "flags", "pointer", "pointer"], timerfdSettime, "a changed clock cancels nothing"),
  row(87, "timerfd_gettime", ["fd", "pointer"], timerfdGettime),
  row(279, "memfd_create", ["path", "flags"], memfdCreate)
]
