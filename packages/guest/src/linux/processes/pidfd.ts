/** Processes by descriptor: pidfd_open(2), pidfd_send_signal(2), pidfd_getfd(2). */
import { O } from "../files/constants.ts"
import { PidFd } from "../files/open/PidFd.ts"
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { kill, queueInfo } from "../signals/kill.ts"
import { readable } from "../user/UserMemory.ts"
import { siginfoSize } from "../signals/SignalInfo.ts"
import type { ProcessNode } from "./ProcessTree.ts"

/** pidfd_open; `flags`: PIDFD_NONBLOCK (O_NONBLOCK). */
export const pidfdOpen = (kernel: Kernel, pid: number, flags: number): number => {
  if ((flags & ~O.NONBLOCK) !== 0 || pid <= 0) return -Errno.EINVAL
  const { processes } = kernel
  const node = processes.find(pid)
  if (node !== undefined) return kernel.files.install(new PidFd(node, flags), true)
  const isThread = processes.live().some((other) => other.kernel.threads.find(pid) !== undefined)
  return isThread ? -Errno.EINVAL : -Errno.ESRCH
}

/** The process of a descriptor that nobody has waited for yet: -EBADF where it is of none, -ESRCH where it has gone. */
export const processOf = (kernel: Kernel, fd: number): ProcessNode<Kernel> | number => {
  const file = kernel.files.get(fd)
  if (!(file instanceof PidFd)) return -Errno.EBADF
  const node = kernel.processes.find(file.target.pid)
  return node === file.target && node !== undefined ? node : -Errno.ESRCH
}

/** pidfd_send_signal: as kill, or with a `siginfo_t` as rt_sigqueueinfo. */
export const pidfdSendSignal = (kernel: Kernel, fd: number, signal: number, info: number, flags: number): number => {
  if (flags !== 0) return -Errno.EINVAL
  const node = processOf(kernel, fd)
  if (typeof node === "number") return node
  if (info === 0) return kill(kernel, node.pid, signal)
  if (readable(kernel.state, info, siginfoSize) === undefined) return -Errno.EFAULT
  if (kernel.state.view.getInt32(info, true) !== signal) return -Errno.EINVAL
  return queueInfo(kernel, node.pid, signal, info)
}

/** pidfd_getfd: a descriptor of one's own for an open file of another process. */
export const pidfdGetfd = (kernel: Kernel, fd: number, target: number, flags: number): number => {
  if (flags !== 0) return -Errno.EINVAL
  const node = processOf(kernel, fd)
  if (typeof node === "number") return node
  if (node.end !== undefined) return -Errno.ESRCH
  const { process } = kernel
  if (process.euid !== 0 && process.euid !== node.kernel.process.uid) return -Errno.EPERM
  const file = node.kernel.files.get(target)
  return file === undefined ? -Errno.EBADF : kernel.files.install(file, true)
}
