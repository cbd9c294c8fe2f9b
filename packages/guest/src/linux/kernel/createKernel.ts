/** Puts the parts of a process's kernel together: of the first process, and of those that are forked. */
import type * as Effect from "effect/Effect"
import type { HostFsShape } from "../../HostFs.ts"
import type { HostInfoShape } from "../../HostInfo.ts"
import type { LinuxAbi } from "./Abi.ts"
import { FileTable } from "../files/FileTable.ts"
import { fromText } from "../user/byteStrings.ts"
import { guardHost } from "../files/lookup/HostGuard.ts"
import { makeVirtualFs } from "../files/virtual/virtualFs.ts"
import type { ForkRequest, Kernel, ProcessRunner } from "./Kernel.ts"
import { Attributes } from "../misc/Attributes.ts"
import type { GuestMemory } from "../memory/GuestMemory.ts"
import type { Terminals } from "../jobs/Terminals.ts"
import type { ProcessNode, ProcessTree } from "../processes/ProcessTree.ts"
import type { Ipc } from "../ipc/Ipc.ts"
import type { Network } from "../sockets/Network.ts"
import { Signals } from "../signals/Signals.ts"
import type { Scheduler } from "../threads/Scheduler.ts"
import type { Thread } from "../threads/Thread.ts"
import { Threads } from "../threads/Threads.ts"
import { makeClock } from "../time/Clock.ts"
import type { GuestClock } from "../time/GuestClock.ts"
import type { ProcessInfo } from "../processes/ProcessInfo.ts"
import { defaultRelease, defaultStackSize, type ProcessOptions } from "../run/ProcessOptions.ts"
import { makeRandom, type Random } from "./Random.ts"

/** What the kernels of all processes of a run have in common. */
export interface CommonParts {
  readonly abi: LinuxAbi
  readonly host: HostInfoShape
  readonly clock: GuestClock
  readonly scheduler: Scheduler
  readonly processes: ProcessTree<Kernel>
  readonly terminals: Terminals
  readonly runner: ProcessRunner
  readonly network: Network
  readonly ipc: Ipc
  readonly warn: (line: string) => void
}

/** What is a process's own. */
interface OwnParts {
  readonly guestMemory: GuestMemory
  readonly process: ProcessInfo
  readonly attributes: Attributes
  readonly random: Random
  readonly files: (kernel: () => Kernel) => FileTable
  readonly parent: ProcessNode<Kernel> | undefined
  readonly exitSignal: number
}

/**
 * Makes the kernel of the first process, which has no memory mapped and no thread yet.
 *
 * @param executable absolute path of the program as the guest sees it
 */
export const createKernel = (
  common: CommonParts,
  guestMemory: GuestMemory,
  options: ProcessOptions,
  hostFs: HostFsShape,
  executable: string
): Kernel => {
  const stackSize = options.stackSize ?? defaultStackSize
  const process: ProcessInfo = {
    ...options.identity,
    executable,
    argv: [options.argv0 ?? options.program, ...options.args],
    env: options.env,
    auxv: new Uint8Array(),
    vdsoBase: 0,
    exitStatus: undefined,
    leaderStatus: undefined,
    unameRelease: options.unameRelease ?? defaultRelease,
    stackSize,
    name: commandName(fromText(executable))
  }
  const random = makeRandom(options.seed, common.host.fillRandom)
  return assemble(common, {
    guestMemory,
    process,
    attributes: new Attributes(process.pid, stackSize),
    random,
    files: (kernel) =>
      new FileTable({
        host: guardHost(hostFs),
        sysroot: options.sysroot === undefined ? undefined : fromText(options.sysroot),
        random,
        virtual: makeVirtualFs(kernel)
      }),
    parent: undefined,
    exitSignal: 0
  })
}

/** Makes the kernel of a forked process, which has no thread yet: fork(2) says what it has of its parent's. */
export const forkKernel = (common: CommonParts, parent: Kernel, request: ForkRequest): Kernel => {
  const { exitSignal, guestMemory } = request
  const pid = common.processes.nextId()
  const kernel = assemble(common, {
    guestMemory,
    process: {
      ...parent.process,
      pid,
      ppid: parent.process.pid,
      name: parent.thread.name,
      exitStatus: undefined,
      leaderStatus: undefined
    },
    attributes: parent.attributes.fork(),
    random: parent.random,
    files: (self) => parent.files.fork(makeVirtualFs(self)),
    parent: parent.node,
    exitSignal
  })
  kernel.signals.inherit(parent.signals, request.clearsHandlers)
  return kernel
}

const assemble = (common: CommonParts, own: OwnParts): Kernel => {
  const { abi, clock, host, ipc, network, processes, runner, scheduler, terminals, warn } = common
  const { attributes, process, random } = own
  const threads = new Threads(scheduler, process, processes, (thread) => runner.start(kernel, thread))
  const kernel: Kernel = {
    guestMemory: own.guestMemory,
    get state() {
      return kernel.guestMemory.state
    },
    get memory() {
      return kernel.guestMemory.addressSpace
    },
    abi,
    host,
    signals: new Signals(threads, process),
    threads,
    files: own.files(() => kernel),
    processes,
    get node() {
      return node
    },
    terminals,
    runner,
    view: undefined,
    network,
    ipc,
    time: makeClock(clock, {
      own: () => threads.cpuTime(),
      tid: () => scheduler.running?.tid ?? process.pid,
      of: (id, isThread) => {
        if (!isThread) return processes.find(id)?.kernel.threads.cpuTime()
        const thread = threads.find(id)
        return thread === undefined ? undefined : scheduler.usedBy(thread)
      },
      until: (now, time) => scheduler.cpuWaits.until(now, time)
    }),
    process,
    attributes,
    random,
    flushCode: () => kernel.guestMemory.engine.flushWritable(),
    shareMemory: () => {
      const { guestMemory } = kernel
      if (!guestMemory.isShared) guestMemory.engine.translateAnew()
      guestMemory.isShared = true
    },
    fork: (effect: Effect.Effect<void>) => runner.background(kernel, effect),
    warn,
    get thread(): Thread {
      const running = scheduler.running
      if (running === undefined) throw new Error("a system call was handled while no thread had the turn")
      return running
    }
  }
  const node = processes.add(kernel, own.parent, own.exitSignal)
  return kernel
}

/** What the kernel calls a process by default: the last part of its path, cut to 15 bytes. */
export const commandName = (path: string): string => path.slice(path.lastIndexOf("/") + 1).slice(0, 15)
