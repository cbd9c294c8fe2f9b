/** Rows of the table of system calls, on the kernel record. */
import type { Kernel } from "./Kernel.ts"
import { syscall, type ArgKind, type ArgType, type Syscall, type SyscallResult } from "./Syscall.ts"

/**
 * Makes a row whose handler works on `Kernel`. See `syscall`.
 *
 * @param partial what is missing, for the table of support
 */
export const row = <const A extends ReadonlyArray<ArgKind>>(
  number: number,
  name: string,
  args: A,
  run: (kernel: Kernel, ...args: { [I in keyof A]: ArgType<A[I]> }) => SyscallResult,
  partial?: string
): Syscall<Kernel> => syscall<Kernel, A>(number, name, args, run, partial)
