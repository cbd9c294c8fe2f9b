/** Rows of the system calls on processes; clone is among those on threads. */
import type { Kernel } from "../kernel/Kernel.ts"
import { row } from "../kernel/row.ts"
import type { Syscall } from "../kernel/Syscall.ts"
import { execve, execveat } from "./exec.ts"
import { pidfdGetfd, pidfdOpen, pidfdSendSignal } from "./pidfd.ts"
import { processVmReadv, processVmWritev } from "./processMemory.ts"
import { wait4, waitid } from "./wait.ts"

const usage = "of what children have used: CPU time"

export const processSyscalls: ReadonlyArray<Syscall<Kernel>> = [
  row(95, "waitid", ["int", "int", "pointer", "uint", "pointer"], waitid, usage),
  { ...row(221, "execve", ["path", "pointer", "pointer"], execve), keepsTurn: true },
  row(260, "wait4", ["int", "pointer", "uint", "pointer"], wait4, usage),
  row(270, "process_vm_readv", ["int", "pointer", "size", "pointer", "size", "flags"], processVmReadv),
  row(271, "process_vm_writev", ["int", "pointer", "size", "pointer", "size", "flags"], processVmWritev),
  { ...row(281, "execveat", ["fd", "path", "pointer", "pointer", "flags"], execveat), keepsTurn: true },
  row(424, "pidfd_send_signal", ["fd", "signal", "pointer", "flags"], pidfdSendSignal),
  row(434, "pidfd_open", ["int", "flags"], pidfdOpen, "processes only, not threads"),
  row(438, "pidfd_getfd", ["fd", "fd", "flags"], pidfdGetfd)
]
