/** The engine of a run, for the machine that it runs on, and scoreboards in its memory. */
import { type CodeCache, ScoreboardMemory } from "@emu/core/Ports"
import * as ScoreboardArena from "@emu/core/scoreboard/ScoreboardArena"
import { Machine } from "@emu/guest/Machine"
import type { CpuState } from "@emu/tcg/CpuState"
import type { Engine } from "@emu/tcg/Engine"
import * as EngineGroup from "@emu/tcg/engine/EngineGroup"
import * as Lockstep from "@emu/tcg/engine/lockstep/Lockstep"
import * as TieredEngine from "@emu/tcg/engine/tiered/TieredEngine"
import * as Layout from "@emu/tcg/Layout"
import type { TranslationCacheShape } from "@emu/tcg/TranslationCache"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { EngineMaker, EngineName, RunOptions } from "../RunOptions.ts"

const makers = (seed: bigint | undefined): Readonly<Record<EngineName, EngineMaker>> => ({
  interpreter: TieredEngine.make,
  cold: (options) => TieredEngine.make({ cold: true, ...options }),
  jit: (options) => TieredEngine.make({ cold: true, jit: true, ...options }),
  lockstep: (options) => Lockstep.make({ cold: true, jit: true, ...options, seed: Number(seed ?? 0n) })
})

/**
 * The engine that the options name, and what makes engines for the memories of further processes.
 *
 * @param cache where translated code is kept; not by lockstep, which compares what is translated
 */
export const engineLayer = (
  options: RunOptions,
  cache: TranslationCacheShape | undefined
): Layer.Layer<Engine | CodeCache, never, Machine> =>
  Layer.unwrap(
    Effect.map(Machine, ({ frontEnd, state }) => {
      const { engine = "jit", measure, oneInsnPerTb, seed, trace } = options
      const make = typeof engine === "string" ? makers(seed)[engine] : engine
      const common = {
        frontEnd,
        ...(cache !== undefined && engine !== "lockstep" && { cache }),
        ...(measure !== undefined && { measure }),
        ...(oneInsnPerTb !== undefined && { oneInsnPerTb }),
        ...(trace !== undefined && { trace })
      }
      return EngineGroup.layer((memory: CpuState) => make({ ...common, state: memory }), state)
    })
  )

/** Scoreboards in the machine's arena, where translated code reaches them. */
export const scoreboardLayer: Layer.Layer<ScoreboardMemory, never, Machine> = Layer.effect(ScoreboardMemory)(
  Effect.map(Machine, ({ state }) =>
    ScoreboardArena.make({ buffer: state.buffer, base: Layout.arenaBase, end: Layout.arenaEnd })
  )
)
