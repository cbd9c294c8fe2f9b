/** Connections between plugins of two emus on one machine. `core` knows them by this shape only. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { PluginChannelError } from "./PluginError.ts"

/** One end of a connection: a stream of bytes each way. */
export interface Channel {
  /** This end was there first, and waited for the other. */
  readonly isFirst: boolean
  /** Sends bytes, sometime soon; it does not wait. Nothing happens where the other end is gone. */
  readonly send: (bytes: Uint8Array) => void
  /** Bytes that have come, waiting for some; undefined when the other end will send no more, or is gone. */
  readonly receive: Effect.Effect<Uint8Array | undefined>
  /** Sends no more. What was sent still arrives, and receiving goes on. */
  readonly end: () => void
}

/** The host's connections. They are closed when the run ends, at the latest. */
export interface ChannelHost {
  /** Meets whoever opens the same path: the first one makes a Unix socket there and waits, which the second one connects to. */
  readonly open: (path: string) => Effect.Effect<Channel, PluginChannelError>
}

/** Where there is nobody to connect with: the default. */
const none: ChannelHost = {
  open: (path) => Effect.fail(new PluginChannelError({ path, reason: "this host has no sockets" }))
}

export const PluginChannels = Context.Reference<ChannelHost>("@emu/core/PluginChannels", { defaultValue: () => none })
