/** What the parts of the plugin system share: the state's Ref, the ports, the queues, and how actions are carried out. */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Result from "effect/Result"
import type { PluginInstallFailure } from "../Plugin.ts"
import type { PluginError } from "../PluginError.ts"
import type { Action, Checked, PluginState, Transition } from "../PluginState.ts"
import * as PluginState_ from "../PluginState.ts"
import { CodeCache, GuestAccess, PluginOutput, ScoreboardMemory } from "../Ports.ts"
import type { ExitRequest } from "../ExitRequest.ts"
import { PluginFiles } from "../PluginFiles.ts"
import { PluginChannels } from "../PluginChannels.ts"
import type { ChannelHost } from "../PluginChannels.ts"
import { PluginFailures } from "../PluginFailures.ts"
import type { PluginFailurePolicy } from "../PluginFailures.ts"
import type { SetPcRequest } from "../SetPcRequest.ts"
import type { TraceBuffer } from "../trace/TraceBuffer.ts"
import { receiveMask } from "../transitions/vcpu.ts"
import * as Exclusive from "../vcpu/Exclusive.ts"
import { makeScope, type Scope } from "./permission.ts"
import * as VcpuWork from "../vcpu/VcpuWork.ts"

/** Failures of work on a vCPU. */
export type WorkError = PluginError | SetPcRequest | ExitRequest

/** A stretch of scoreboard memory that is given back once no translated code can refer to it. */
export interface Retired {
  readonly byteOffset: number
  readonly bytes: number
}

/** A trace with the plugin that made it, and its bytes. */
export interface OwnedTrace {
  readonly plugin: bigint
  readonly trace: TraceBuffer
  readonly place: Retired
}

/** The running plugin system. */
export interface Runtime {
  readonly ref: Ref.Ref<PluginState>
  readonly cache: CodeCache["Service"]
  readonly guest: GuestAccess["Service"]
  readonly output: PluginOutput["Service"]
  readonly files: PluginFiles["Service"]
  readonly memory: ScoreboardMemory["Service"]
  readonly channels: ChannelHost
  readonly failures: PluginFailurePolicy
  readonly scope: Scope
  /** What installs each plugin anew. */
  readonly installs: Map<bigint, Effect.Effect<void, PluginError | PluginInstallFailure>>
  readonly exclusive: Exclusive.Exclusive
  readonly work: VcpuWork.VcpuWork<WorkError>
  /** Scoreboard memory that the next flush gives back. */
  readonly retired: Array<Retired>
  /** Traces that are open, in the order in which they were made. */
  readonly traces: Array<OwnedTrace>
  /** Effects that flush handlers returned, to be run before any guest goes on. */
  readonly afterFlush: Array<Effect.Effect<void, WorkError>>
}

/** Makes the runtime from the ports. */
export const make = Effect.gen(function* () {
  const cache = yield* CodeCache
  const guest = yield* GuestAccess
  const output = yield* PluginOutput
  const files = yield* PluginFiles
  const memory = yield* ScoreboardMemory
  const channels = yield* PluginChannels
  const failures = yield* PluginFailures
  const ref = yield* Ref.make(PluginState_.empty)
  const exclusive = Exclusive.make(cache.requestExit)
  const work = VcpuWork.make<WorkError>(exclusive, cache.requestExit)
  const scope = makeScope()
  const runtime: Runtime = {
    ref,
    cache,
    guest,
    output,
    files,
    memory,
    channels,
    failures,
    scope,
    exclusive,
    work,
    installs: new Map(),
    retired: [],
    traces: [],
    afterFlush: []
  }
  return runtime
})

/** The state as it is now. */
export const stateOf = (runtime: Runtime): PluginState => Ref.getUnsafe(runtime.ref)

/** Applies a transition at once, for synchronous callers. Atomic: nothing runs between reading and writing. */
export const apply = <A>(runtime: Runtime, transition: (state: PluginState) => Transition<A>): A => {
  const [result, next] = transition(stateOf(runtime))
  runtime.ref.ref.current = next
  return result
}

/** Applies a transition that may be refused; the state then stays as it is. */
export const applyChecked = <A, E extends PluginError>(
  runtime: Runtime,
  transition: (state: PluginState) => Checked<A, E>
): Result.Result<A, E> =>
  Result.map(transition(stateOf(runtime)), ([result, next]) => {
    runtime.ref.ref.current = next
    return result
  })

/** Asks for all translated code to be dropped. While flush handlers are called there is none. */
export const requestFlush = (runtime: Runtime): void => {
  if (!stateOf(runtime).isFlushing) runtime.cache.flush()
}

/** Does what a transition asks for: queues mask updates on their vCPUs, drops translated code. */
export const carryOut = (runtime: Runtime, actions: ReadonlyArray<Action>): void => {
  for (const action of actions) {
    if (action.kind === "flush") requestFlush(runtime)
    else if (action.kind === "releaseTime") runtime.guest.time.release()
    else queueMask(runtime, action.vcpu, action.mask)
  }
}

const queueMask = (runtime: Runtime, vcpu: number, mask: number): void => {
  const run = Effect.sync(() => {
    if (apply(runtime, (state) => receiveMask(state, vcpu, mask))) runtime.cache.flushJumpCache(vcpu)
  })
  runtime.work.queue(vcpu, { isSafe: false, run })
}
