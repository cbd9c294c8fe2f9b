/** Signals as files. */
import { Errno } from "../../kernel/errno.ts"
import type { Kernel } from "../../kernel/Kernel.ts"
import { row } from "../../kernel/row.ts"
import { Sig, signalBit } from "../../signals/constants.ts"
import { sigsetSize } from "../../signals/mask.ts"
import { readable } from "../../user/UserMemory.ts"
import { O } from "../constants.ts"
import { SignalFd } from "../open/SignalFd.ts"

/** signalfd4: a new descriptor (`fd` -1), or `fd` with another set of signals. */
const signalfd = (kernel: Kernel, fd: number, set: number, setSize: number, flags: number): number => {
  if (setSize !== sigsetSize || (flags & ~(O.CLOEXEC | O.NONBLOCK)) !== 0) return -Errno.EINVAL
  if (readable(kernel.state, set, sigsetSize) === undefined) return -Errno.EFAULT
  const mask = kernel.state.view.getBigUint64(set, true) & ~(signalBit(Sig.KILL) | signalBit(Sig.STOP))
  if (fd === -1) {
    const { files, signals, threads } = kernel
    const file = new SignalFd({ signals, threads: () => threads.list() }, mask, flags & O.NONBLOCK)
    return files.install(file, (flags & O.CLOEXEC) !== 0)
  }
  const file = kernel.files.get(fd)
  if (file === undefined) return -Errno.EBADF
  if (!(file instanceof SignalFd)) return -Errno.EINVAL
  file.mask = mask
  return fd
}

export const signalFileSyscalls = [row(74, "signalfd4", ["fd", "pointer", "size", "flags"], signalfd)]
