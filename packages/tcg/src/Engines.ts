/** Engines for further memories: what a process needs that does not live in its parent's. */
import * as Context from "effect/Context"
import type { CpuState } from "./CpuState.ts"
import type { Engine } from "./Engine.ts"

/** Makes engines like the first one, under the same plugins. */
export interface EnginesShape {
  /** An engine for another memory; undefined where there can be only one. */
  readonly make: (state: CpuState) => Engine["Service"] | undefined
  /**
   * Drops all code of an engine whose memory gets another program. Not while it runs. Plugins are not told: to them the code's
   * memory was unmapped, and other engines keep theirs.
   */
  readonly reset: (engine: Engine["Service"]) => void
}

const one: EnginesShape = { make: () => undefined, reset: (engine) => engine.flush() }

/** By default there is one engine: one process, which does not execute another program. */
export const Engines = Context.Reference<EnginesShape>("@emu/tcg/Engines", { defaultValue: () => one })
