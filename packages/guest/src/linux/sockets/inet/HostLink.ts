/** Connections of the host, as sockets of the guest have them. */
import type { ConnectionEvents, HostConnection, HostEndpoint, IncomingConnection } from "../../../HostNetwork.ts"
import { POLL } from "../../files/constants.ts"
import { WaitQueue } from "../../files/open/WaitQueue.ts"
import { Errno } from "../../kernel/errno.ts"
import type { SocketAddress } from "../address/SocketAddress.ts"
import type { Received } from "../message/MessageQueue.ts"
import type { OptionValues } from "../options/OptionValues.ts"
import type { ReceiveRequest, SendRequest } from "../Socket.ts"
import type { Link } from "../stream/Link.ts"

const inBits = POLL.IN | POLL.RDNORM
const outBits = POLL.OUT | POLL.WRNORM

export class HostLink implements Link {
  readonly waiters: WaitQueue
  readonly peerCredentials = undefined
  local: SocketAddress
  remote: SocketAddress
  #options: OptionValues | undefined
  #connection: HostConnection | undefined
  #readShut = false
  #writeShut = false
  #isBroken = false
  #error = 0

  constructor(waiters: WaitQueue, local: SocketAddress, remote: SocketAddress) {
    this.waiters = waiters
    this.local = local
    this.remote = remote
  }

  /** The link for a connection that has come in. */
  static incoming({ connection, local, remote, tell }: IncomingConnection): HostLink {
    const link = new HostLink(new WaitQueue(), addressOf(local), addressOf(remote))
    link.#connection = connection
    tell(link.events(() => {}))
    return link
  }

  /** What the host tells of the connection. */
  events(connected: (local: HostEndpoint, remote: HostEndpoint) => void): ConnectionEvents {
    return {
      connected,
      received: () => this.waiters.wake(inBits | POLL.RDHUP),
      drained: () => this.waiters.wake(outBits),
      failed: (errno) => {
        this.#error = errno
        this.#isBroken = true
        this.waiters.wake()
      }
    }
  }

  /** The connection is made, or being made. */
  use(connection: HostConnection): void {
    this.#connection = connection
  }

  get options(): OptionValues | undefined {
    return this.#options
  }

  set options(options: OptionValues | undefined) {
    this.#options = options
    if (options === undefined) return
    options.onChange = () => this.#applyOptions(options)
    this.#applyOptions(options)
  }

  #applyOptions(options: OptionValues): void {
    this.#connection?.setNoDelay(options.noDelay)
    this.#connection?.setKeepAlive(options.keepAlive)
  }

  receive({ into, peek }: ReceiveRequest): Received | number {
    const count = this.#connection?.read(into, peek) ?? 0
    if (count > 0) return { count, length: count }
    const error = this.takeError()
    if (error !== 0) return -error
    if (into.length === 0 && this.available() > 0) return { count: 0, length: 0 }
    return this.#isAtEnd ? { count: 0, length: 0 } : -Errno.EAGAIN
  }

  send({ bytes }: SendRequest): number {
    if (this.#error !== 0) return -this.takeError()
    if (this.#writeShut || this.#isBroken || this.#connection === undefined) return -Errno.EPIPE
    if (!this.#connection.hasRoom()) return -Errno.EAGAIN
    this.#connection.write(bytes)
    return bytes.length
  }

  poll(): number {
    const end = this.#isAtEnd
    const input = end || this.available() > 0 ? inBits : 0
    const isOver = this.#isBroken || (end && this.#writeShut)
    const output = isOver || this.#writeShut || this.#connection?.hasRoom() === true ? outBits : 0
    return input | output | (end ? POLL.RDHUP : 0) | (isOver ? POLL.HUP : 0) | (this.#error === 0 ? 0 : POLL.ERR)
  }

  get #isAtEnd(): boolean {
    return this.#readShut || this.#isBroken || (this.#connection?.isAtEnd() === true && this.available() === 0)
  }

  available(): number {
    return this.#connection?.available() ?? 0
  }

  unsent(): number {
    return this.#connection?.unsent() ?? 0
  }

  shutdownRead(): void {
    this.#readShut = true
    this.waiters.wake()
  }

  shutdownWrite(): void {
    if (this.#writeShut) return
    this.#writeShut = true
    this.#connection?.shutdownWrite()
    this.waiters.wake()
  }

  close(abort: boolean): void {
    // as Linux does, what has come and was not read is told to the other end by a reset
    this.#connection?.close(abort || this.available() > 0)
    this.#connection = undefined
    this.#isBroken = true
  }

  takeError(): number {
    const error = this.#error
    this.#error = 0
    return error
  }
}

/** An address of the host as one of the guest's. */
export const addressOf = ({ ip, port }: HostEndpoint): SocketAddress => ({ family: "inet", ip, port })
