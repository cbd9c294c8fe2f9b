/**
 * The plugin system as the rest of the emulator sees it: the state in a Ref, the transitions applied to it, and plugins called
 * when something happens. The engine uses the synchronous part, the driver the Effects.
 *
 * One slice of a vCPU:
 *
 *     if (system.hasWork(vcpu)) yield* system.drain(vcpu)
 *     const exit = yield* system.inGuest(vcpu, Effect.sync(() => engine.run(budget)))
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type { Instrumentation, TbInfo } from "./Instrumentation.ts"
import { CallbackFlags } from "./Instrumentation.ts"
import type { Plugin } from "./Plugin.ts"
import type { ColdResult, DisconCallback, SyscallCallback, SyscallFilterCallback, SyscallRetCallback } from "./PluginApi.ts"
import { OutOfRangeError, PluginCallbackError } from "./PluginError.ts"
import type { CallbackFailure as HotFailure, PluginError } from "./PluginError.ts"
import { disconEvents, PluginEvent } from "./PluginEvent.ts"
import type { EventHandler, PluginState } from "./PluginState.ts"
import type { CallbackScope, CodeCache, GuestAccess, PluginOutput, ScoreboardMemory } from "./Ports.ts"
import type { ExitRequest } from "./ExitRequest.ts"
import type { PluginFiles } from "./PluginFiles.ts"
import type { SetPcRequest } from "./SetPcRequest.ts"
import { dispatch } from "./system/callbacks.ts"
import { errorOf, survivesHot } from "./system/failures.ts"
import { onFlushed } from "./system/flush.ts"
import { makeHost } from "./system/host.ts"
import type { PluginHost } from "./system/host.ts"
import { makeInstrumenter } from "./system/instrument.ts"
import { install } from "./system/install.ts"
import type { InstallError } from "./system/install.ts"
import * as Lifecycle from "./system/lifecycle.ts"
import * as Runtime from "./system/Runtime.ts"
import * as Vcpus from "./system/vcpus.ts"
import { drainTraces, switchTraces } from "./system/traces.ts"
import type { Exclusive } from "./vcpu/Exclusive.ts"
import { findScoreboard } from "./transitions/scoreboard.ts"
import { isInitialised, wants } from "./transitions/vcpu.ts"

/**
 * What an entry point fails with. A `SetPcRequest` comes only from callbacks that may set the pc (system calls, idle, resume,
 * discontinuities): go on at its pc, before a system call without making it.
 * An `ExitRequest` may come from any callback of a vCPU: end the process with its status.
 */
export type Failure = PluginError | SetPcRequest | ExitRequest

/** A callback of reset or uninstall. */
type Done = () => ColdResult

export class PluginSystem extends Context.Service<
  PluginSystem,
  {
    // synchronous
    /**
     * Which callback runs now. The engine keeps it around hot callbacks; the driver sets `pc` to the guest's pc before it calls
     * an entry point that concerns a vCPU.
     */
    readonly scope: CallbackScope
    readonly state: () => PluginState
    /** Cheap: whether a vCPU has heard that somebody listens. Ask before building arguments. */
    readonly wants: (vcpu: number, event: PluginEvent) => boolean
    /** Cheap: whether `drain` has anything to do. */
    readonly hasWork: (vcpu: number) => boolean
    /** What plugins want in a block; the code cache was given this. Throws `PluginCallbackError`. */
    readonly instrument: (vcpu: number, tb: TbInfo) => Instrumentation | undefined
    /** Cheap: whether there are traces. */
    readonly isTracing: () => boolean
    /** Delivers what traces hold: before a system call. What it gives, if anything, ends the run (or is an `ExitRequest`). */
    readonly drainTraces: () => Failure | undefined
    /** Makes what an engine reports of a failed callback (a `CallbackFailure`, or what `instrument` threw) a typed error. */
    readonly callbackError: (error: unknown) => PluginCallbackError
    /** Tells the user of a failure that does not end the run, as its end has another reason. */
    readonly reportFailure: (error: PluginError) => void

    // plugins
    /** Loads a plugin with `key=value` pairs in order; its id. */
    readonly install: <Options, Result>(
      plugin: Plugin<Options, Result>,
      args: ReadonlyArray<readonly [key: string, value: string]>
    ) => Effect.Effect<bigint, InstallError>
    readonly reset: (id: bigint, done?: Done) => Effect.Effect<void, Failure>
    readonly uninstall: (id: bigint, done?: Done) => Effect.Effect<void, Failure>

    /** Attaches and detaches plugins while the guest runs; from any fiber but a vCPU's. */
    readonly host: PluginHost

    /**
     * Code goes on in another memory: another process has the turn, or the one that has it executes another program. Scoreboards and
     * traces go along, so that all processes count in the same ones. No guest code runs meanwhile.
     */
    readonly enterMemory: (buffer: ArrayBufferLike) => void

    // vCPUs; call these outside guest code
    readonly vcpuInit: (vcpu: number) => Effect.Effect<void, Failure>
    readonly vcpuExit: (vcpu: number) => Effect.Effect<void, Failure>
    readonly vcpuIdle: (vcpu: number) => Effect.Effect<void, Failure>
    readonly vcpuResume: (vcpu: number) => Effect.Effect<void, Failure>
    /** System call callbacks, then filters. A value is the result to use; the real call is then not made. */
    readonly syscall: (vcpu: number, num: number, args: ReadonlyArray<bigint>) => Effect.Effect<bigint | undefined, Failure>
    readonly syscallRet: (vcpu: number, num: number, ret: bigint) => Effect.Effect<void, Failure>
    /** `kind` is one `DisconKind`. */
    readonly discon: (vcpu: number, kind: number, fromPc: bigint, toPc: bigint) => Effect.Effect<void, Failure>

    // slices, work and exclusive sections
    /** Does the work queued for a vCPU: mask updates, resets, what flush handlers left. Before `inGuest`. */
    readonly drain: (vcpu: number) => Effect.Effect<void, Failure>
    /**
     * Runs a slice of guest code, and is out of guest code whatever becomes of it. Traces with records of another vCPU are delivered
     * first; what that fails with is what this fails with, and the slice does not run.
     */
    readonly inGuest: <A, E, R>(vcpu: number, slice: Effect.Effect<A, E, R>) => Effect.Effect<A, E | Failure, R>
    /** Runs an effect while no vCPU is in guest code. */
    readonly withExclusive: Exclusive["withExclusive"]

    // the end
    /** The program ends on this vCPU; atexit handlers run. Once. */
    readonly userExit: (vcpu: number) => Effect.Effect<void, Failure>
  }
>()("@emu/core/PluginSystem") {
  /** The plugin system of one process, connected to its code cache. */
  static readonly layer: Layer.Layer<
    PluginSystem,
    never,
    CodeCache | GuestAccess | PluginFiles | PluginOutput | ScoreboardMemory
  > = Layer.effect(PluginSystem)(Effect.map(Runtime.make, (runtime) => make(runtime)))
}

/** Permission of callbacks about system calls and jumps. */
const flags = CallbackFlags.readWriteRegsPc

const make = (runtime: Runtime.Runtime): PluginSystem["Service"] => {
  const { cache, exclusive, scope, work } = runtime
  const state = () => Runtime.stateOf(runtime)
  const instrument = makeInstrumenter(runtime)
  const hears = (vcpu: number, event: PluginEvent) => wants(state(), vcpu, event)

  cache.setInstrumenter(instrument)
  cache.setCallbackScope(scope)
  cache.setFlushListener(() => onFlushed(runtime))
  cache.setFailureListener((failure) => survivesHot(runtime, failure))
  cache.setScoreboardLookup((id) => Result.getOrThrow(findScoreboard(state(), id)))

  const onSyscall = (vcpu: number, num: number, args: ReadonlyArray<bigint>) => {
    const call = (handler: EventHandler) => (handler as SyscallCallback)(vcpu, num, args)
    return dispatch(runtime, { event: PluginEvent.vcpuSyscall, vcpu, flags }, call)
  }

  const filterSyscall = (vcpu: number, num: number, args: ReadonlyArray<bigint>) => {
    const call = (handler: EventHandler) => (handler as SyscallFilterCallback)(vcpu, num, args)
    const delivery = { event: PluginEvent.vcpuSyscallFilter, vcpu, flags } as const
    const filtered = dispatch(runtime, delivery, call, isBigInt)
    return Effect.map(filtered, (result) => (isBigInt(result) ? BigInt.asIntN(64, result) : undefined))
  }

  return {
    scope,
    state,
    wants: hears,
    hasWork: work.hasWork,
    instrument,
    callbackError: (error) => callbackError(runtime, error),
    reportFailure: (error) => {
      if (error._tag === "PluginCallbackError") runtime.failures.report(error)
    },
    install: (plugin, args) => install(runtime, plugin, args),
    reset: (id, done) => Lifecycle.reset(runtime, id, done),
    uninstall: (id, done) => Lifecycle.uninstall(runtime, id, done),
    host: makeHost(runtime),
    enterMemory: (buffer) => {
      if (buffer === runtime.memory.buffer) return
      runtime.memory.moveTo(buffer)
      for (const { trace } of runtime.traces) trace.moveTo(buffer)
    },
    vcpuInit: (vcpu) => Vcpus.vcpuInit(runtime, vcpu),
    vcpuExit: (vcpu) => Vcpus.vcpuExit(runtime, vcpu),
    vcpuIdle: (vcpu) => Vcpus.vcpuPause(runtime, PluginEvent.vcpuIdle, vcpu),
    vcpuResume: (vcpu) => Vcpus.vcpuPause(runtime, PluginEvent.vcpuResume, vcpu),
    syscall: (vcpu, num, args) =>
      Effect.suspend(() => {
        const called = hears(vcpu, PluginEvent.vcpuSyscall) ? onSyscall(vcpu, num, args) : Effect.void
        if (!hears(vcpu, PluginEvent.vcpuSyscallFilter)) return Effect.as(called, undefined)
        return Effect.andThen(called, filterSyscall(vcpu, num, args))
      }),
    syscallRet: (vcpu, num, ret) =>
      Effect.suspend(() => {
        if (!hears(vcpu, PluginEvent.vcpuSyscallRet)) return Effect.void
        const call = (handler: EventHandler) => (handler as SyscallRetCallback)(vcpu, num, ret)
        const delivery = { event: PluginEvent.vcpuSyscallRet, vcpu, flags } as const
        return Effect.asVoid(dispatch(runtime, delivery, call))
      }),
    discon: (vcpu, kind, fromPc, toPc) =>
      Effect.suspend((): Effect.Effect<void, Failure> => {
        const event = disconEvents.find(([k]) => k === kind)?.[1]
        if (event === undefined) return Effect.fail(new OutOfRangeError({ what: "DisconKind", value: kind }))
        if (!isInitialised(state(), vcpu)) return Effect.void
        const call = (handler: EventHandler) => (handler as DisconCallback)(vcpu, kind, fromPc, toPc)
        return Effect.asVoid(dispatch(runtime, { event, vcpu, flags }, call))
      }),
    drain: work.drain,
    inGuest: (vcpu, slice) =>
      exclusive.inGuest(
        vcpu,
        runtime.traces.length === 0
          ? slice
          : Effect.andThen(
              Effect.suspend(() => failing(switchTraces(runtime, vcpu))),
              slice
            )
      ),
    isTracing: () => runtime.traces.length > 0,
    drainTraces: () => drainTraces(runtime),
    withExclusive: exclusive.withExclusive,
    userExit: (vcpu) => Vcpus.userExit(runtime, vcpu)
  }
}

const failing = (failed: Failure | undefined): Effect.Effect<void, Failure> =>
  failed === undefined ? Effect.void : Effect.fail(failed)

const isBigInt = (value: unknown): value is bigint => typeof value === "bigint"

const callbackError = (runtime: Runtime.Runtime, error: unknown): PluginCallbackError => {
  if (error instanceof PluginCallbackError) return error
  if (!isHotFailure(error))
    return new PluginCallbackError({ plugin: "(unknown)", event: "hot", pc: undefined, symbol: undefined, cause: error })
  return errorOf(runtime, error, error.cause)
}

const isHotFailure = (error: unknown): error is HotFailure =>
  typeof error === "object" && error !== null && "plugin" in error && "cause" in error
