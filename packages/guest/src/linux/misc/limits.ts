/** Limits and priorities. */
import { Errno } from "../kernel/errno.ts"
import { getWords, putWords } from "../user/userBuffers.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { row } from "../kernel/row.ts"
import { Resource } from "./Attributes.ts"
import { watchCpuTime } from "./enforceLimits.ts"
import { isSelf } from "./identity.ts"

/** prlimit64: reads (`old` not null) and changes (`next` not null) a limit of this process. */
const prlimit64 = (kernel: Kernel, pid: number, resource: number, next: number, old: number): number => {
  const before = kernel.attributes.limit(resource)
  if (before === undefined) return -Errno.EINVAL
  if (!isSelf(kernel, pid)) return -Errno.ESRCH
  const wanted = next === 0 ? undefined : getWords(kernel.state, next, 2)
  if (next !== 0 && wanted === undefined) return -Errno.EFAULT
  if (wanted !== undefined) {
    const [soft, hard] = wanted.map((word) => BigInt.asUintN(64, word)) as [bigint, bigint]
    const error = kernel.attributes.setLimit(resource, { soft, hard }, kernel.process.euid === 0)
    if (error < 0) return error
    if (resource === Resource.NOFILE) kernel.files.limit = Number(soft)
    if (resource === Resource.CPU) watchCpuTime(kernel)
  }
  return old === 0 ? 0 : putWords(kernel.state, old, [before.soft, before.hard])
}

/** getpriority: 20 minus the nice value, as the system call has it. `which`: PRIO_PROCESS 0, PGRP 1, USER 2. */
const getpriority = (kernel: Kernel, which: number, who: number): number => {
  if (which < 0 || which > 2) return -Errno.EINVAL
  return isSelf(kernel, who) || which === 2 ? 20 - kernel.attributes.nice : -Errno.ESRCH
}

const setpriority = (kernel: Kernel, which: number, who: number, nice: number): number => {
  if (which < 0 || which > 2) return -Errno.EINVAL
  if (!isSelf(kernel, who) && which !== 2) return -Errno.ESRCH
  const wanted = Math.max(-20, Math.min(19, nice))
  if (wanted < kernel.attributes.nice && kernel.process.euid !== 0) return -Errno.EACCES
  kernel.attributes.nice = wanted
  return 0
}

const enforced = "RLIMIT_NOFILE, FSIZE, CPU and NPROC are enforced"

export const limitSyscalls = [
  row(
    30,
    "ioprio_set",
    ["int", "int", "int"],
    (kernel, which, who, priority) => {
      if (which < 1 || which > 3) return -Errno.EINVAL
      if (!isSelf(kernel, who)) return -Errno.ESRCH
      kernel.attributes.ioPriority = priority
      return 0
    },
    "kept, without effect"
  ),
  row(31, "ioprio_get", ["int", "int"], (kernel, which, who) => {
    if (which < 1 || which > 3) return -Errno.EINVAL
    return isSelf(kernel, who) ? kernel.attributes.ioPriority : -Errno.ESRCH
  }),
  row(140, "setpriority", ["int", "int", "int"], setpriority, "kept, without effect"),
  row(141, "getpriority", ["int", "int"], getpriority),
  row(163, "getrlimit", ["int", "pointer"], (kernel, resource, old) => prlimit64(kernel, 0, resource, 0, old)),
  row(
    164,
    "setrlimit",
    ["int", "pointer"],
    (kernel, resource, next) => (next === 0 ? -Errno.EFAULT : prlimit64(kernel, 0, resource, next, 0)),
    enforced
  ),
  row(261, "prlimit64", ["int", "int", "pointer", "pointer"], prlimit64, `of this process; ${enforced}`)
]
