/** Signals of a process: dispositions, what is pending for all threads, and sending. */
import * as Effect from "effect/Effect"
import { WaitQueue } from "../files/open/WaitQueue.ts"
import type { ProcessInfo } from "../processes/ProcessInfo.ts"
import type { Thread } from "../threads/Thread.ts"
import type { Threads } from "../threads/Threads.ts"
import { Disposition, ignoredByDefault, maxSignal, Sig, SigCode, signalBit, stopsByDefault } from "./constants.ts"
import { PendingSignals } from "./PendingSignals.ts"
import type { SignalInfo } from "./SignalInfo.ts"
import type { PosixTimer } from "./PosixTimer.ts"
import type { Timer } from "./Timer.ts"

/** `struct sigaction`. */
export interface SigAction {
  /** A `Disposition` or an address. */
  readonly handler: number
  /** `SaFlag` bits. */
  readonly flags: number
  readonly mask: bigint
}

export const defaultAction: SigAction = { handler: Disposition.default, flags: 0, mask: 0n }

export class Signals {
  readonly #threads: Threads
  readonly #process: ProcessInfo
  readonly #actions: Array<SigAction> = Array.from({ length: maxSignal + 1 }, () => defaultAction)
  /** Sent to the process, for any thread that does not block them. */
  readonly pending = new PendingSignals()
  /** Woken when a signal has become pending, for the process or a thread of it. */
  readonly arrivals = new WaitQueue()
  /** Timers of setitimer by kind, and of timer_create by id. */
  readonly intervalTimers = new Map<number, Timer>()
  readonly posixTimers = new Map<number, PosixTimer>()
  nextTimerId = 0
  /** Ends the watch over RLIMIT_CPU. */
  stopCpuWatch: (() => void) | undefined
  /** The signal that has stopped the process; undefined while it goes on. */
  #stoppedBy: number | undefined
  /** Woken when a process that was stopped goes on, be it to its end. */
  readonly continued = new WaitQueue()
  /** Told when the process stops, with the signal, and when it goes on by SIGCONT, with undefined. */
  onStopChange: (signal: number | undefined) => void = () => {}

  constructor(threads: Threads, process: ProcessInfo) {
    this.#threads = threads
    this.#process = process
  }

  action(signal: number): SigAction {
    return this.#actions[signal]!
  }

  /** Sets what a signal does. What is pending of it is dropped if that is nothing. */
  setAction(signal: number, action: SigAction): void {
    this.#actions[signal] = action
    if (this.isIgnored(signal)) this.#drop(signal)
  }

  /** Takes over what signals do in another process: in a forked one. */
  inherit(parent: Signals, clearsHandlers: boolean): void {
    parent.#actions.forEach((action, signal) => (this.#actions[signal] = action))
    if (clearsHandlers) this.#clearHandlers()
  }

  /** Another program is executed: handlers are gone, what is ignored stays so, and so do interval timers. */
  exec(): void {
    this.#clearHandlers()
    for (const { timer } of this.posixTimers.values()) timer.set({ value: 0n, interval: 0n })
    this.posixTimers.clear()
  }

  #clearHandlers(): void {
    this.#actions.forEach((action, signal) => {
      if (action.handler !== Disposition.ignore) this.#actions[signal] = defaultAction
    })
  }

  /** Whether the guest has a handler for a signal. */
  hasHandler(signal: number): boolean {
    const { handler } = this.#actions[signal]!
    return handler !== Disposition.default && handler !== Disposition.ignore
  }

  /** Whether a signal does nothing now. */
  isIgnored(signal: number): boolean {
    const { handler } = this.#actions[signal]!
    if (handler === Disposition.ignore) return true
    return handler === Disposition.default && ignoredByDefault.has(signal)
  }

  /** Whether the process stands still. */
  get isStopped(): boolean {
    return this.#stoppedBy !== undefined
  }

  /** Stops the process: calls that its threads wait in end, and are made again when it goes on. */
  stop(signal: number): void {
    if (this.#stoppedBy !== undefined) return
    this.#stoppedBy = signal
    for (const thread of this.#threads.list()) thread.notify()
    this.onStopChange(signal)
  }

  #goOn(): boolean {
    if (this.#stoppedBy === undefined) return false
    this.#stoppedBy = undefined
    this.continued.wake()
    return true
  }

  /** What the sending of a signal does at once, be it blocked or ignored (signal(7)): stopping and going on cancel each other. */
  #arrives(signal: number): void {
    if (signal === Sig.KILL) this.#goOn()
    else if (signal === Sig.CONT) {
      for (const stop of stopsByDefault) this.#drop(stop)
      if (this.#goOn()) this.onStopChange(undefined)
    } else if (stopsByDefault.has(signal)) this.#drop(Sig.CONT)
  }

  #drop(signal: number): void {
    this.pending.drop(signal)
    for (const thread of this.#threads.list()) thread.pending.drop(signal)
  }

  /** Sends a signal to one thread; false if its queue is full. */
  sendToThread(thread: Thread, info: SignalInfo): boolean {
    return this.#send(thread.pending, awaits(thread, info.signal) || accepts(thread, info.signal) ? thread : undefined, info)
  }

  /** Sends a signal to the process, for a thread that waits for it, else for the first that does not block it. */
  sendToProcess(info: SignalInfo): boolean {
    const threads = this.#threads.list()
    const taker =
      threads.find((thread) => awaits(thread, info.signal)) ?? threads.find((thread) => accepts(thread, info.signal))
    return this.#send(this.pending, taker, info)
  }

  /** Queues a signal and tells the thread that takes it. Ignored ones are dropped unless they are blocked or awaited. */
  #send(queue: PendingSignals, taker: Thread | undefined, info: SignalInfo): boolean {
    this.#arrives(info.signal)
    const isAwaited = taker !== undefined && awaits(taker, info.signal)
    if (taker !== undefined && !isAwaited && this.isIgnored(info.signal)) return true
    if (!queue.add(info)) return false
    this.arrivals.wake()
    if (isAwaited) taker.awaited!.wake()
    else taker?.notify()
    return true
  }

  /** Sends SIGPIPE to the thread whose call failed with EPIPE. */
  pipe(): void {
    const thread = this.#threads.current
    if (thread !== undefined) this.sendToThread(thread, this.fromSelf(Sig.PIPE, SigCode.user))
  }

  /** The information of a signal that the process sends itself. */
  fromSelf(signal: number, code: number): SignalInfo {
    return { signal, code, pid: this.#process.pid, uid: this.#process.uid }
  }

  /** Whether a thread has to leave a wait: it has a signal that it does not block, or the process stops. */
  isPending(thread: Thread): boolean {
    return this.isStopped || ((thread.pending.set | this.pending.set) & ~thread.mask) !== 0n
  }

  /** Takes the next signal for a thread out of those in `allowed`: its own first. */
  take(thread: Thread, allowed: bigint): SignalInfo | undefined {
    return thread.pending.take(allowed) ?? this.pending.take(allowed)
  }

  /**
   * Runs a call with another signal mask: ppoll, pselect6, epoll_pwait. If a signal ends the call, its handler runs
   * before the mask goes back.
   */
  withMask<A>(thread: Thread, mask: bigint, effect: Effect.Effect<A>): Effect.Effect<A> {
    return Effect.suspend(() => {
      const before = thread.mask
      thread.setMask(mask)
      if (this.isPending(thread)) thread.interrupt?.()
      return effect.pipe(
        Effect.tap(() => Effect.sync(() => thread.setMask(before))),
        Effect.onInterrupt(() => Effect.sync(() => (thread.maskAfter = before)))
      )
    })
  }
}

const awaits = (thread: Thread, signal: number): boolean => ((thread.awaited?.set ?? 0n) & signalBit(signal)) !== 0n
const accepts = (thread: Thread, signal: number): boolean => (thread.mask & signalBit(signal)) === 0n
