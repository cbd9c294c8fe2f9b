/** The engine that `--engine` names, with what `-d` wants to see of its work, and the scoreboards in its memory. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ScoreboardArena from "@emu/core/scoreboard/ScoreboardArena"
import { type CodeCache, ScoreboardMemory } from "@emu/core/Ports"
import { Machine } from "@emu/guest/Machine"
import type { Engine } from "@emu/tcg/Engine"
import type { CpuState } from "@emu/tcg/CpuState"
import * as EngineGroup from "@emu/tcg/engine/EngineGroup"
import * as TieredEngine from "@emu/tcg/engine/tiered/TieredEngine"
import * as Lockstep from "@emu/tcg/engine/lockstep/Lockstep"
import * as Layout from "@emu/tcg/Layout"
import type { Trace } from "@emu/tcg/Translator"
import type { LogSink } from "./LogSink.ts"
import type { RunOptions } from "./options/RunOptions.ts"
import { setWasmFlags } from "./platform/wasmFlags.ts"

const trace = ({ log }: RunOptions, { write }: LogSink): Trace => ({
  ...(log.has("in_asm") && { inAsm: write }),
  ...(log.has("op") && { op: write }),
  ...(log.has("op_opt") && { opOpt: write }),
  ...(log.has("jit") && { jit: write }),
  ...(log.has("exec") && {
    exec: (vcpu: number, pc: number) => write(`Trace ${vcpu}: 0x${pc.toString(16).padStart(16, "0")}\n`)
  })
})

/** The engine of a run, for the machine that it runs on, and what makes engines for the memories of further processes. */
export const engineLayer = (options: RunOptions, sink: LogSink): Layer.Layer<Engine | CodeCache, never, Machine> =>
  Layer.unwrap(
    Effect.map(Machine, ({ frontEnd, state }) => {
      const { engine, oneInsnPerTb, seed, stats } = options
      const cold = engine !== "interpreter"
      const jit = cold && engine !== "cold"
      if (cold) setWasmFlags()
      const common = { frontEnd, jit, cold, oneInsnPerTb, measure: stats, trace: trace(options, sink) }
      const makeEngine = (memory: CpuState) =>
        engine === "lockstep"
          ? Lockstep.make({ ...common, state: memory, seed: Number(seed ?? 0n) })
          : TieredEngine.make({ ...common, state: memory })
      return EngineGroup.layer(makeEngine, state)
    })
  )

/** Scoreboards in the machine's arena, where translated code reaches them. */
export const scoreboardLayer: Layer.Layer<ScoreboardMemory, never, Machine> = Layer.effect(ScoreboardMemory)(
  Effect.map(Machine, ({ state }) =>
    ScoreboardArena.make({ buffer: state.buffer, base: Layout.arenaBase, end: Layout.arenaEnd })
  )
)
