/**
 * The plugin system: its services on top of what it needs from the rest of the emulator.
 * `PluginRegistry` is for whoever loads plugins, `VcpuLifeCycle`, `ExclusiveSections` and
 * `Scoreboards` for the driver of vCPUs, `PluginHost` for what goes on beside a run.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { ExclusiveSections } from "./ExclusiveSections.ts"
import type { PluginFiles } from "./PluginFiles.ts"
import { PluginEvent } from "./PluginEvent.ts"
import { PluginHost } from "./PluginHost.ts"
import { PluginRegistry } from "./PluginRegistry.ts"
import type { CodeCache, GuestAccess, PluginOutput, ScoreboardMemory } from "./Ports.ts"
import { Scoreboards } from "./Scoreboards.ts"
import { survivesHot } from "./system/failures.ts"
import { onFlushed } from "./system/flush.ts"
import { makeHost } from "./system/host.ts"
import { makeInstrumenter } from "./system/instrument.ts"
import { install } from "./system/install.ts"
import * as Lifecycle from "./system/lifecycle.ts"
import * as Runtime from "./system/Runtime.ts"
import { drainTraces, switchTraces, type TraceEnd } from "./system/traces.ts"
import { makeVcpuLifeCycle } from "./system/vcpuLifeCycle.ts"
import { wants } from "./transitions/vcpu.ts"
import { findScoreboard } from "./transitions/scoreboard.ts"
import { registrations } from "./PluginState.ts"
import { VcpuLifeCycle } from "./VcpuLifeCycle.ts"

/** The services of a plugin system. */
export type PluginSystem = PluginRegistry | VcpuLifeCycle | ExclusiveSections | Scoreboards | PluginHost

/** What a plugin system needs. */
export type PluginPorts = CodeCache | GuestAccess | PluginFiles | PluginOutput | ScoreboardMemory

/** A plugin system, connected to its code cache. */
export const layer: Layer.Layer<PluginSystem, never, PluginPorts> = Layer.effectContext(
  Effect.map(Runtime.make, (runtime) => {
    const instrument = makeInstrumenter(runtime)
    connect(runtime, instrument)
    return Context.make(PluginRegistry, makeRegistry(runtime)).pipe(
      Context.add(VcpuLifeCycle, makeVcpuLifeCycle(runtime, instrument)),
      Context.add(ExclusiveSections, makeSections(runtime)),
      Context.add(Scoreboards, makeScoreboards(runtime)),
      Context.add(PluginHost, makeHost(runtime))
    )
  })
)

const connect = (runtime: Runtime.Runtime, instrument: VcpuLifeCycle["Service"]["instrument"]): void => {
  const { cache, scope } = runtime
  cache.setInstrumenter(instrument, (vcpu) => {
    const state = Runtime.stateOf(runtime)
    return wants(state, vcpu, PluginEvent.vcpuTbTrans) || registrations(state, PluginEvent.flush).length > 0
  })
  cache.setCallbackScope(scope)
  cache.setFlushListener(() => onFlushed(runtime))
  cache.setFailureListener((failure) => survivesHot(runtime, failure))
  cache.setScoreboardLookup((id) => Result.getOrThrow(findScoreboard(Runtime.stateOf(runtime), id)))
}

const makeRegistry = (runtime: Runtime.Runtime): PluginRegistry["Service"] => ({
  state: () => Runtime.stateOf(runtime),
  install: (plugin, args) => install(runtime, plugin, args),
  reset: (id, done) => Lifecycle.reset(runtime, id, done),
  uninstall: (id, done) => Lifecycle.uninstall(runtime, id, done)
})

const makeSections = (runtime: Runtime.Runtime): ExclusiveSections["Service"] => {
  const { inGuest, runSlice, withExclusive } = runtime.exclusive
  return {
    runSlice: (vcpu, slice) =>
      Runtime.stateOf(runtime).traces.length === 0
        ? runSlice(vcpu, slice)
        : Effect.flatMap(
            runSlice(vcpu, (): Effect.Effect<ReturnType<typeof slice>, TraceEnd> => {
              const failed = switchTraces(runtime, vcpu)
              return failed === undefined ? Effect.succeed(slice()) : Effect.fail(failed)
            }),
            (ended) => ended
          ),
    inGuest: (vcpu, slice) =>
      Runtime.stateOf(runtime).traces.length === 0
        ? inGuest(vcpu, slice)
        : inGuest(vcpu, Effect.andThen(deliverOthers(runtime, vcpu), slice)),
    withExclusive
  }
}

const deliverOthers = (runtime: Runtime.Runtime, vcpu: number): Effect.Effect<void, TraceEnd> =>
  Effect.suspend(() => {
    const failed = switchTraces(runtime, vcpu)
    return failed === undefined ? Effect.void : Effect.fail(failed)
  })

const makeScoreboards = (runtime: Runtime.Runtime): Scoreboards["Service"] => ({
  enterMemory: (buffer) => {
    if (buffer === runtime.memory.buffer) return
    runtime.memory.moveTo(buffer)
    for (const { trace } of Runtime.stateOf(runtime).traces) trace.moveTo(buffer)
  },
  isTracing: () => Runtime.stateOf(runtime).traces.length > 0,
  drainTraces: () => drainTraces(runtime)
})
