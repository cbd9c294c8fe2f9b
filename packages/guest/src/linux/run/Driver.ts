/**
 * The driver: one fiber per vCPU that runs slices of guest code, handles why they ended, and tells plugins.
 *
 * What can be done at once is done in `#slice` without Effect: system calls that do not wait while no plugin listens,
 * faults, signals. What waits or calls plugins is an Effect that `#slice` gives back, run after guest code was left.
 */
import { DisconKind, PluginEvent } from "@emu/core/PluginEvent"
import type { OutOfRangeError, VcpuNotLiveError } from "@emu/core/PluginError"
import type { Left, VcpuInitError } from "@emu/core/VcpuLifeCycle"
import { type ExitRequest, exitRequestIn } from "@emu/core/ExitRequest"
import type { SetPcRequest } from "@emu/core/SetPcRequest"
import { type Exit, ExitKind } from "@emu/tcg/Engine"
import { CpuSlot } from "@emu/tcg/Layout"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { Kernel } from "../kernel/Kernel.ts"
import { deliverFault, deliverNext, deliverPending } from "../signals/deliver.ts"
import type { SignalInfo } from "../signals/SignalInfo.ts"
import { internalResult } from "../kernel/Syscall.ts"
import { leaveTraces } from "../threads/exit.ts"
import type { Thread } from "../threads/Thread.ts"
import { type GuestClock, settle } from "../time/GuestClock.ts"
import { type Call, isRestartable, makeCall, readCall, storeResult } from "./callSystem.ts"
import { faultOf } from "./faults.ts"
import { VcpuEvents } from "./VcpuEvents.ts"
import type { PluginServices } from "./PluginServices.ts"

/** How a process ends. */
export type ProcessEnd =
  | { readonly kind: "exit"; readonly status: number; readonly vcpu: number }
  | { readonly kind: "signal"; readonly info: SignalInfo; readonly pc: bigint; readonly vcpu: number }

/** What plugins can fail with; `SetPcRequest` and `ExitRequest` never leave the driver. */
export type DriverError = Exclude<Left | VcpuInitError | VcpuNotLiveError | OutOfRangeError, SetPcRequest | ExitRequest>
type Step = Effect.Effect<void, DriverError | SetPcRequest | ExitRequest>

export interface DriverOptions {
  readonly kernel: Kernel
  readonly plugins: PluginServices
  readonly clock: GuestClock
  /** Guest instructions per slice. */
  readonly budget: number
  readonly strace: Strace | undefined
  /** Told once how the process ends. The thread that ends it keeps the turn. */
  readonly end: (end: ProcessEnd) => void
  /** A plugin ends the run. */
  readonly exit: (end: ProcessEnd) => void
}

/** Prints system calls. */
export interface Strace {
  /** The call, before it is made. */
  readonly call: (call: Call) => string
  /** What a call has given; undefined where it does not return. */
  readonly result: (text: string, call: Call, result: number | bigint | undefined) => void
}

/** A system call counts as that many instructions of a slice, so that a loop of them leaves others their turn. */
const callCost = 1000

/** Bounds, in milliseconds, between which the slices of a single thread are kept. */
const shortSlice = 2
const longSlice = 6
/** No slice is longer than this many instructions. */
const maxBudget = 1 << 26

/** What a wait gives when a signal ended it. */
const interrupted = Symbol("interrupted")

export class Driver {
  readonly #options: DriverOptions
  readonly #kernel: Kernel
  readonly #plugins: PluginServices
  readonly #vcpus: PluginServices["vcpus"]
  readonly #clock: GuestClock
  readonly #events: VcpuEvents
  readonly #unknown = new Set<number>()
  #isOver = false

  #aloneBudget: number

  constructor(options: DriverOptions) {
    this.#options = options
    this.#kernel = options.kernel
    this.#plugins = options.plugins
    this.#vcpus = options.plugins.vcpus
    this.#clock = options.clock
    this.#events = new VcpuEvents(options.kernel, options.plugins.vcpus)
    this.#aloneBudget = options.budget
  }

  /**
   * Runs a thread to its end, or the process's.
   *
   * @param clonedBy number of the call that made it, whose return plugins see in the new thread, too
   */
  run(thread: Thread, clonedBy?: number): Effect.Effect<void, DriverError> {
    const { scheduler } = this.#kernel.threads
    const start = Effect.suspend(() => {
      this.#events.showPc()
      const init = this.#vcpus.vcpuInit(thread.vcpu)
      if (clonedBy === undefined) return init
      // the new vCPU learns who listens by work queued for it
      const drain = Effect.suspend(() => this.#vcpus.drain(thread.vcpu))
      return Effect.andThen(Effect.andThen(init, drain), this.#events.returned(thread, clonedBy, 0n))
    })
    const loop = Effect.whileLoop({
      while: () => !this.#isOver && thread.exitStatus === undefined,
      body: () => this.#handlingRequests(thread, this.#step(thread)),
      step: () => {}
    })
    return scheduler
      .acquire(thread)
      .pipe(
        Effect.andThen(this.#handlingRequests(thread, start)),
        Effect.andThen(loop),
        Effect.andThen(Effect.suspend(() => (this.#isOver ? Effect.void : this.#threadEnd(thread))))
      )
  }

  /** The host's turn if it is due, queued work, then a slice with what follows from it. */
  #step(thread: Thread): Step {
    const { vcpu } = thread
    const { scheduler } = this.#kernel.threads
    if (scheduler.isHostDue) return scheduler.yieldToHost
    if (this.#kernel.signals.isStopped) return this.#standStill(thread)
    if (this.#vcpus.hasWork(vcpu)) return this.#vcpus.drain(vcpu)
    const slice = this.#plugins.sections.runSlice(vcpu, () => this.#slice(thread))
    return Effect.flatMap(slice, (after) => after ?? Effect.void)
  }

  /** Runs guest code until something has to be done that takes an Effect; undefined: just go on. */
  #slice(thread: Thread): Step | undefined {
    const kernel = this.#kernel
    const { u64 } = kernel.state
    const { isContended } = kernel.threads.scheduler
    thread.turn = isContended ? Math.min(thread.turn, this.#options.budget) : this.#aloneBudget
    const started = performance.now()
    while (thread.turn > 0 && !this.#clock.isDue) {
      if (thread.attention) {
        const after = this.#deliver(thread)
        if (after !== undefined) return after
        if (kernel.signals.isStopped) return undefined
      }
      if (this.#vcpus.hasWork(thread.vcpu)) return undefined
      const before = u64[CpuSlot.instructions]!
      const exit = kernel.guestMemory.engine.run(thread.turn)
      thread.turn -= Number(u64[CpuSlot.instructions]! - before)
      switch (exit.kind) {
        case ExitKind.syscall: {
          thread.turn -= callCost
          const after = this.#drainTraces() ?? this.#call(thread)
          if (after !== undefined) return after
          break
        }
        case ExitKind.fenceI:
          kernel.guestMemory.engine.flushWritable()
          break
        case ExitKind.yield:
          thread.turn = 0
          break
        case ExitKind.callbackError:
          return Effect.fail(exitRequestIn(exit.error) ?? this.#vcpus.callbackError(exit.error))
        case ExitKind.budget:
        case ExitKind.requested:
        case ExitKind.redirected:
          break
        default: {
          const after = this.#fault(thread, exit)
          if (after !== undefined) return after
        }
      }
    }
    if (!isContended && !this.#clock.isDue) this.#adapt(performance.now() - started)
    return this.#pause(thread)
  }

  /** The process is stopped: others have their turns until it goes on. */
  #standStill(thread: Thread): Step {
    const { signals, threads } = this.#kernel
    return Effect.suspend(() => {
      thread.turn = Infinity
      threads.scheduler.release()
      const continued = signals.isStopped ? signals.continued.wait(() => Effect.void) : Effect.void
      return Effect.andThen(continued, threads.scheduler.acquire(thread))
    })
  }

  /** Delivers signals; an Effect where one ends the process, or plugins hear of each. */
  #deliver(thread: Thread): Step | undefined {
    if (!this.#vcpus.wants(thread.vcpu, PluginEvent.vcpuInterrupt)) {
      const fatal = deliverPending(this.#kernel, thread)
      return fatal === undefined ? undefined : this.#die(thread, fatal)
    }
    const delivered = deliverNext(this.#kernel, thread)
    if (delivered === undefined) return undefined
    const told = this.#events.jumped(thread, DisconKind.interrupt, delivered.from)
    return delivered.fatal === undefined ? told : Effect.andThen(told, this.#die(thread, delivered.fatal))
  }

  /** An instruction did something wrong; an Effect where that ends the process, or plugins hear of it. */
  #fault(thread: Thread, exit: Exit): Step | undefined {
    const from = this.#kernel.state.u64[CpuSlot.pc]!
    const fatal = deliverFault(this.#kernel, thread, faultOf(this.#kernel, exit)!)
    const end = fatal === undefined ? undefined : this.#die(thread, fatal)
    if (!this.#vcpus.wants(thread.vcpu, PluginEvent.vcpuException)) return end
    const told = this.#events.jumped(thread, DisconKind.exception, from)
    return end === undefined ? told : Effect.andThen(told, end)
  }

  /**
   * Fits the slices of a thread that is alone to the engine's speed: long enough that leaving costs nothing, short enough that
   * timers and the host's signals are seen in time. With several threads slices are fixed, since they decide on the order.
   */
  #adapt(milliseconds: number): void {
    if (milliseconds < shortSlice) this.#aloneBudget = Math.min(this.#aloneBudget * 2, maxBudget)
    else if (milliseconds > longSlice) this.#aloneBudget = Math.max(this.#aloneBudget >> 1, this.#options.budget >> 3)
  }

  /** The end of a slice: the next thread's turn, and the host's. */
  #pause(thread: Thread): Effect.Effect<void> {
    const { scheduler } = this.#kernel.threads
    thread.turn = Infinity
    if (this.#clock.isDue) {
      // those whose time a plugin has made come have their turns first
      this.#clock.wakeDue()
      const others = Effect.suspend(() => (scheduler.isContended ? scheduler.rotate(thread) : Effect.void))
      return Effect.andThen(settle, others)
    }
    if (!scheduler.isContended) return scheduler.yieldToHost
    return Effect.andThen(
      Effect.suspend(() => scheduler.rotate(thread)),
      scheduler.yieldToHost
    )
  }

  /** What traces hold is delivered before a system call; undefined unless that ends the run. */
  #drainTraces(): Step | undefined {
    if (!this.#plugins.scoreboards.isTracing()) return undefined
    this.#events.showPc()
    const failed = this.#plugins.scoreboards.drainTraces()
    return failed === undefined ? undefined : Effect.fail(failed)
  }

  /** Makes a system call; undefined if that is done. */
  #call(thread: Thread): Step | undefined {
    const kernel = this.#kernel
    const call = readCall(kernel)
    if (!kernel.abi.hiddenSyscalls.has(call.number) && this.#events.watchesCalls(thread))
      return this.#watchedCall(thread, call)
    const from = this.#events.callSite(thread)
    const text = this.#textOf(call)
    const result = makeCall(kernel, call, this.#unknown)
    if (typeof result !== "object")
      return this.#finish(thread, call, result, text) ?? this.#events.sigreturned(thread, from, result)
    if (call.row?.keepsTurn === true)
      return Effect.flatMap(result, (value) => this.#finish(thread, call, value, text) ?? Effect.void)
    return Effect.flatMap(
      this.#wait(thread, call, result),
      (value) => this.#finish(thread, call, value, text) ?? this.#events.wokeUp(thread)
    )
  }

  /** How a call is printed whose arguments are not there any more when it has been made. */
  #textOf(call: Call): string | undefined {
    return call.row?.keepsTurn === true ? this.#options.strace?.call(call) : undefined
  }

  /** Stores a result; an Effect if the thread or the process ends by the call. */
  #finish(thread: Thread, call: Call, result: number | bigint, text?: string): Step | undefined {
    const { strace } = this.#options
    strace?.result(text ?? strace.call(call), call, result === internalResult.exit ? undefined : result)
    storeResult(this.#kernel, result)
    if (result !== internalResult.exit) return undefined
    const { exitStatus } = this.#kernel.process
    return exitStatus === undefined
      ? Effect.void
      : this.#finishProcess({ kind: "exit", status: exitStatus, vcpu: thread.vcpu })
  }

  /** A system call that plugins hear of, before and after, and may replace. */
  #watchedCall(thread: Thread, call: Call): Step {
    const { state, abi } = this.#kernel
    return Effect.suspend(() => {
      this.#events.showPc()
      const args = [...abi.argumentSlots.map((slot) => state.i64[slot]!), 0n, 0n]
      return Effect.flatMap(this.#vcpus.syscall(thread.vcpu, call.number, args), (filtered) => {
        // callbacks may have changed registers
        const actual = readCall(this.#kernel)
        const from = this.#events.callSite(thread)
        const text = this.#textOf(actual)
        const result = filtered ?? makeCall(this.#kernel, actual, this.#unknown)
        const waits = typeof result === "object" && actual.row?.keepsTurn !== true
        const finished: Effect.Effect<number | bigint, Effect.Error<Step>> = typeof result !== "object"
          ? Effect.succeed(result)
          : waits
            ? this.#wait(thread, actual, result)
            : result
        return Effect.flatMap(finished, (value) => {
          const end = this.#finish(thread, actual, value, text)
          if (value === internalResult.exit) return end ?? Effect.void
          const woken = waits ? this.#events.wokeUp(thread) : Effect.void
          const told = Effect.andThen(
            woken,
            this.#events.returned(thread, actual.number, this.#events.shownResult(thread, value))
          )
          const jump = this.#events.sigreturned(thread, from, value)
          return jump === undefined ? told : Effect.andThen(told, jump)
        })
      })
    })
  }

  /** Waits for a call, of which plugins are told; where one goes on elsewhere instead, the call is given up as by a signal. */
  #wait(
    thread: Thread,
    call: Call,
    effect: Effect.Effect<number | bigint>
  ): Effect.Effect<number | bigint, Effect.Error<Step>> {
    if (!this.#vcpus.wants(thread.vcpu, PluginEvent.vcpuIdle)) return this.#sleep(thread, call, effect)
    const giveUp = Effect.flatMap(Effect.forkChild(effect, { startImmediately: true }), Fiber.interrupt)
    return this.#events.fellAsleep(thread).pipe(
      Effect.onError(() => giveUp),
      Effect.andThen(this.#sleep(thread, call, effect))
    )
  }

  /** Waits for a call while others have their turns. A signal ends the wait; its delivery decides what the call gives. */
  #sleep(thread: Thread, call: Call, effect: Effect.Effect<number | bigint>): Effect.Effect<number | bigint> {
    const { threads, signals } = this.#kernel
    const signal = Effect.callback<typeof interrupted>((resume) => {
      const check = (): void => {
        if (signals.isPending(thread)) resume(Effect.succeed(interrupted))
      }
      thread.interrupt = check
      check()
      return Effect.sync(() => (thread.interrupt = undefined))
    })
    return Effect.suspend(() => {
      thread.turn = Infinity
      threads.scheduler.release()
      return Effect.flatMap(thread.isUninterruptible ? effect : Effect.raceFirst(effect, signal), (result) => {
        thread.interrupt = undefined
        return Effect.map(threads.scheduler.acquire(thread), () => {
          const timed = thread.isTimedWait
          thread.isTimedWait = false
          const { progress } = thread
          thread.progress = undefined
          if (result !== interrupted) return result
          thread.attention = true
          if (progress !== undefined) return progress
          thread.interrupted = isRestartable(call, timed) ? "restartable" : "never restarted"
          return internalResult.restart
        })
      })
    })
  }

  /** What plugins wish for in callbacks: a set_pc in one of ours goes on there, an exit in any ends the process. */
  #handlingRequests(thread: Thread, effect: Step): Effect.Effect<void, DriverError> {
    return Effect.catchTags(effect, {
      SetPcRequest: (request) =>
        Effect.sync(() => {
          this.#kernel.state.i64[CpuSlot.pc] = BigInt.asIntN(64, request.pc)
          // a call that a signal has ended is not made again from there, and one that was about to wait is given up
          thread.interrupted = undefined
          thread.keptDeadline = undefined
          thread.isTimedWait = false
        }),
      ExitRequest: ({ status }) => this.#finishProcess({ kind: "exit", status, vcpu: thread.vcpu }, this.#options.exit)
    })
  }

  #die(thread: Thread, info: SignalInfo): Effect.Effect<void> {
    return this.#finishProcess({ kind: "signal", info, pc: this.#kernel.state.u64[CpuSlot.pc]!, vcpu: thread.vcpu })
  }

  #finishProcess(end: ProcessEnd, tell = this.#options.end): Effect.Effect<void> {
    return Effect.sync(() => {
      if (this.#isOver) return
      this.#isOver = true
      this.#events.showPc()
      tell(end)
    })
  }

  /** The thread called exit. The last one takes the process with it; its vCPU lives on for the exit sequence. */
  #threadEnd(thread: Thread): Effect.Effect<void, DriverError> {
    const { threads, process } = this.#kernel
    leaveTraces(this.#kernel, thread)
    if (thread.tid === process.pid) process.leaderStatus = thread.exitStatus
    if (threads.list().length === 1) {
      return this.#finishProcess({ kind: "exit", status: process.leaderStatus ?? 0, vcpu: thread.vcpu })
    }
    this.#events.showPc()
    return this.#handlingRequests(thread, this.#vcpus.vcpuExit(thread.vcpu)).pipe(
      Effect.andThen(
        Effect.sync(() => {
          threads.remove(thread)
          threads.scheduler.release()
        })
      )
    )
  }
}
