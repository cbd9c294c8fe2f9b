/** Runs a program, with the processes that it makes, to the end of the last one. */
import type { PluginCallbackError, PluginError } from "@emu/core/PluginError"
import type { PluginSystem } from "@emu/core/PluginSystem"
import { Engine } from "@emu/tcg/Engine"
import { Engines } from "@emu/tcg/Engines"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import type { ElfError } from "../../elf/ElfError.ts"
import { HostFs } from "../../HostFs.ts"
import { HostInfo } from "../../HostInfo.ts"
import { HostNetwork } from "../../HostNetwork.ts"
import { Machine, makeMemory } from "../../Machine.ts"
import { HostFile } from "../files/open/HostFile.ts"
import { readWholeFile } from "../files/readWholeFile.ts"
import { join, tidy } from "../files/lookup/Path.ts"
import { fromText, toText } from "../user/byteStrings.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { loadProgram } from "../loader/loadProgram.ts"
import type { LoadError } from "../loader/LoadError.ts"
import type { Image } from "../loader/mapElf.ts"
import { GuestMemories } from "../memory/GuestMemories.ts"
import { createKernel } from "../kernel/createKernel.ts"
import { Processes } from "./Processes.ts"
import { Disposition, maxSignal, signalBit } from "../signals/constants.ts"
import type { Thread } from "../threads/Thread.ts"
import type { Inherited, ProcessExit, ProcessOptions } from "./ProcessOptions.ts"
import { openSymbolFiles } from "../pluginView/SymbolFiles.ts"
import { pluginServices } from "./PluginServices.ts"

/** Why a run fails, other than by the guest's own doing. */
export type RunError = LoadError | ElfError | PluginError | PluginCallbackError

/**
 * Runs a program to its end, and that of all processes that it has made, with the plugins that are installed. Plugins see vCPU 0
 * before the first instruction, and the exit sequence (down to their atexit callbacks) after the last, also when a callback failed.
 *
 * @returns how the first process ended
 */
export const runProgram = Effect.fn("runProgram")(function* (
  options: ProcessOptions
): Effect.fn.Return<ProcessExit, RunError, Engine | PluginSystem | HostFs | HostInfo | HostNetwork | Machine> {
  return yield* Effect.scoped(runScoped(options))
})

const runScoped = Effect.fnUntraced(function* (
  options: ProcessOptions
): Effect.fn.Return<ProcessExit, RunError, Engine | PluginSystem | HostFs | HostInfo | HostNetwork | Machine | Scope.Scope> {
  const engine = yield* Engine
  const plugins = yield* pluginServices
  const machine = yield* Machine
  const hostFs = yield* HostFs
  const symbolFiles = yield* Effect.fromResult(
    openSymbolFiles(hostFs, options.symbolFiles ?? [], (path) => {
      const found = processes.tree.live()[0]?.kernel.files.paths.hostPath(fromText(path))
      const bytes = typeof found === "string" ? readWholeFile(hostFs, found) : undefined
      return typeof bytes === "number" ? undefined : bytes
    })
  )
  const processes: Processes = new Processes({
    symbolFiles,
    machine,
    plugins,
    guestMemories: new GuestMemories({ state: machine.state, engine }, yield* Engines, makeMemory),
    hostInfo: yield* HostInfo,
    hostNetwork: (yield* HostNetwork).network,
    options,
    inBackground: yield* FiberSet.makeRuntime<never, void, never>()
  })
  yield* Effect.addFinalizer(() => Effect.sync(() => processes.close()))

  const hostPath = tidy(join(hostFs.cwd(), fromText(options.program)))
  const guestMemory = processes.guestMemories.first
  const kernel = createKernel(processes.common, guestMemory, options, hostFs, options.execfn ?? toText(hostPath))
  processes.loaded(kernel, yield* load(kernel, options, toText(hostPath), hostFs))
  machine.scope = plugins.vcpus.scope
  kernel.files.inheritStandard()
  findTerminal(kernel)
  const main = kernel.threads.create(guestMemory)
  if (typeof main === "number") return yield* Effect.die(new Error("the first thread was refused"))
  main.saved.set(guestMemory.slots)
  inherit(kernel, main, options.inherited)
  yield* forwardSignals(processes, options)
  processes.start(kernel, main)

  const end = yield* Effect.exit(Deferred.await(processes.ended))
  const vcpu = Exit.isSuccess(end) ? end.value.vcpu : processes.vcpu
  // nothing runs any more that set_pc could send elsewhere, or exit could end
  const exitSequence = plugins.vcpus.userExit(vcpu)
  if (Exit.isFailure(end)) {
    // what failed first is what the run fails with
    yield* exitSequence.pipe(Effect.catch((error) => Effect.sync(() => plugins.vcpus.reportFailure(error))))
    return yield* Effect.failCause(end.cause)
  }
  yield* exitSequence
  return end.value.exit
})

const load = (
  kernel: Kernel,
  options: ProcessOptions,
  hostPath: string,
  hostFs: HostFs["Service"]
): Effect.Effect<Image, LoadError | ElfError> =>
  Effect.suspend(() => {
    const { abi, files, memory, process, random } = kernel
    const loaded = loadProgram(hostFs, abi, memory, {
      hostPath,
      shownPath: options.program,
      argv: process.argv.map(fromText),
      env: process.env.map(fromText),
      execFn: fromText(process.executable),
      path: process.executable,
      stackSize: process.stackSize,
      random: random.bytes(16),
      identity: process,
      hostPathOf: (path) => {
        const found = files.paths.hostPath(fromText(path))
        return typeof found === "number" ? found : toText(found)
      }
    })
    if (Result.isFailure(loaded)) return Effect.fail(loaded.failure)
    process.auxv = loaded.success.aux
    process.vdsoBase = loaded.success.vdsoBase
    return Effect.succeed(loaded.success.image)
  })

/** Signals that are ignored or blocked, and the nice value, last through execve. */
const inherit = ({ attributes, signals }: Kernel, main: Thread, inherited: Inherited | undefined): void => {
  if (inherited === undefined) return
  for (let signal = 1; signal <= maxSignal; signal++) {
    if ((inherited.ignoredSignals & signalBit(signal)) === 0n) continue
    signals.setAction(signal, { handler: Disposition.ignore, flags: 0, mask: 0n })
  }
  main.setMask(inherited.blockedSignals)
  attributes.nice = inherited.nice
}

/** The terminal that emu was started from controls the session of the first process. */
const findTerminal = ({ attributes, files, terminals }: Kernel): void => {
  for (const file of files.descriptors().values()) {
    const stat = file instanceof HostFile && file.isTerminal ? file.stat() : undefined
    if (stat !== undefined && typeof stat !== "number") return terminals.begin(stat.rdev, attributes.session)
  }
}

/** Passes the host's signals to the guest, as long as the scope lives. */
const forwardSignals = (processes: Processes, options: ProcessOptions): Effect.Effect<void, never, Scope.Scope> =>
  Effect.asVoid(
    Effect.acquireRelease(
      Effect.sync(() => options.hostSignals?.((signal) => processes.sendFromHost(signal))),
      (unsubscribe) => Effect.sync(() => unsubscribe?.())
    )
  )
