/** The table of system calls: every concern's rows by number. */
import { riscv64Syscalls } from "../../riscv64/linux/syscalls.ts"
import { fileSyscalls } from "../files/syscalls.ts"
import { ipcSyscalls } from "../ipc/syscalls.ts"
import type { Kernel } from "./Kernel.ts"
import { memorySyscalls } from "../memory/syscalls.ts"
import { miscSyscalls } from "../misc/syscalls.ts"
import { processSyscalls } from "../processes/syscalls.ts"
import { signalSyscalls } from "../signals/syscalls.ts"
import { socketSyscalls } from "../sockets/syscalls.ts"
import type { Syscall } from "./Syscall.ts"
import { threadSyscalls } from "../threads/syscalls.ts"
import { timeSyscalls } from "../time/syscalls.ts"

/** All rows, by number. */
export const syscalls: ReadonlyMap<number, Syscall<Kernel>> = new Map(
  [
    ...fileSyscalls,
    ...timeSyscalls,
    ...miscSyscalls,
    ...memorySyscalls,
    ...signalSyscalls,
    ...threadSyscalls,
    ...processSyscalls,
    ...socketSyscalls,
    ...ipcSyscalls,
    ...riscv64Syscalls
  ].map((row) => [row.number, row])
)
