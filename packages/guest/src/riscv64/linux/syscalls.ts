/** Rows of the system calls that only RISC-V has. */
import type { Kernel } from "../../linux/kernel/Kernel.ts"
import { row } from "../../linux/kernel/row.ts"
import type { Syscall } from "../../linux/kernel/Syscall.ts"
import { hwprobeSyscalls } from "./hwprobe.ts"

export const riscv64Syscalls: ReadonlyArray<Syscall<Kernel>> = [
  ...hwprobeSyscalls,
  row(259, "riscv_flush_icache", ["pointer", "pointer", "flags"], (kernel) => {
    kernel.flushCode()
    return 0
  })
]
