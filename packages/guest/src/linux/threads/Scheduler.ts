/**
 * Whose turn it is. The threads of all processes are fibers on one JS thread; the one that has the turn runs guest code and has its
 * registers in the memory where it runs. Turns go round in the order of asking, so the same program runs in the same
 * order each time.
 */
import * as Effect from "effect/Effect"
import { type CpuTime, noTime } from "../time/CpuMeter.ts"
import { CpuWaits } from "../time/CpuWaits.ts"
import type { Thread } from "./Thread.ts"

interface Waiter {
  readonly thread: Thread
  readonly take: () => void
}

/**
 * After so many turns that ended early the host gets one: signals, timers and input wait for that. A number of turns and not a time, so
 * that a run stays reproducible.
 */
const turnsPerHostTurn = 16

/** Deeper than this a thread goes on later: there may be more of them than the stack has room for. */
const maxDepth = 32

export class Scheduler {
  #last: Thread | undefined
  #running: Thread | undefined
  readonly #queue: Array<Waiter> = []
  /** Threads that got the turn from one that released it on the stack: each goes on within the call of the one before. */
  #depth = 0
  /** Turns since the host had one. */
  #turns = 0
  readonly #onIdle: (isIdle: boolean) => void
  readonly #onSwitch: (thread: Thread) => void
  readonly #cpu: () => CpuTime
  /** Those who wait for CPU time to be used. */
  readonly cpuWaits = new CpuWaits()

  /**
   * @param onIdle is told when the last thread gives up its turn, and when one has it again
   * @param onSwitch is told of a thread that has the turn after another one, before it goes on
   * @param cpu shows CPU time of the host, by which that of threads is measured
   */
  constructor(
    onIdle: (isIdle: boolean) => void = () => {},
    onSwitch: (thread: Thread) => void = () => {},
    cpu: () => CpuTime = () => noTime
  ) {
    this.#onIdle = onIdle
    this.#onSwitch = onSwitch
    this.#cpu = cpu
  }

  /** The thread that has the turn. */
  get running(): Thread | undefined {
    return this.#running
  }

  /** Whether another thread waits for its turn. */
  get isContended(): boolean {
    return this.#queue.length > 0
  }

  /** Whether the host has waited long enough: threads may hand each other the turn for ever, none of which runs to the end of its own. */
  get isHostDue(): boolean {
    return this.#turns >= turnsPerHostTurn
  }

  /** Something has been done that takes long by itself, such as making a process: the host is to have a turn soon. */
  letHostIn(): void {
    this.#turns = turnsPerHostTurn
  }

  /** Lets the host do what it has to. Who has the turn keeps it. */
  readonly yieldToHost: Effect.Effect<void> = Effect.suspend(() => {
    this.cpuWaits.check()
    this.#turns = 0
    return Effect.yieldNow
  })

  /** Waits for the turn; then the thread's registers are loaded. */
  acquire(thread: Thread): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#running === undefined) {
        this.#onIdle(false)
        this.#take(thread)
        return Effect.void
      }
      return this.#queueUp(thread)
    })
  }

  /** Gives the turn to whoever waits longest, and waits for the next one. */
  rotate(thread: Thread): Effect.Effect<void> {
    return this.#queueUp(thread, () => this.release())
  }

  /** Gives the turn to whoever waits longest. */
  release(): void {
    this.#running?.cpu.stop(this.#cpu())
    // before the turn is free: who is woken queues up for it
    this.cpuWaits.check()
    this.#running = undefined
    const next = this.#queue.shift()
    if (next === undefined) return this.#onIdle(true)
    this.#take(next.thread)
    this.#depth++
    next.take()
    this.#depth--
  }

  #queueUp(thread: Thread, then: () => void = () => {}): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      const waiter = { thread, take: () => resume(this.#depth < maxDepth ? Effect.void : Effect.yieldNow) }
      this.#queue.push(waiter)
      then()
      return Effect.sync(() => {
        const at = this.#queue.indexOf(waiter)
        if (at >= 0) this.#queue.splice(at, 1)
        else if (this.#running === thread) this.release()
      })
    })
  }

  /** CPU time that a thread has used. */
  usedBy(thread: Thread): CpuTime {
    return thread.cpu.read(this.#cpu())
  }

  /** The state slots of a thread's vCPU, wherever they are now. */
  slots(thread: Thread): BigUint64Array<ArrayBufferLike> {
    const { buffer, byteOffset, length } = thread === thread.guestMemory.loaded ? thread.guestMemory.slots : thread.saved
    return new BigUint64Array(buffer, byteOffset, length)
  }

  #take(thread: Thread): void {
    this.#running = thread
    thread.cpu.start(this.#cpu())
    thread.guestMemory.load(thread)
    if (this.#last === thread) return
    this.#last = thread
    this.#turns++
    this.#onSwitch(thread)
  }
}
