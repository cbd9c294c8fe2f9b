/** Memory of plugins that translated code writes to: scoreboards and traces. */
import * as Context from "effect/Context"
import type { ExitRequest } from "./ExitRequest.ts"
import type { PluginCallbackError } from "./PluginError.ts"

/**
 * Scoreboards and traces, as the driver sees them. Plain functions: the driver calls them between
 * slices.
 */
export class Scoreboards extends Context.Service<
  Scoreboards,
  {
    /**
     * Code goes on in another memory: another process has the turn, or the one that has it executes
     * another program. Scoreboards and traces go along, so that all processes count in the same
     * ones. No guest code runs meanwhile.
     */
    readonly enterMemory: (buffer: ArrayBufferLike) => void
    /** Cheap: whether there are traces. */
    readonly isTracing: () => boolean
    /**
     * Delivers what traces hold: before a system call. What it gives, if anything, ends the run.
     */
    readonly drainTraces: () => PluginCallbackError | ExitRequest | undefined
  }
>()("@emu/core/Scoreboards") {}
