/** Scheduling parameters: all threads run under SCHED_OTHER. */
import { Errno } from "../kernel/errno.ts"
import { getInt, putBytes, putInt, putWords } from "../user/userBuffers.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { row } from "../kernel/row.ts"
import { isSelf } from "./identity.ts"

/** Policies: OTHER 0, FIFO 1, RR 2, BATCH 3, IDLE 5, DEADLINE 6. */
const realTime = (policy: number): boolean => policy === 1 || policy === 2
const known = (policy: number): boolean => [0, 1, 2, 3, 5, 6].includes(policy)

const setscheduler = (kernel: Kernel, pid: number, policyAndFlags: number, address: number): number => {
  const policy = policyAndFlags & ~0x4000_0000
  if (pid < 0 || !known(policy)) return -Errno.EINVAL
  const priority = getInt(kernel.state, address)
  if (priority === undefined) return -Errno.EFAULT
  if (!isSelf(kernel, pid)) return -Errno.ESRCH
  if (realTime(policy) ? priority < 1 || priority > 99 : priority !== 0) return -Errno.EINVAL
  return realTime(policy) || policy === 6 ? -Errno.EPERM : 0
}

const setparam = (kernel: Kernel, pid: number, address: number): number => setscheduler(kernel, pid, 0, address)

const getparam = (kernel: Kernel, pid: number, address: number): number => {
  if (pid < 0 || address === 0) return -Errno.EINVAL
  return isSelf(kernel, pid) ? putInt(kernel.state, address, 0) : -Errno.ESRCH
}

const getscheduler = (kernel: Kernel, pid: number): number =>
  pid < 0 ? -Errno.EINVAL : isSelf(kernel, pid) ? 0 : -Errno.ESRCH

/** sched_getattr: `struct sched_attr` of 48 bytes: its size, the policy (OTHER) and the nice value count. */
const getattr = (kernel: Kernel, pid: number, address: number, size: number): number => {
  if (pid < 0 || address === 0 || size < 48) return -Errno.EINVAL
  if (!isSelf(kernel, pid)) return -Errno.ESRCH
  const bytes = new Uint8Array(48)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, 48, true)
  view.setInt32(16, kernel.attributes.nice, true)
  return putBytes(kernel.state, address, bytes)
}

const priorityRange = (policy: number, bound: number): number =>
  !known(policy) ? -Errno.EINVAL : realTime(policy) ? bound : 0

const otherOnly = "SCHED_OTHER only"

export const schedulingSyscalls = [
  row(118, "sched_setparam", ["int", "pointer"], setparam, otherOnly),
  row(119, "sched_setscheduler", ["int", "int", "pointer"], setscheduler, otherOnly),
  row(120, "sched_getscheduler", ["int"], getscheduler),
  row(121, "sched_getparam", ["int", "pointer"], getparam),
  row(125, "sched_get_priority_max", ["int"], (_, policy) => priorityRange(policy, 99)),
  row(126, "sched_get_priority_min", ["int"], (_, policy) => priorityRange(policy, 1)),
  row(127, "sched_rr_get_interval", ["int", "pointer"], (kernel, pid, address) => {
    if (pid < 0) return -Errno.EINVAL
    return isSelf(kernel, pid) ? putWords(kernel.state, address, [0n, 4_000_000n]) : -Errno.ESRCH
  }),
  row(275, "sched_getattr", ["int", "pointer", "uint", "flags"], getattr)
]
