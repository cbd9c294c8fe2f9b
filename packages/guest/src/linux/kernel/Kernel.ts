/** The kernel record: what the handler of a system call works on. One per guest process. */
import type { CpuState } from "@emu/tcg/CpuState"
import type * as Effect from "effect/Effect"
import type { HostInfoShape } from "../../HostInfo.ts"
import type { LinuxAbi } from "./Abi.ts"
import type { FileTable } from "../files/FileTable.ts"
import type { AddressSpace } from "../memory/AddressSpace.ts"
import type { Attributes } from "../misc/Attributes.ts"
import type { ProcessInfo } from "../processes/ProcessInfo.ts"
import type { Image } from "../loader/mapElf.ts"
import type { GuestMemories } from "../memory/GuestMemories.ts"
import type { GuestMemory } from "../memory/GuestMemory.ts"
import type { Ipc } from "../ipc/Ipc.ts"
import type { Network } from "../sockets/Network.ts"
import type { ProcessView } from "../pluginView/ProcessView.ts"
import type { ProcessNode, ProcessTree } from "../processes/ProcessTree.ts"
import type { Terminals } from "../jobs/Terminals.ts"
import type { Random } from "./Random.ts"
import type { Signals } from "../signals/Signals.ts"
import type { Thread } from "../threads/Thread.ts"
import type { Threads } from "../threads/Threads.ts"
import type { Clock } from "../time/Clock.ts"

/** One concern per field; each is a class or record of its folder. */
export interface Kernel {
  /** Where the process lives: another one from each program on that it executes. `state` and `memory` are its own. */
  guestMemory: GuestMemory
  readonly state: CpuState
  readonly abi: LinuxAbi
  /** Who and where the host says we are: ids, names, processors, memory. */
  readonly host: HostInfoShape
  readonly memory: AddressSpace
  readonly signals: Signals
  readonly threads: Threads
  readonly files: FileTable
  /** The processes of the run, and this one among them. */
  readonly processes: ProcessTree<Kernel>
  readonly node: ProcessNode<Kernel>
  readonly terminals: Terminals
  /** Starts and ends threads and processes. */
  readonly runner: ProcessRunner
  /** What plugins see of the program; undefined until one is loaded. */
  view: ProcessView | undefined
  /** What the sockets of all processes of the run have in common. */
  readonly network: Network
  /** System V IPC of the run. */
  readonly ipc: Ipc
  readonly time: Clock
  readonly process: ProcessInfo
  /** Limits, groups and other settings that the process can change. */
  readonly attributes: Attributes
  /** Bytes of AT_RANDOM, getrandom and /dev/urandom: the same for the same `--seed`. */
  readonly random: Random
  /** Drops translated code that may have changed: the instruction cache flush of the architecture. */
  readonly flushCode: () => void
  /**
   * Memory is about to be shared with another thread or process. The first time drops all translated code, as QEMU does,
   * so that how often blocks are translated agrees where plugins see that.
   */
  readonly shareMemory: () => void
  /** Starts an Effect in the background of the process; the function returned stops it. It ends with the process. */
  readonly fork: (effect: Effect.Effect<void>) => () => void
  /** Writes one line for the user to stderr, without newline; silent under `--quiet`. */
  readonly warn: (line: string) => void
  /**
   * The thread whose call is handled, and whose registers are in `state`. Handlers that return an Effect read it before the
   * Effect runs: by then it may be another one.
   */
  readonly thread: Thread
}

/** What the kernel asks of whoever runs processes. */
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

/** What a forked process gets. */
export interface ForkRequest {
  /** Where it lives: in a copy of its parent's memory, or with its parent. */
  readonly guestMemory: GuestMemory
  /** Signal to the parent at its end; 0 for none. */
  readonly exitSignal: number
  /** Signals with handlers get their default action. */
  readonly clearsHandlers: boolean
}
