/** The engines of several memories, of which one at a time runs, as one code cache to the plugin system. */
import { CodeCache } from "@emu/core/Ports"
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import * as Record from "effect/Record"
import type { CpuState } from "../CpuState.ts"
import { type CompiledStats, Engine, type EngineStats } from "../Engine.ts"
import { Engines, type EnginesShape } from "../Engines.ts"
import type { EngineServices } from "./tiered/TieredEngine.ts"

/** The first engine, whose `stats` are those of all, with what all have in common. */
export interface EngineGroup extends EngineServices {
  readonly engines: EnginesShape
}

/**
 * Makes a group of one engine that can grow.
 *
 * A flush is one of all engines: where one drops all its code, whoever asked for it, the others do, and the plugin system is told
 * once, when nothing is left. It may then free what any code refers to.
 *
 * @param makeEngine makes an engine for a memory
 * @param state the first memory
 */
export const make = (makeEngine: (state: CpuState) => EngineServices, state: CpuState): EngineGroup => {
  const members: Array<EngineServices> = []
  /** What each engine has to be told, by the name of the function that does it. */
  const settings = new Map<keyof CodeCache["Service"], (cache: CodeCache["Service"]) => void>()
  /** Engines that have yet to drop their code, in a flush that is on its way. */
  const unflushed = new Set<EngineServices>()
  let onFlush = (): void => {}
  let isResetting = false

  /** Lets all drop their code but one that has; only an engine that runs does it later. */
  const flushAll = (done?: EngineServices): void => {
    for (const member of members) if (member !== done) unflushed.add(member)
    for (const { codeCache } of Array.from(unflushed)) codeCache.flush()
  }

  const flushed = (member: EngineServices): void => {
    if (isResetting) return
    const isExpected = unflushed.delete(member)
    if (!isExpected && unflushed.size > 0) return
    if (!isExpected && members.length > 1) flushAll(member)
    else if (unflushed.size === 0) onFlush()
  }

  const set = (name: keyof CodeCache["Service"], apply: (cache: CodeCache["Service"]) => void): void => {
    settings.set(name, apply)
    for (const { codeCache } of members) apply(codeCache)
  }

  const add = (memory: CpuState): EngineServices => {
    const member = makeEngine(memory)
    members.push(member)
    member.codeCache.setFlushListener(() => flushed(member))
    for (const apply of settings.values()) apply(member.codeCache)
    return member
  }

  const first = add(state)
  return {
    engine: { ...first.engine, stats: () => total(members.map(({ engine }) => engine.stats())) },
    codeCache: {
      flush: () => {
        if (unflushed.size === 0) flushAll()
      },
      setFlushListener: (listener) => {
        onFlush = listener
      },
      flushJumpCache: (vcpu) => {
        for (const { codeCache } of members) codeCache.flushJumpCache(vcpu)
      },
      requestExit: () => {
        for (const { codeCache } of members) codeCache.requestExit()
      },
      setScoreboardLookup: (find) => set("setScoreboardLookup", (cache) => cache.setScoreboardLookup(find)),
      setInstrumenter: (instrument, isInstrumented) =>
        set("setInstrumenter", (cache) => cache.setInstrumenter(instrument, isInstrumented)),
      setFailureListener: (survives) => set("setFailureListener", (cache) => cache.setFailureListener(survives)),
      setCallbackScope: (scope) => set("setCallbackScope", (cache) => cache.setCallbackScope(scope))
    },
    engines: {
      make: (memory) => add(memory).engine,
      reset: (engine) => {
        isResetting = true
        engine.flush()
        isResetting = false
      }
    }
  }
}

/** The sum, and the largest, of a number that each has. */
const over = <A>(all: ReadonlyArray<A>) => ({
  sum: (count: (one: A) => number) => all.reduce((before, one) => before + count(one), 0),
  most: (count: (one: A) => number) => Math.max(...all.map(count))
})

/** Sums of what engines count. */
const total = (all: ReadonlyArray<EngineStats>): EngineStats => {
  if (all.length === 1) return all[0]!
  const { most, sum } = over(all)
  const compiled = all.flatMap((stats) => stats.compiled ?? [])
  return {
    insns: sum(({ insns }) => insns),
    translatedBlocks: sum(({ translatedBlocks }) => translatedBlocks),
    translatedInsns: sum(({ translatedInsns }) => translatedInsns),
    keptBlocks: sum(({ keptBlocks }) => keptBlocks),
    translationMilliseconds: sum(({ translationMilliseconds }) => translationMilliseconds),
    flushes: sum(({ flushes }) => flushes),
    cachedBlocks: sum(({ cachedBlocks }) => cachedBlocks),
    codeWordsUsed: most(({ codeWordsUsed }) => codeWordsUsed),
    codeWords: most(({ codeWords }) => codeWords),
    exits: Record.map(all[0]!.exits, (_, kind) => sum(({ exits }) => exits[kind])),
    compiled: compiled.length === 0 ? undefined : totalCompiled(compiled)
  }
}

const totalCompiled = (all: ReadonlyArray<CompiledStats>): CompiledStats => {
  const { most, sum } = over(all)
  return {
    insns: sum(({ insns }) => insns),
    regions: sum(({ regions }) => regions),
    bytes: sum(({ bytes }) => bytes),
    milliseconds: sum(({ milliseconds }) => milliseconds),
    backgroundMilliseconds: sum(({ backgroundMilliseconds }) => backgroundMilliseconds),
    slotsUsed: most(({ slotsUsed }) => slotsUsed),
    slots: most(({ slots }) => slots),
    flushes: sum(({ flushes }) => flushes)
  }
}

/** The services of a group: its first engine, its code cache, and `Engines`, which makes the others. */
export const layer = (makeEngine: (state: CpuState) => EngineServices, state: CpuState): Layer.Layer<Engine | CodeCache> =>
  Layer.syncContext(() => {
    const { codeCache, engine, engines } = make(makeEngine, state)
    return Context.make(Engine, engine).pipe(Context.add(CodeCache, codeCache), Context.add(Engines, engines))
  })
