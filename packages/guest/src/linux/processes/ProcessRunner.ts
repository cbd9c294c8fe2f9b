/** What the kernel asks of whoever runs processes. */
import type * as Effect from "effect/Effect"
import type { Kernel } from "../kernel/Kernel.ts"
import type { Image } from "../loader/mapElf.ts"
import type { Thread } from "../threads/Thread.ts"
import type { GuestMemories } from "../memory/GuestMemories.ts"
import type { GuestMemory } from "../memory/GuestMemory.ts"

/** What a forked process gets. */
export interface ForkRequest {
  /** Where it lives: in a copy of its parent's memory, or with its parent. */
  readonly guestMemory: GuestMemory
  /** Signal to the parent at its end; 0 for none. */
  readonly exitSignal: number
  /** Signals with handlers get their default action. */
  readonly clearsHandlers: boolean
}

export interface ProcessRunner {
  readonly guestMemories: GuestMemories
  /** The kernel of a new process, as fork(2) has it: without threads. */
  readonly fork: (parent: Kernel, request: ForkRequest) => Kernel
  /** Runs a thread from the system call on that has made it. */
  readonly start: (kernel: Kernel, thread: Thread) => void
  /** Runs an Effect beside the process's threads; the function returned stops it. It ends with the process. */
  readonly background: (kernel: Kernel, effect: Effect.Effect<void>) => () => void
  /** Ends all threads of a process but one, which has the turn. */
  readonly endOthers: (kernel: Kernel, survivor: Thread) => Effect.Effect<void>
  /** A program is in a process's memory, which may be another one than before. */
  readonly loaded: (kernel: Kernel, image: Image) => void
}
