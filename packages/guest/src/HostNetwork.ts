/**
 * The host's network, as sockets of a guest that is let out use it. Everything is asked for without waiting; what takes time is told to
 * functions given. Errors are positive Linux errno values, addresses text.
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"

/** An IP address and a port. */
export interface HostEndpoint {
  readonly ip: string
  readonly port: number
}

/** What somebody who has a connection wants to hear of. */
export interface ConnectionEvents {
  /** An outgoing connection is there: its own address, and the other end's. */
  readonly connected: (local: HostEndpoint, remote: HostEndpoint) => void
  /** Bytes have come, or the end of them. */
  readonly received: () => void
  /** What was written has gone, so that there is room for more. */
  readonly drained: () => void
  /** It could not be made, or has broken. */
  readonly failed: (errno: number) => void
}

/** A connection of the host. */
export interface HostConnection {
  /** Moves bytes that have come; how many, 0 where none are there. */
  readonly read: (into: Uint8Array, peek: boolean) => number
  /** Takes bytes to be sent; they must not change any more. */
  readonly write: (bytes: Uint8Array) => void
  readonly available: () => number
  /** Bytes that have been taken and not been sent. */
  readonly unsent: () => number
  /** Whether more bytes should be written now. */
  readonly hasRoom: () => boolean
  /** Whether no more bytes will come. */
  readonly isAtEnd: () => boolean
  readonly shutdownWrite: () => void
  /** Sends what is left, unless it is to be given up, and closes. */
  readonly close: (abort: boolean) => void
  readonly setNoDelay: (on: boolean) => void
  readonly setKeepAlive: (on: boolean) => void
}

/** A connection that has come in. */
export interface IncomingConnection {
  readonly connection: HostConnection
  readonly local: HostEndpoint
  readonly remote: HostEndpoint
  /** Whom to tell from now on. */
  readonly tell: (events: ConnectionEvents) => void
}

/** How to listen. */
export interface ListenOptions {
  readonly backlog: number
  /** Whether others may have the same address (SO_REUSEADDR). */
  readonly reusesAddress: boolean
  /** Whether others may have the same port (SO_REUSEPORT). */
  readonly reusesPort: boolean
  /** Whether `::` means IPv6 only. */
  readonly isSixOnly: boolean
}

/** What somebody who listens wants to hear of: either `listening` or `failed` first. */
export interface ListenEvents {
  readonly listening: (at: HostEndpoint) => void
  readonly failed: (errno: number) => void
  readonly incoming: (connection: IncomingConnection) => void
}

/** What somebody who sends and receives datagrams wants to hear of: either `bound` or `failed` first. */
export interface DatagramEvents {
  readonly bound: (at: HostEndpoint) => void
  readonly failed: (errno: number) => void
  readonly received: (bytes: Uint8Array, from: HostEndpoint) => void
}

/** A socket of the host for datagrams. */
export interface HostDatagrams {
  readonly send: (bytes: Uint8Array, to: HostEndpoint) => void
  /** Finds out from which address a receiver would be reached; only what comes from it is received from then on. */
  readonly connect: (to: HostEndpoint, done: (local: HostEndpoint | number) => void) => void
  readonly disconnect: () => void
  readonly setBroadcast: (on: boolean) => void
  readonly close: () => void
}

/** A network interface. */
export interface HostInterface {
  readonly name: string
  /** Six bytes. */
  readonly mac: Uint8Array
  readonly isLoopback: boolean
  readonly addresses: ReadonlyArray<{ readonly ip: string; readonly prefix: number; readonly scope: number }>
}

export interface HostNetworkShape {
  readonly interfaces: () => ReadonlyArray<HostInterface>
  /** Connects to an address, from one of its own if that matters. */
  readonly connect: (to: HostEndpoint, from: HostEndpoint | undefined, events: ConnectionEvents) => HostConnection
  /** Connects to a socket in the host's file system. */
  readonly connectPath: (path: string, events: ConnectionEvents) => HostConnection
  /** Listens; the function returned ends that. */
  readonly listen: (at: HostEndpoint, options: ListenOptions, events: ListenEvents) => () => void
  /** Makes a socket for datagrams, at an address. */
  readonly datagrams: (at: HostEndpoint, options: ListenOptions, events: DatagramEvents) => HostDatagrams
}

/** The host's network; undefined where there is none. */
export class HostNetwork extends Context.Service<HostNetwork, { readonly network: HostNetworkShape | undefined }>()(
  "@emu/guest/HostNetwork"
) {
  /** A host without a network, such as a page. */
  static readonly none = Layer.succeed(HostNetwork)({ network: undefined })
}
