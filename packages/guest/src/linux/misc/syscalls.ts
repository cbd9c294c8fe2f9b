/** System calls about the process, its limits and the system. */
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { row } from "../kernel/row.ts"
import type { Syscall } from "../kernel/Syscall.ts"
import { identitySyscalls } from "./identity.ts"
import { limitSyscalls } from "./limits.ts"
import { schedulingSyscalls } from "./scheduling.ts"
import { systemSyscalls } from "./system.ts"

/** Calls that programs try and do without: ENOSYS, with no warning. */
const absent = [
  row(277, "seccomp", ["uint", "flags", "pointer"], () => -Errno.ENOSYS, "ENOSYS"),
  row(280, "bpf", ["int", "pointer", "uint"], () => -Errno.ENOSYS, "ENOSYS"),
  row(241, "perf_event_open", ["pointer", "int", "int", "fd", "flags"], () => -Errno.ENOSYS, "ENOSYS"),
  row(282, "userfaultfd", ["flags"], () => -Errno.ENOSYS, "ENOSYS"),
  row(444, "landlock_create_ruleset", ["pointer", "size", "flags"], () => -Errno.ENOSYS, "ENOSYS")
]

export const miscSyscalls: ReadonlyArray<Syscall<Kernel>> = [
  ...identitySyscalls,
  ...limitSyscalls,
  ...schedulingSyscalls,
  ...systemSyscalls,
  ...absent
]
