/** The threads of a process: who is alive, new ones, ends. */
import { Errno } from "../kernel/errno.ts"
import type { ProcessInfo } from "../processes/ProcessInfo.ts"
import type { GuestMemory } from "../memory/GuestMemory.ts"
import type { Scheduler } from "./Scheduler.ts"
import { addTimes, type CpuTime, noTime } from "../time/CpuMeter.ts"
import { Thread } from "./Thread.ts"

/** As many threads as there may be: each is a vCPU, and plugins keep storage per vCPU. */
const maxThreads = 4096

/** Numbers for new threads; all processes share them. */
export interface ThreadIds {
  readonly nextId: () => number
  readonly freeVcpu: () => number
}

export class Threads {
  readonly scheduler: Scheduler
  readonly #live: Array<Thread> = []
  readonly #ids: ThreadIds
  readonly #process: ProcessInfo
  /** CPU time of threads that have ended. */
  #ended = noTime
  /** Runs a new thread: the driver's loop. */
  readonly #start: (thread: Thread) => void

  /** @param start is called with each thread that `create` made, once its registers are set */
  constructor(scheduler: Scheduler, process: ProcessInfo, ids: ThreadIds, start: (thread: Thread) => void) {
    this.scheduler = scheduler
    this.#ids = ids
    this.#process = process
    this.#start = start
  }

  /** Live threads in the order of their making. */
  list(): ReadonlyArray<Thread> {
    return this.#live
  }

  find(tid: number): Thread | undefined {
    return this.#live.find((thread) => thread.tid === tid)
  }

  /** The live thread on a vCPU. */
  onVcpu(vcpu: number): Thread | undefined {
    return this.#live.find((thread) => thread.vcpu === vcpu)
  }

  /** The thread that has the turn. */
  get current(): Thread | undefined {
    return this.scheduler.running
  }

  /**
   * Makes a thread, on the vCPU after the highest one in use. The first one has the process's id. It starts with `start`.
   *
   * @returns the thread, or -EAGAIN if there are too many
   */
  create(guestMemory: GuestMemory, name = this.#process.name): Thread | number {
    const vcpu = this.#ids.freeVcpu()
    if (vcpu >= maxThreads) return -Errno.EAGAIN
    const { pid } = this.#process
    const thread = new Thread(pid, this.#live.length === 0 ? pid : this.#ids.nextId(), vcpu, name, guestMemory)
    this.#live.push(thread)
    return thread
  }

  /** CPU time of all threads, also those that have ended. */
  cpuTime(): CpuTime {
    return this.#live.reduce((sum, thread) => addTimes(sum, this.scheduler.usedBy(thread)), this.#ended)
  }

  start(thread: Thread): void {
    this.#start(thread)
  }

  /** Takes a thread that ended out of the list; whether others live on. */
  remove(thread: Thread): boolean {
    const at = this.#live.indexOf(thread)
    if (at >= 0) {
      this.#live.splice(at, 1)
      this.#ended = addTimes(this.#ended, this.scheduler.usedBy(thread))
    }
    return this.#live.length > 0
  }
}
