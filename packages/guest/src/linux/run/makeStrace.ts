/** `--strace`: a line per system call. */
import type { Kernel } from "../kernel/Kernel.ts"
import { formatCall, formatResult } from "../strace/formatSyscall.ts"
import type { Strace } from "./Driver.ts"

/** Prints the system calls of a process, each line with its id. */
export const makeStrace = (kernel: Kernel, print: ((line: string) => void) | undefined): Strace | undefined =>
  print && {
    call: ({ args, number, row }) =>
      row === undefined ? `${kernel.process.pid} syscall_${number}()` : formatCall(kernel, row, args),
    result: (text, { number, row }, result) =>
      print(result === undefined ? text : `${text} = ${formatResult(row?.name ?? `syscall_${number}`, result)}`)
  }
