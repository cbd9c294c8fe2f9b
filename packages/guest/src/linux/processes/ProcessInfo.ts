/** Facts about the guest process that system calls report. */
import type { Identity } from "../../HostInfo.ts"

/** Who the process is and how it was started. Identities are the host's unless the run fixes them. */
export interface ProcessInfo extends Identity {
  /** Another one when the parent has ended. */
  ppid: number
  /** Absolute guest path of the program: /proc/self/exe. */
  executable: string
  argv: ReadonlyArray<string>
  env: ReadonlyArray<string>
  /** Auxiliary vector as it lies on the stack: /proc/self/auxv. */
  auxv: Uint8Array
  /** Where the vdso is mapped. */
  vdsoBase: number
  /** Set once exit_group was called: the process ends. */
  exitStatus: number | undefined
  /** Status that the main thread gave to exit: the process's, once the last thread is gone. */
  leaderStatus: number | undefined
  /** Release that uname reports. */
  readonly unameRelease: string
  /** Soft stack limit in bytes: RLIMIT_STACK. */
  readonly stackSize: number
  /** Name of the main thread, at most 15 bytes: /proc/self/comm, PR_GET_NAME. */
  name: string
}
