/** Who executes guest code, and sections in which nobody does. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { ExitRequest } from "./ExitRequest.ts"
import type { ExclusiveError, PluginCallbackError } from "./PluginError.ts"
import type { Exclusive } from "./vcpu/Exclusive.ts"

/** Slices of guest code, and exclusive sections between them. */
export class ExclusiveSections extends Context.Service<
  ExclusiveSections,
  {
    /**
     * Runs a slice of guest code, and is out of guest code whatever becomes of it. Traces with
     * records of another vCPU are delivered first; what that ends with is what this fails with, and
     * the slice does not run.
     */
    readonly runSlice: <A>(
      vcpu: number,
      slice: () => A
    ) => Effect.Effect<A, ExclusiveError | PluginCallbackError | ExitRequest>
    /** As `runSlice`, for guest code that has to be waited for. */
    readonly inGuest: <A, E, R>(
      vcpu: number,
      slice: Effect.Effect<A, E, R>
    ) => Effect.Effect<A, E | ExclusiveError | PluginCallbackError | ExitRequest, R>
    /** Runs an effect while no vCPU is in guest code. */
    readonly withExclusive: Exclusive["withExclusive"]
  }
>()("@emu/core/ExclusiveSections") {}
