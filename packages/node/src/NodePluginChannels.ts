/** Connections of plugins. What makes them is loaded with the first one: sockets would cost every run a few milliseconds. */
import { PluginChannels } from "@emu/core/PluginChannels"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"

/** The host's connections, closed with the layer. */
export const pluginChannels = Layer.effect(PluginChannels)(
  Effect.map(Effect.scope, (scope) => ({
    open: (file) =>
      Effect.promise(() => import("./internal/openChannel.ts")).pipe(
        Effect.flatMap(({ openChannel }) => openChannel(file)),
        Effect.provideService(Scope.Scope, scope)
      )
  }))
)
