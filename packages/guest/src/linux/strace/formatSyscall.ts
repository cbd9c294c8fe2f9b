/** Text of a system call as strace prints it. */
import type { Kernel } from "../Kernel.ts"
import type { Syscall } from "../Syscall.ts"

/** A finished call with its result; `undefined` for calls that do not return. */
export const formatSyscall = (
  kernel: Kernel,
  row: Syscall<Kernel>,
  args: ReadonlyArray<number | bigint>,
  result: number | bigint | undefined
): string =>
  `${kernel.process.pid} ${row.name}(${args.map((arg) => (arg < 4096 ? `${arg}` : `0x${arg.toString(16)}`)).join(",")}) = ${result ?? "?"}`
