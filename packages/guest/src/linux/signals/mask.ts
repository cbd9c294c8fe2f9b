/** Dispositions and masks: rt_sigaction(2), rt_sigprocmask(2), rt_sigpending(2). */
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { readable, writable } from "../user/UserMemory.ts"
import { maxSignal, Sig } from "./constants.ts"

/** Size of a kernel `sigset_t`: the only one accepted. */
export const sigsetSize = 8
const actionSize = 24

/** rt_sigaction: 0 or a negative errno. */
export const sigaction = (kernel: Kernel, signal: number, next: number, old: number, setSize: number): number => {
  if (setSize !== sigsetSize || signal < 1 || signal > maxSignal) return -Errno.EINVAL
  if (next !== 0 && (signal === Sig.KILL || signal === Sig.STOP)) return -Errno.EINVAL
  const { view } = kernel.state
  if (next !== 0 && readable(kernel.state, next, actionSize) === undefined) return -Errno.EFAULT
  if (old !== 0 && writable(kernel.state, old, actionSize) === undefined) return -Errno.EFAULT
  const before = kernel.signals.action(signal)
  if (next !== 0) {
    kernel.signals.setAction(signal, {
      handler: Number(view.getBigUint64(next, true)),
      flags: view.getUint32(next + 8, true),
      mask: view.getBigUint64(next + 16, true)
    })
  }
  if (old !== 0) {
    view.setBigUint64(old, BigInt(before.handler), true)
    view.setBigUint64(old + 8, BigInt(before.flags), true)
    view.setBigUint64(old + 16, before.mask, true)
  }
  return 0
}

const How = { block: 0, unblock: 1, set: 2 }

/** rt_sigprocmask: 0 or a negative errno. */
export const sigprocmask = (kernel: Kernel, how: number, next: number, old: number, setSize: number): number => {
  if (setSize !== sigsetSize) return -Errno.EINVAL
  const { thread, state } = kernel
  const before = thread.mask
  if (next !== 0) {
    if (readable(state, next, sigsetSize) === undefined) return -Errno.EFAULT
    const set = state.view.getBigUint64(next, true)
    if (how === How.block) thread.setMask(before | set)
    else if (how === How.unblock) thread.setMask(before & ~set)
    else if (how === How.set) thread.setMask(set)
    else return -Errno.EINVAL
  }
  if (old !== 0) {
    if (writable(state, old, sigsetSize) === undefined) return -Errno.EFAULT
    state.view.setBigUint64(old, before, true)
  }
  return 0
}

/** rt_sigpending: 0 or a negative errno. */
export const sigpending = (kernel: Kernel, set: number, setSize: number): number => {
  if (setSize > sigsetSize) return -Errno.EINVAL
  const bytes = writable(kernel.state, set, setSize)
  if (bytes === undefined) return -Errno.EFAULT
  const { thread, signals } = kernel
  let pending = (thread.pending.set | signals.pending.set) & thread.mask
  for (let i = 0; i < setSize; i++, pending >>= 8n) bytes[i] = Number(pending & 0xffn)
  return 0
}
