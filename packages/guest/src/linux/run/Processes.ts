/** The processes of a run as they live: their threads as fibers, their ends, and the end of the run. */
import { CpuSlot } from "@emu/tcg/Layout"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { HostInfoShape } from "../../HostInfo.ts"
import type { HostNetworkShape } from "../../HostNetwork.ts"
import type { Machine } from "../../Machine.ts"
import type { ForkRequest, Kernel, ProcessRunner } from "../kernel/Kernel.ts"
import { Ipc } from "../ipc/Ipc.ts"
import type { Image } from "../loader/mapElf.ts"
import type { AddressSpace } from "../memory/AddressSpace.ts"
import type { GuestMemories } from "../memory/GuestMemories.ts"
import { type ProcessNode, ProcessTree } from "../processes/ProcessTree.ts"
import { disconnect } from "../files/rows/terminal.ts"
import { Terminals } from "../jobs/Terminals.ts"
import { Sig, SigCode } from "../signals/constants.ts"
import { defaultNetwork, Network } from "../sockets/Network.ts"
import { Scheduler } from "../threads/Scheduler.ts"
import { leaveTraces } from "../threads/exit.ts"
import type { Thread } from "../threads/Thread.ts"
import { type CommonParts, forkKernel } from "../kernel/createKernel.ts"
import { Driver, type DriverError, type ProcessEnd } from "./Driver.ts"
import { makeStrace } from "./makeStrace.ts"
import { Backtrace } from "../pluginView/Backtrace.ts"
import { ElfFiles } from "../pluginView/ElfFiles.ts"
import { Modules } from "../pluginView/Modules.ts"
import { defaultBudget, type ProcessExit, type ProcessOptions } from "./ProcessOptions.ts"
import { deathOf, describeDeath, isFault } from "./report.ts"
import type { SymbolFiles } from "../pluginView/SymbolFiles.ts"
import { Symbols } from "../pluginView/Symbols.ts"
import type { PluginServices } from "./PluginServices.ts"

/** How a run ends: what it gives, and the vCPU for the exit sequence. */
export interface RunEnd {
  readonly exit: ProcessExit
  readonly vcpu: number
}

/** What it takes to run processes. */
export interface ProcessesParts {
  readonly machine: Machine["Service"]
  readonly plugins: PluginServices
  readonly guestMemories: GuestMemories
  readonly hostInfo: HostInfoShape
  /** Undefined where the host has none. */
  readonly hostNetwork: HostNetworkShape | undefined
  readonly options: ProcessOptions
  readonly symbolFiles: SymbolFiles
  /** Starts a fiber that ends with the run. */
  readonly inBackground: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
}

/** What a process that has not ended runs on. */
interface Running {
  readonly driver: Driver
  readonly threads: Map<Thread, Fiber.Fiber<void>>
  /** Timers and the like. */
  readonly others: Set<Fiber.Fiber<void>>
}

export class Processes implements ProcessRunner {
  readonly tree: ProcessTree<Kernel>
  readonly guestMemories: GuestMemories
  readonly common: CommonParts
  /** How the run ends. */
  readonly ended = Deferred.makeUnsafe<RunEnd, DriverError>()
  readonly #parts: ProcessesParts
  readonly #scheduler: Scheduler
  readonly #elfFiles: ElfFiles
  readonly #running = new Map<Kernel, Running>()
  /** The memory in which code runs. */
  #memory: AddressSpace | undefined
  /** The last signal that came from the host. */
  #hostSignal: number | undefined
  /** What the first process has given, where others live on. */
  #exit: ProcessExit | undefined

  constructor(parts: ProcessesParts) {
    const { machine, options, guestMemories } = parts
    this.#parts = parts
    const warn = options.warn ?? (() => {})
    this.guestMemories = guestMemories
    this.#elfFiles = new ElfFiles(machine.abi.vdso, parts.symbolFiles)
    this.tree = new ProcessTree(options.identity.pid + 1)
    this.tree.onFirstStop = () => options.hostStop?.()
    this.#scheduler = new Scheduler(
      (isIdle) => {
        // programs outside see what is stored to files, too
        if (isIdle) parts.guestMemories.files.flush()
        machine.clock.setIdle(isIdle)
      },
      (thread) => this.#enter(this.tree.find(thread.pid)!),
      () => machine.clock.cpu()
    )
    this.common = {
      abi: machine.abi,
      host: parts.hostInfo,
      clock: machine.clock,
      scheduler: this.#scheduler,
      processes: this.tree,
      terminals: new Terminals(),
      runner: this,
      ipc: new Ipc(),
      network: new Network(options.network ?? defaultNetwork, parts.hostNetwork, warn),
      warn
    }
  }

  /** The vCPU that runs, else any that is live: in its name the exit sequence runs where a plugin has ended the run. */
  get vcpu(): number {
    const thread = this.#scheduler.running ?? this.tree.live()[0]?.kernel.threads.list()[0]
    return thread?.vcpu ?? 0
  }

  fork(parent: Kernel, request: ForkRequest): Kernel {
    const kernel = forkKernel(this.common, parent, request)
    this.#scheduler.letHostIn()
    kernel.view = request.guestMemory === parent.guestMemory ? parent.view : { ...parent.view!, ...this.#viewsOf(kernel) }
    return kernel
  }

  loaded(kernel: Kernel, image: Image): void {
    this.#scheduler.letHostIn()
    const { abi, node, process } = kernel
    kernel.view = {
      ...this.#viewsOf(kernel),
      program: {
        path: process.executable,
        startCode: BigInt(image.startCode),
        endCode: BigInt(image.endCode),
        entryCode: BigInt(image.entry),
        target: abi.machine
      }
    }
    kernel.guestMemory.programStarted(process.executable)
    this.#enter(node)
  }

  start(kernel: Kernel, thread: Thread): void {
    const maker = this.#scheduler.running
    const clonedBy = maker === undefined ? undefined : Number(maker.guestMemory.state.i64[kernel.abi.numberSlot])
    if (maker !== undefined) this.#parts.plugins.vcpus.vcpuMade(thread.vcpu, maker.vcpu)
    const { driver, threads } = this.#runningOf(kernel)
    const fiber = this.#supervise(driver.run(thread, clonedBy))
    threads.set(thread, fiber)
    fiber.addObserver(() => threads.delete(thread))
  }

  background(kernel: Kernel, effect: Effect.Effect<void>): () => void {
    const { others } = this.#runningOf(kernel)
    const fiber = this.#parts.inBackground(effect)
    others.add(fiber)
    fiber.addObserver(() => others.delete(fiber))
    return () => fiber.interruptUnsafe()
  }

  endOthers(kernel: Kernel, survivor: Thread): Effect.Effect<void> {
    const others = kernel.threads.list().filter((thread) => thread !== survivor)
    if (others.length === 0) return Effect.void
    return Effect.catchCause(this.#endThreads(kernel, others), (cause) =>
      Effect.andThen(Deferred.failCause(this.ended, cause), Effect.never)
    )
  }

  /** Passes a signal of the host on, as a terminal does: to the processes in the first one's group. */
  sendFromHost(signal: number): void {
    const live = this.tree.live()
    const groups = this.#groupsFor(signal)
    const group = live.filter(({ kernel }) => groups.includes(kernel.attributes.processGroup))
    this.#hostSignal = signal
    for (const { kernel } of group.length === 0 ? live : group)
      kernel.signals.sendToProcess({ signal, code: SigCode.kernel })
  }

  /** Who hears of a signal of the host: what is typed goes to the foreground, the rest to the group of the first process. */
  #groupsFor(signal: number): ReadonlyArray<number> {
    const typed = typedSignals.has(signal) ? this.common.terminals.foregroundGroups() : []
    return typed.length > 0 ? typed : [this.#parts.options.identity.pid]
  }

  /** The run is over: what is left of processes goes. */
  close(): void {
    for (const { kernel } of this.tree.live()) {
      kernel.guestMemory.engine.programEnded()
      kernel.memory.clear()
      kernel.files.closeAll()
    }
    this.#parts.machine.process = undefined
  }

  /** How plugins look into a process's memory. */
  #viewsOf({ abi, memory }: Kernel) {
    return {
      symbols: new Symbols(memory, this.#elfFiles),
      modules: new Modules(memory, this.#elfFiles),
      backtrace: new Backtrace(memory, this.#elfFiles, abi)
    }
  }

  #runningOf(kernel: Kernel): Running {
    const known = this.#running.get(kernel)
    if (known !== undefined) return known
    const { machine, options, plugins } = this.#parts
    const driver = new Driver({
      kernel,
      plugins,
      clock: machine.clock,
      budget: options.budget ?? defaultBudget,
      strace: makeStrace(kernel, options.strace),
      end: (end) => void this.#supervise(this.#finish(kernel, end)),
      exit: (end) => this.#end(this.#exitOf(kernel, end), end.vcpu)
    })
    const running: Running = { driver, threads: new Map(), others: new Set() }
    this.#running.set(kernel, running)
    return running
  }

  /** A plugin's failure ends the run. */
  #supervise(effect: Effect.Effect<void, DriverError>): Fiber.Fiber<void> {
    return this.#parts.inBackground(
      Effect.catchCause(effect, (cause) => Effect.asVoid(Deferred.failCause(this.ended, cause)))
    )
  }

  /** A process has the turn: plugins look at it, and code runs in its memory. */
  #enter({ kernel }: ProcessNode<Kernel>): void {
    const { machine, plugins } = this.#parts
    const { memory, state } = kernel
    machine.process = kernel
    if (memory === this.#memory) return
    this.#memory = memory
    plugins.scoreboards.enterMemory(state.buffer)
  }

  /** A process has ended, and has the turn. The last one's vCPU lives on for the exit sequence. */
  #finish(kernel: Kernel, end: ProcessEnd): Effect.Effect<void, DriverError> {
    return Effect.suspend(() => {
      const exit = this.#exitOf(kernel, end)
      if (kernel.node.isFirst) this.#firstHasEnded(exit)
      if (this.tree.live().length === 1) return Effect.sync(() => this.#end(this.#exit ?? exit, end.vcpu))
      return Effect.andThen(
        this.#endThreads(kernel, kernel.threads.list()),
        Effect.sync(() => this.#leave(kernel, end))
      )
    })
  }

  /** Where the user has ended the first process, the others go, too: there is nobody else who could end them. */
  #firstHasEnded(exit: ProcessExit): void {
    this.#exit = exit
    if (exit.signal === undefined || exit.signal !== this.#hostSignal) return
    for (const node of this.tree.live()) {
      if (!node.isFirst) node.kernel.signals.sendToProcess({ signal: Sig.KILL, code: SigCode.kernel })
    }
  }

  /** Interrupts threads that are in no slice; their vCPUs go. What they held goes to others: robust mutexes, the word of their id. */
  #endThreads(kernel: Kernel, threads: ReadonlyArray<Thread>): Effect.Effect<void, DriverError> {
    const all = [...threads]
    for (const thread of all) leaveTraces(kernel, thread)
    return Effect.forEach(
      all,
      (thread) => {
        const fiber = this.#running.get(kernel)?.threads.get(thread)
        return (fiber === undefined ? Effect.void : Fiber.interrupt(fiber)).pipe(
          Effect.andThen(this.#vcpuExit(thread)),
          Effect.andThen(Effect.sync(() => kernel.threads.remove(thread)))
        )
      },
      { discard: true }
    )
  }

  #vcpuExit(thread: Thread): Effect.Effect<void, DriverError> {
    const { vcpus } = this.#parts.plugins
    return Effect.suspend(() => {
      // one that never had a turn is not known yet
      if (!vcpus.isLive(thread.vcpu)) return Effect.void
      vcpus.scope.pc = this.#scheduler.slots(thread)[CpuSlot.pc]!
      return Effect.catchTag(vcpus.vcpuExit(thread.vcpu), "ExitRequest", ({ status }) =>
        Effect.sync(() => this.#end({ status, signal: undefined }, thread.vcpu))
      )
    })
  }

  #leave(kernel: Kernel, end: ProcessEnd): void {
    const { attributes, node, guestMemory, process, terminals } = kernel
    const terminal = attributes.session === process.pid ? terminals.controlling(process.pid) : undefined
    // the first process is no leader: that is the shell which has started emu
    if (terminal !== undefined && !node.isFirst) disconnect(kernel, terminal)
    for (const fiber of this.#running.get(kernel)?.others ?? []) fiber.interruptUnsafe()
    this.#running.delete(kernel)
    kernel.files.closeAll()
    kernel.ipc.processEnded(kernel.process.pid)
    this.guestMemories.leave(guestMemory)
    node.release()
    this.tree.finish(
      node,
      end.kind === "exit" ? { kind: "exited", status: end.status } : { kind: "killed", signal: end.info.signal }
    )
    this.#scheduler.release()
    // nobody has taken the turn: plugins must not look at what has gone
    const [oldest] = this.tree.live()
    if (this.#parts.machine.process === kernel && oldest !== undefined) this.#enter(oldest)
  }

  /** The run ends: plugins look at the first process, if it lives, from now on. */
  #end(exit: ProcessExit, vcpu: number): void {
    const first = this.tree.live().find((node) => node.isFirst)
    if (first !== undefined) this.#parts.machine.process = first.kernel
    Deferred.doneUnsafe(this.ended, Effect.succeed({ exit, vcpu }))
  }

  /** What a process gives. The user is told of signals that ended it, unless its parent is the one to do that. */
  #exitOf({ abi, node, state, view }: Kernel, end: ProcessEnd): ProcessExit {
    if (end.kind === "exit") return { status: end.status, signal: undefined }
    const { signal } = end.info
    const death = deathOf(end.info, end.pc, view!, abi, state.u64)
    const text = node.isFirst || isFault(signal) ? describeDeath(view!.program.path, signal, death) : undefined
    if (text !== undefined) this.#parts.options.warn?.(text)
    return { status: 128 + signal, signal, death }
  }
}

/** Signals that terminals send, at a key or when their size changes. */
const typedSignals: ReadonlySet<number> = new Set([Sig.INT, Sig.QUIT, Sig.TSTP, Sig.WINCH])
