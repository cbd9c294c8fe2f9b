/** Sockets with connections: TCP, and AF_UNIX streams and sequences of packets. */
import { POLL } from "../../files/constants.ts"
import type { WaitQueue } from "../../files/open/WaitQueue.ts"
import { Errno } from "../../kernel/errno.ts"
import type { SocketAddress } from "../address/SocketAddress.ts"
import { SHUT } from "../constants.ts"
import type { Credentials } from "../message/Ancillary.ts"
import type { Received } from "../message/MessageQueue.ts"
import { type Answer, type Caller, type ReceiveRequest, type SendRequest, Socket } from "../Socket.ts"
import type { Link } from "./Link.ts"
import type { Listener } from "./Listener.ts"
import type { SocketKind } from "../SocketKind.ts"

/** What is being connected: what to do where that is given up. */
interface Attempt {
  readonly abandon: () => void
}

export abstract class StreamSocket extends Socket {
  protected link: Link | undefined
  protected listener: Listener | undefined
  #attempt: Attempt | undefined
  /** How the attempt has ended is still to be told by connect(2). */
  #isUntold = false

  constructor(kind: SocketKind, ino: bigint, flags: number, link?: Link, waiters: WaitQueue | undefined = link?.waiters) {
    super(kind, ino, flags, waiters)
    if (link !== undefined) this.adopt(link)
  }

  override get listens(): boolean {
    return this.listener !== undefined
  }

  override get peerCredentials(): Credentials | undefined {
    return this.link?.peerCredentials
  }

  /** A socket for a connection that has been accepted. */
  protected abstract accepted(link: Link, flags: number): Socket

  override accept(flags: number): Socket | number {
    if (this.listener === undefined) return -Errno.EINVAL
    const link = this.listener.take()
    return link === undefined ? -Errno.EAGAIN : this.accepted(link, flags)
  }

  /** Begins to connect: `connected` or `failed` is called when it is known how that ends, perhaps before it returns. */
  protected abstract begin(address: SocketAddress, by: Caller): Answer

  override connect(address: SocketAddress, by: Caller): Answer {
    if (this.#attempt !== undefined) return this.nonBlocking ? -Errno.EALREADY : -Errno.EINPROGRESS
    if (this.#isUntold) {
      this.#isUntold = false
      const error = this.takeError()
      if (error !== 0 || this.link !== undefined) return error
    }
    if (address.family === "none") return this.#dissolve()
    if (this.link !== undefined) return -Errno.EISCONN
    if (this.listener !== undefined) return -Errno.EINVAL
    return this.begin(address, by)
  }

  protected adopt(link: Link): void {
    this.link = link
    link.options = this.options
  }

  /** How an attempt has ended, for who has waited for that: -EAGAIN as long as it goes on. */
  settle(): number {
    if (this.#attempt !== undefined) return -Errno.EAGAIN
    this.#isUntold = false
    return this.takeError()
  }

  /** An attempt goes on: -EINPROGRESS. */
  protected attempting(abandon: () => void): number {
    this.#attempt = { abandon }
    this.#isUntold = true
    return -Errno.EINPROGRESS
  }

  /** The attempt has succeeded. */
  protected connected(link: Link): void {
    this.#attempt = undefined
    this.adopt(link)
    this.waiters.wake()
  }

  /** The attempt has failed, with a positive errno. */
  protected failed(error: number): void {
    this.#attempt = undefined
    this.error = error
    this.waiters.wake()
  }

  #dissolve(): number {
    this.link?.close(true)
    this.link = undefined
    return 0
  }

  override get peer(): SocketAddress | number {
    return this.link?.remote ?? -Errno.ENOTCONN
  }

  override receive(request: ReceiveRequest): Received | number {
    const error = this.takeError()
    if (error !== 0) return error
    return this.link?.receive(request) ?? this.notConnected
  }

  override send(request: SendRequest): number {
    const error = this.takeError()
    if (error !== 0) return error
    if (this.link === undefined) return this.#attempt === undefined ? this.unsendable : -Errno.EAGAIN
    if (request.to !== undefined) return this.#attempt === undefined ? this.addressed : -Errno.EALREADY
    return this.link.send(request)
  }

  /** What receiving and sending without a connection gives, and sending on one to an address. */
  protected abstract readonly notConnected: number
  protected abstract readonly unsendable: number
  protected abstract readonly addressed: number

  override takeError(): number {
    const error = this.link?.takeError() ?? 0
    return error === 0 ? super.takeError() : -error
  }

  override shutdown(how: number): number {
    if (this.link === undefined) return this.shutdownAlone(how)
    if (how !== SHUT.WR) this.link.shutdownRead()
    if (how !== SHUT.RD) this.link.shutdownWrite()
    return 0
  }

  /** shutdown(2) without a connection. */
  protected shutdownAlone(_how: number): number {
    return -Errno.ENOTCONN
  }

  override poll(): number {
    if (this.listener !== undefined) return this.listener.isEmpty ? 0 : POLL.IN | POLL.RDNORM
    const error = this.error === 0 ? 0 : POLL.ERR
    if (this.link !== undefined) return this.link.poll() | error
    if (this.#attempt !== undefined) return 0
    const ended = this.#isUntold ? POLL.IN | POLL.RDNORM | POLL.RDHUP : 0
    return POLL.OUT | POLL.WRNORM | POLL.HUP | error | ended
  }

  override available(): number {
    return this.listener === undefined ? (this.link?.available() ?? 0) : -Errno.EINVAL
  }

  /** Bytes that the other end has not received (SIOCOUTQ). */
  get unsent(): number {
    return this.link?.unsent() ?? 0
  }

  protected override dispose(): void {
    this.#attempt?.abandon()
    this.listener?.close()
    const { linger } = this.options
    this.link?.close(linger.isOn && linger.seconds === 0)
  }
}
