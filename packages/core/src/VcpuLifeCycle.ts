/**
 * A vCPU's life, as plugins hear of it: what the driver tells, and what it does for them between
 * slices.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { ExitRequest } from "./ExitRequest.ts"
import type { Instrumentation, TbInfo } from "./Instrumentation.ts"
import type {
  ExclusiveError,
  InvalidVcpuIndexError,
  OutOfRangeError,
  PluginCallbackError,
  ScoreboardMemoryExhausted,
  VcpuAlreadyLiveError,
  VcpuNotLiveError
} from "./PluginError.ts"
import type { PluginEvent } from "./PluginEvent.ts"
import type { WorkError } from "./PluginState.ts"
import type { CallbackScope } from "./Ports.ts"
import type { SetPcRequest } from "./SetPcRequest.ts"

/**
 * What callbacks end with that may not change the pc. On an `ExitRequest`, end the process with its
 * status.
 */
export type Ended = PluginCallbackError | ExitRequest

/**
 * What callbacks end with that may change the pc: those of system calls, idle, resume and
 * discontinuities. On a `SetPcRequest`, go on at its pc, before a system call without making it.
 */
export type Left = Ended | SetPcRequest

/** What a vCPU that begins fails with. */
export type VcpuInitError = InvalidVcpuIndexError | VcpuAlreadyLiveError | ScoreboardMemoryExhausted | WorkError

/**
 * One slice of a vCPU:
 *
 *     if (vcpus.hasWork(vcpu)) yield* vcpus.drain(vcpu)
 *     const exit = yield* sections.runSlice(vcpu, () => engine.run(budget))
 *
 * Everything that is an Effect is called outside guest code.
 */
export class VcpuLifeCycle extends Context.Service<
  VcpuLifeCycle,
  {
    /**
     * Which callback runs now. The engine keeps it around hot callbacks; the driver sets `pc` to
     * the guest's pc before it calls an entry point that concerns a vCPU.
     */
    readonly scope: CallbackScope
    /** Cheap: whether a vCPU has heard that somebody listens. Ask before building arguments. */
    readonly wants: (vcpu: number, event: PluginEvent) => boolean
    /** Whether a vCPU has begun, and not ended. */
    readonly isLive: (vcpu: number) => boolean
    /**
     * What plugins want in a block; the code cache was given this. Throws `PluginCallbackError`.
     */
    readonly instrument: (vcpu: number, tb: TbInfo) => Instrumentation | undefined
    /**
     * Makes what an engine reports of a failed callback (a `CallbackFailure`, or what `instrument`
     * threw) a typed error.
     */
    readonly callbackError: (error: unknown) => PluginCallbackError
    /** Tells the user of a failure that does not end the run, as its end has another reason. */
    readonly reportFailure: (error: { readonly _tag: string }) => void

    /** Cheap: whether `drain` has anything to do. */
    readonly hasWork: (vcpu: number) => boolean
    /**
     * Does the work queued for a vCPU: mask updates, resets, what flush handlers left. Before a
     * slice.
     */
    readonly drain: (vcpu: number) => Effect.Effect<void, WorkError>

    /** The vCPU that runs has made another one, whose registers are set, and which will begin later. */
    readonly vcpuMade: (vcpu: number, by: number) => void
    readonly vcpuInit: (vcpu: number) => Effect.Effect<void, VcpuInitError>
    /** The vCPU has gone also where this fails. */
    readonly vcpuExit: (vcpu: number) => Effect.Effect<void, VcpuNotLiveError | Ended>
    readonly vcpuIdle: (vcpu: number) => Effect.Effect<void, Left>
    readonly vcpuResume: (vcpu: number) => Effect.Effect<void, Left>
    /**
     * System call callbacks, then filters. A value is the result to use; the real call is then not
     * made.
     */
    readonly syscall: (vcpu: number, num: number, args: ReadonlyArray<bigint>) => Effect.Effect<bigint | undefined, Left>
    readonly syscallRet: (vcpu: number, num: number, ret: bigint) => Effect.Effect<void, Left>
    /** `kind` is one `DisconKind`. */
    readonly discon: (
      vcpu: number,
      kind: number,
      fromPc: bigint,
      toPc: bigint
    ) => Effect.Effect<void, Left | OutOfRangeError>
    /** The program ends on this vCPU; atexit handlers run. Once. */
    readonly userExit: (vcpu: number) => Effect.Effect<void, PluginCallbackError | ExclusiveError>
  }
>()("@emu/core/VcpuLifeCycle") {}
