/** Rows of the system calls that only RISC-V has. */
import type { Kernel } from "../../linux/Kernel.ts"
import { type Syscall, syscall } from "../../linux/Syscall.ts"
import { hwprobeSyscalls } from "./hwprobe.ts"

export const riscv64Syscalls: ReadonlyArray<Syscall<Kernel>> = [
  ...hwprobeSyscalls,
  syscall(259, "riscv_flush_icache", ["pointer", "pointer", "flags"], (kernel: Kernel) => {
    kernel.flushCode()
    return 0
  })
]
