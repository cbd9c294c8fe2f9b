/** The threads of a process: who is alive, new ones, ends. */
import { Errno } from "../errno.ts"
import type { ProcessInfo } from "../process/ProcessInfo.ts"
import { Futex } from "./Futex.ts"
import type { Scheduler } from "./Scheduler.ts"
import { Thread } from "./Thread.ts"

/** As many threads as one process may have: each is a vCPU, and plugins keep storage per vCPU. */
const maxThreads = 4096

export class Threads {
  readonly futex = new Futex()
  readonly scheduler: Scheduler
  readonly #live: Array<Thread> = []
  #nextTid: number
  readonly #name: string
  /** Runs a new thread: the driver's loop. */
  readonly #start: (thread: Thread) => void

  /** @param start is called with each thread that `create` made, once its registers are set */
  constructor(scheduler: Scheduler, process: ProcessInfo, start: (thread: Thread) => void) {
    this.scheduler = scheduler
    this.#nextTid = process.pid
    this.#name = process.name
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
   * Makes a thread, on the vCPU after the highest one in use. It starts with `start`.
   *
   * @returns the thread, or -EAGAIN if there are too many
   */
  create(name = this.#name): Thread | number {
    if (this.#live.length >= maxThreads) return -Errno.EAGAIN
    const vcpu = Math.max(-1, ...this.#live.map((thread) => thread.vcpu)) + 1
    const thread = new Thread(this.#nextTid++, vcpu, name)
    this.#live.push(thread)
    return thread
  }

  start(thread: Thread): void {
    this.#start(thread)
  }

  /** Takes a thread that ended out of the list; whether others live on. */
  remove(thread: Thread): boolean {
    const at = this.#live.indexOf(thread)
    if (at >= 0) this.#live.splice(at, 1)
    return this.#live.length > 0
  }
}
