/**
 * The plugins of a run as a stream. A module of its own: runs that nobody watches need not load
 * streams.
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { type LoadedPlugin, PluginHost } from "./PluginHost.ts"

/**
 * All plugins, in the order of loading: as they are now, and after each change of them or of what
 * they listen to.
 */
export const changes: Stream.Stream<ReadonlyArray<LoadedPlugin>, never, PluginHost> = Stream.unwrap(
  Effect.map(PluginHost, ({ watch }) =>
    Stream.callback<ReadonlyArray<LoadedPlugin>>((queue) =>
      Effect.acquireRelease(
        Effect.sync(() => watch((plugins) => void Queue.offerUnsafe(queue, plugins))),
        (stop) => Effect.sync(stop)
      )
    )
  )
)
