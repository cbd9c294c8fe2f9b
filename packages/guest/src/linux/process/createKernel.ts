/** Puts the parts of a process's kernel together. */
import type { Engine } from "@emu/tcg/Engine"
import type { CpuState } from "@emu/tcg/CpuState"
import type * as Effect from "effect/Effect"
import type { HostFsShape } from "../../HostFs.ts"
import type { HostInfoShape } from "../../HostInfo.ts"
import type { LinuxAbi } from "../Abi.ts"
import { FileTable } from "../files/FileTable.ts"
import { fromText } from "../files/lookup/Path.ts"
import { makeProcessView } from "../files/processView.ts"
import type { Kernel } from "../Kernel.ts"
import { AddressSpace } from "../memory/AddressSpace.ts"
import { Attributes } from "../misc/Attributes.ts"
import { Signals } from "../signals/Signals.ts"
import { Scheduler } from "../threads/Scheduler.ts"
import type { Thread } from "../threads/Thread.ts"
import { Threads } from "../threads/Threads.ts"
import { makeClock } from "../time/Clock.ts"
import type { GuestClock } from "../time/GuestClock.ts"
import { defaultRelease, defaultStackSize, type ProcessOptions } from "./ProcessOptions.ts"
import { makeRandom } from "./Random.ts"

/** What a kernel needs from outside. */
export interface KernelParts {
  readonly state: CpuState
  readonly abi: LinuxAbi
  readonly engine: Engine["Service"]
  readonly hostFs: HostFsShape
  readonly clock: GuestClock
  readonly hostInfo: HostInfoShape
  readonly options: ProcessOptions
  /** Absolute path of the program as the guest sees it. */
  readonly executable: string
  readonly fork: (effect: Effect.Effect<void>) => () => void
  /** Runs a new thread. */
  readonly startThread: (thread: Thread) => void
}

/** Makes the kernel of a process that has no memory mapped and no thread yet. */
export const createKernel = (parts: KernelParts): Kernel => {
  const { state, abi, engine, options } = parts
  const stackSize = options.stackSize ?? defaultStackSize
  const process = {
    ...options.identity,
    executable: parts.executable,
    argv: [options.argv0 ?? options.program, ...options.args],
    env: options.env,
    auxv: new Uint8Array(),
    vdsoBase: 0,
    exitStatus: undefined,
    leaderStatus: undefined,
    unameRelease: options.unameRelease ?? defaultRelease,
    stackSize,
    name: commandName(parts.executable)
  }
  const random = makeRandom(options.seed, parts.hostInfo.fillRandom)
  const scheduler = new Scheduler(state, (isIdle) => parts.clock.setIdle(isIdle))
  const threads = new Threads(scheduler, process, parts.startThread)
  const files = new FileTable({
    host: parts.hostFs,
    sysroot: options.sysroot === undefined ? undefined : fromText(options.sysroot),
    random,
    process: makeProcessView(process.pid, () => kernel)
  })
  let isShared = false
  const kernel: Kernel = {
    state,
    abi,
    host: parts.hostInfo,
    memory: new AddressSpace(state, engine),
    signals: new Signals(threads, process),
    threads,
    files,
    time: makeClock(parts.clock),
    process,
    attributes: new Attributes(process.pid, stackSize),
    random,
    flushCode: engine.flushWritable,
    shareMemory: () => {
      if (!isShared) engine.flush()
      isShared = true
    },
    fork: parts.fork,
    warn: options.warn ?? (() => {}),
    get thread(): Thread {
      const running = scheduler.running
      if (running === undefined) throw new Error("a system call was handled while no thread had the turn")
      return running
    }
  }
  return kernel
}

/** What the kernel calls a process by default: the last part of its path, cut to 15 bytes. */
const commandName = (path: string): string => path.slice(path.lastIndexOf("/") + 1).slice(0, 15)
