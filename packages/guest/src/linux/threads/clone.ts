/** New threads and processes: clone(2), clone3(2). */
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { forkProcess } from "../processes/fork.ts"
import type { SyscallResult } from "../kernel/Syscall.ts"
import { readable, writable } from "../user/UserMemory.ts"
import { prepareChild } from "./childThread.ts"
import { CloneFlag, type CloneRequest } from "./CloneRequest.ts"

/** clone, with the argument order of RISC-V: the child's id or a negative errno. */
export const clone = (
  kernel: Kernel,
  flags: bigint,
  stack: number,
  parentTid: number,
  tls: bigint,
  childTid: number
): SyscallResult => {
  // both would be stored at the same place
  const twice = CloneFlag.pidfd | CloneFlag.parentSetTid
  if ((flags & twice) === twice) return -Errno.EINVAL
  return create(kernel, {
    flags: flags & 0xffff_ff00n,
    exitSignal: Number(flags & 0xffn),
    stack,
    parentTid,
    childTid,
    tls,
    pidfd: parentTid
  })
}

const minArgs = 64
const maxArgs = 4096

/** clone3: the child's id or a negative errno. */
export const clone3 = (kernel: Kernel, args: number, size: number): SyscallResult => {
  if (size < minArgs) return -Errno.EINVAL
  if (size > maxArgs) return -Errno.E2BIG
  if (readable(kernel.state, args, size) === undefined) return -Errno.EFAULT
  const field = (index: number): bigint => kernel.state.view.getBigUint64(args + 8 * index, true)
  const stack = field(5)
  return create(kernel, {
    flags: field(0),
    exitSignal: Number(field(4)),
    stack: stack === 0n ? 0 : Number(stack + field(6)),
    parentTid: Number(field(3)),
    childTid: Number(field(2)),
    tls: field(7),
    pidfd: Number(field(1))
  })
}

const create = (kernel: Kernel, request: CloneRequest): SyscallResult =>
  (request.flags & CloneFlag.thread) === 0n ? forkProcess(kernel, request) : createThread(kernel, request)

const createThread = (kernel: Kernel, request: CloneRequest): number => {
  const { state, threads, thread: parent } = kernel
  const has = (flag: bigint): boolean => (request.flags & flag) !== 0n
  if (!has(CloneFlag.vm) || !has(CloneFlag.sighand) || has(CloneFlag.pidfd)) return -Errno.EINVAL
  if (has(CloneFlag.parentSetTid) && writable(state, request.parentTid, 4) === undefined) return -Errno.EFAULT
  const child = threads.create(kernel.guestMemory, parent.name)
  if (typeof child === "number") return child
  kernel.shareMemory()
  prepareChild(kernel, child, request)
  threads.start(child)
  return child.tid
}
