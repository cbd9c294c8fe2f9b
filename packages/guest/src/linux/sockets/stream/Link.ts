/** One end of a connection: what a connected socket reads from and writes to. */
import type { SocketAddress } from "../address/SocketAddress.ts"
import type { Credentials } from "../message/Ancillary.ts"
import type { Received } from "../message/MessageQueue.ts"
import type { OptionValues } from "../options/OptionValues.ts"
import type { ReceiveRequest, SendRequest } from "../Socket.ts"
import type { WaitQueue } from "../../files/open/WaitQueue.ts"

export interface Link {
  /** Woken when `poll` may have changed. */
  readonly waiters: WaitQueue
  readonly local: SocketAddress
  readonly remote: SocketAddress
  /** Options of the socket that has the link, once there is one. */
  options: OptionValues | undefined
  /** Who is at the other end, where that is a process of the run. */
  readonly peerCredentials: Credentials | undefined
  /** As `Socket.receive`. */
  readonly receive: (request: ReceiveRequest) => Received | number
  /** As `Socket.send`. */
  readonly send: (request: SendRequest) => number
  readonly poll: () => number
  /** Bytes to be received. */
  readonly available: () => number
  /** Bytes sent that the other end has not received. */
  readonly unsent: () => number
  readonly shutdownRead: () => void
  readonly shutdownWrite: () => void
  readonly close: (abort: boolean) => void
  /** An error that has come up, as a positive errno; it is told once. */
  readonly takeError: () => number
}
