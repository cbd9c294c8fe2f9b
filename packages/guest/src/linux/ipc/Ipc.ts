/** What processes of a run share beside files and sockets. */
import { IpcTable } from "./IpcTable.ts"
import type { Messages } from "./Messages.ts"
import type { SemaphoreSet } from "./SemaphoreSet.ts"
import type { SharedMemory } from "./SharedMemory.ts"

export class Ipc {
  /** SHMMNI, SEMMNI and MSGMNI of Linux. */
  readonly segments = new IpcTable<SharedMemory>(4096)
  readonly semaphores = new IpcTable<SemaphoreSet>(32000)
  readonly messages = new IpcTable<Messages>(32000)

  /** A process has ended. */
  processEnded(pid: number): void {
    for (const set of this.semaphores.all()) set.undo(pid)
  }
}
