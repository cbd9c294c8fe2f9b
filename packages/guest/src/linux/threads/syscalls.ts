/** Rows of the system calls on threads and their scheduling. */
import * as Effect from "effect/Effect"
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { row } from "../kernel/row.ts"
import { internalResult, type Syscall, type SyscallResult } from "../kernel/Syscall.ts"
import { readable, writable } from "../user/UserMemory.ts"
import { clone, clone3 } from "./clone.ts"
import { futex } from "./futexCall.ts"

const robustListHeadSize = 24
const membarrierCommands = 0x1ff

/** sched_yield: who waits has a turn first. The thread queues up before the next one runs, which may yield at once, too. */
const schedYield = ({ thread, threads: { scheduler } }: Kernel): SyscallResult => {
  if (!scheduler.isContended) return 0
  thread.turn = Infinity
  return Effect.as(scheduler.rotate(thread), 0)
}

export const threadSyscalls: ReadonlyArray<Syscall<Kernel>> = [
  row(93, "exit", ["int"], (kernel, status) => {
    kernel.thread.exitStatus = status & 0xff
    return internalResult.exit
  }),
  row(94, "exit_group", ["int"], (kernel, status) => {
    kernel.process.exitStatus = status & 0xff
    return internalResult.exit
  }),
  row(96, "set_tid_address", ["pointer"], (kernel, address) => {
    kernel.thread.clearChildTid = address
    return kernel.thread.tid
  }),
  row(98, "futex", ["pointer", "int", "uint", "pointer", "pointer", "uint"], futex, "no priority inheritance"),
  row(99, "set_robust_list", ["pointer", "size"], (kernel, head, size) => {
    if (size !== robustListHeadSize) return -Errno.EINVAL
    kernel.thread.robustList = head
    return 0
  }),
  row(100, "get_robust_list", ["int", "pointer", "pointer"], (kernel, tid, head, size) => {
    const thread = tid === 0 ? kernel.thread : kernel.threads.find(tid)
    if (thread === undefined) return -Errno.ESRCH
    if (writable(kernel.state, head, 8) === undefined || writable(kernel.state, size, 8) === undefined) return -Errno.EFAULT
    kernel.state.view.setBigUint64(head, BigInt(thread.robustList), true)
    kernel.state.view.setBigUint64(size, BigInt(robustListHeadSize), true)
    return 0
  }),
  row(122, "sched_setaffinity", ["int", "size", "pointer"], (kernel, tid, size, mask) => {
    if (tid !== 0 && kernel.threads.find(tid) === undefined) return -Errno.ESRCH
    const bytes = readable(kernel.state, mask, Math.min(size, 128))
    if (bytes === undefined) return -Errno.EFAULT
    return bytes.some((byte) => byte !== 0) ? 0 : -Errno.EINVAL
  }),
  row(123, "sched_getaffinity", ["int", "size", "pointer"], (kernel, tid, size, mask) => {
    if (tid !== 0 && kernel.threads.find(tid) === undefined) return -Errno.ESRCH
    const cpus = kernel.host.cpus
    const length = Math.ceil(cpus / 64) * 8
    if (size < length || size % 8 !== 0) return -Errno.EINVAL
    const bytes = writable(kernel.state, mask, length)
    if (bytes === undefined) return -Errno.EFAULT
    bytes.fill(0)
    for (let cpu = 0; cpu < cpus; cpu++) bytes[cpu >> 3]! |= 1 << (cpu & 7)
    return length
  }),
  // an Effect: the dispatcher lets others run meanwhile
  { ...row(124, "sched_yield", [], schedYield), keepsTurn: true },
  row(178, "gettid", [], (kernel) => kernel.thread.tid),
  row(
    220,
    "clone",
    ["long", "pointer", "pointer", "long", "pointer"],
    clone,
    "no namespaces; CLONE_FILES and CLONE_FS of processes copy"
  ),
  // turns alone order what threads see, so every barrier is there already
  row(283, "membarrier", ["int", "flags", "int"], (_, command, flags) =>
    flags !== 0
      ? -Errno.EINVAL
      : command === 0
        ? membarrierCommands
        : (command & ~membarrierCommands) === 0
          ? 0
          : -Errno.EINVAL
  ),
  row(293, "rseq", ["pointer", "uint", "int", "uint"], () => -Errno.ENOSYS, "ENOSYS"),
  row(435, "clone3", ["pointer", "size"], clone3, "as clone")
]
