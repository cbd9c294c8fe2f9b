/** Runs a program: loads it, runs its threads, and ends it. */
import type { PluginCallbackError, PluginError } from "@emu/core/PluginError"
import { PluginSystem } from "@emu/core/PluginSystem"
import { Engine } from "@emu/tcg/Engine"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import type { ElfError } from "../../elf/ElfError.ts"
import { HostFs } from "../../HostFs.ts"
import { HostInfo } from "../../HostInfo.ts"
import { Machine } from "../../Machine.ts"
import { fromText, join, tidy, toText } from "../files/lookup/Path.ts"
import type { Kernel } from "../Kernel.ts"
import { loadProgram } from "../loader/loadProgram.ts"
import type { LoadError } from "../loader/LoadError.ts"
import { SigCode } from "../signals/constants.ts"
import { formatSyscall } from "../strace/formatSyscall.ts"
import type { Thread } from "../threads/Thread.ts"
import { createKernel } from "./createKernel.ts"
import { Driver, type DriverError, type ProcessEnd } from "./Driver.ts"
import type { GuestProcess } from "./GuestProcess.ts"
import { defaultBudget, type ProcessExit, type ProcessOptions } from "./ProcessOptions.ts"
import { describeDeath } from "./report.ts"
import { Modules } from "./Modules.ts"
import { Symbols } from "./Symbols.ts"

/** Why a run fails, other than by the guest's own doing. */
export type RunError = LoadError | ElfError | PluginError | PluginCallbackError

/**
 * Runs a program to its end, with the plugins that are installed. Plugins see vCPU 0 before the first instruction, and the
 * exit sequence (down to their atexit callbacks) after the last, also when a callback failed.
 */
export const runProcess = Effect.fn("runProcess")(function* (
  options: ProcessOptions
): Effect.fn.Return<ProcessExit, RunError, Engine | PluginSystem | HostFs | HostInfo | Machine> {
  return yield* Effect.scoped(runScoped(options))
})

const runScoped = Effect.fnUntraced(function* (
  options: ProcessOptions
): Effect.fn.Return<ProcessExit, RunError, Engine | PluginSystem | HostFs | HostInfo | Machine | Scope.Scope> {
  const engine = yield* Engine
  const plugins = yield* PluginSystem
  const machine = yield* Machine
  const hostFs = yield* HostFs
  const ended = yield* Deferred.make<ProcessEnd, DriverError>()
  const inBackground = yield* FiberSet.makeRuntime<never, void, never>()

  // a plugin's failure ends the run
  const supervise = (thread: Effect.Effect<void, DriverError>): void => {
    inBackground(Effect.catchCause(thread, (cause) => Effect.asVoid(Deferred.failCause(ended, cause))))
  }
  const hostPath = tidy(join(hostFs.cwd(), fromText(options.program)))
  const executable = options.execfn ?? toText(hostPath)
  const kernel = createKernel({
    state: machine.state,
    abi: machine.abi,
    engine,
    hostFs,
    clock: machine.clock,
    hostInfo: yield* HostInfo,
    options,
    executable,
    fork: (effect) => {
      const fiber = inBackground(effect)
      return () => fiber.interruptUnsafe()
    },
    startThread: (thread: Thread) => {
      // the parent has the turn: its registers say by which call
      supervise(driver.run(thread, Number(machine.state.i64[machine.abi.numberSlot])))
    }
  })
  const driver = new Driver({
    kernel,
    engine,
    plugins,
    clock: machine.clock,
    budget: options.budget ?? defaultBudget,
    strace: makeStrace(kernel, options),
    end: (end) => Deferred.doneUnsafe(ended, Effect.succeed(end))
  })
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      kernel.memory.clear()
      kernel.files.closeAll()
      machine.process = undefined
    })
  )

  const guest = yield* load(kernel, options, toText(hostPath), hostFs)
  machine.process = guest
  machine.scope = plugins.scope
  kernel.files.inheritStandard()
  const main = kernel.threads.create()
  if (typeof main === "number") return yield* Effect.die(new Error("the first thread was refused"))
  main.saved.set(machine.state.i64.subarray(0, main.saved.length))
  yield* forwardSignals(kernel, options)
  supervise(driver.run(main))

  const end = yield* Effect.exit(Deferred.await(ended))
  const vcpu = Exit.isSuccess(end) ? end.value.vcpu : main.vcpu
  // nothing runs any more that set_pc could send elsewhere, or exit could end
  const exitSequence = plugins.userExit(vcpu).pipe(Effect.catchTag(["SetPcRequest", "ExitRequest"], () => Effect.void))
  if (Exit.isFailure(end)) {
    // what failed first is what the run fails with
    yield* exitSequence.pipe(Effect.catch((error) => Effect.sync(() => plugins.reportFailure(error))))
    return yield* Effect.failCause(end.cause)
  }
  yield* exitSequence
  return finish(end.value, guest, options)
})

const load = (
  kernel: Kernel,
  options: ProcessOptions,
  hostPath: string,
  hostFs: HostFs["Service"]
): Effect.Effect<GuestProcess, LoadError | ElfError> =>
  Effect.suspend(() => {
    const { process, abi, memory } = kernel
    const random = kernel.random.bytes(16)
    const loaded = loadProgram(hostFs, abi, memory, {
      hostPath,
      shownPath: options.program,
      argv: process.argv,
      env: process.env,
      execFn: process.executable,
      stackSize: process.stackSize,
      random,
      identity: process,
      hostPathOf: (path) => toText(kernel.files.paths.hostPath(fromText(path)))
    })
    if (Result.isFailure(loaded)) return Effect.fail(loaded.failure)
    const { image, aux, vdsoBase } = loaded.success
    process.auxv = aux
    process.vdsoBase = vdsoBase
    return Effect.succeed({
      kernel,
      symbols: new Symbols(memory, abi.vdso, () => process.vdsoBase),
      modules: new Modules(memory),
      program: {
        path: process.executable,
        startCode: BigInt(image.startCode),
        endCode: BigInt(image.endCode),
        entryCode: BigInt(image.entry),
        target: abi.machine
      }
    })
  })

const makeStrace = (kernel: Kernel, options: ProcessOptions) => {
  const { strace } = options
  if (strace === undefined) return undefined
  return (
    {
      row,
      number,
      args
    }: { row: Parameters<typeof formatSyscall>[1] | undefined; number: number; args: ReadonlyArray<number | bigint> },
    result: number | bigint | undefined
  ): void => {
    strace(
      row === undefined ? `${kernel.process.pid} syscall_${number}() = ${result}` : formatSyscall(kernel, row, args, result)
    )
  }
}

/** Passes the host's signals to the guest, as long as the scope lives. */
const forwardSignals = (kernel: Kernel, options: ProcessOptions): Effect.Effect<void, never, Scope.Scope> =>
  Effect.asVoid(
    Effect.acquireRelease(
      Effect.sync(() => options.hostSignals?.((signal) => kernel.signals.sendToProcess({ signal, code: SigCode.kernel }))),
      (unsubscribe) => Effect.sync(() => unsubscribe?.())
    )
  )

const finish = (end: ProcessEnd, guest: GuestProcess, options: ProcessOptions): ProcessExit => {
  if (end.kind === "exit") return { status: end.status, signal: undefined }
  const text = describeDeath(end.info, end.pc, guest)
  if (text !== undefined) options.warn?.(text)
  return { status: 128 + end.info.signal, signal: end.info.signal }
}
