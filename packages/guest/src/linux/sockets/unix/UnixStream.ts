/** AF_UNIX sockets with connections: streams, and sequences of packets. */
import { WaitQueue } from "../../files/open/WaitQueue.ts"
import { Errno } from "../../kernel/errno.ts"
import { type SocketAddress, unnamed } from "../address/SocketAddress.ts"
import { SOCK } from "../constants.ts"
import type { Credentials } from "../message/Ancillary.ts"
import type { Network } from "../Network.ts"
import { HostLink } from "../inet/HostLink.ts"
import type { Answer, Caller } from "../Socket.ts"
import { InsideLink } from "../stream/InsideLink.ts"
import type { Link } from "../stream/Link.ts"
import { Listener } from "../stream/Listener.ts"
import { StreamSocket } from "../stream/StreamSocket.ts"
import type { SocketKind } from "../SocketKind.ts"
import { BoundName } from "./BoundName.ts"

export class UnixStream extends StreamSocket {
  readonly #network: Network
  readonly #newInode: () => bigint
  readonly #name = new BoundName()
  /** Who listens: what those who connect see of it. */
  #listening: Credentials | undefined
  protected readonly notConnected: number
  protected readonly unsendable: number
  protected readonly addressed: number

  constructor(network: Network, newInode: () => bigint, kind: SocketKind, flags: number, link?: Link, waiters?: WaitQueue) {
    super(kind, newInode(), flags, link, waiters ?? link?.waiters)
    this.#network = network
    this.#newInode = newInode
    const isStream = kind.type === SOCK.STREAM
    this.notConnected = isStream ? -Errno.EINVAL : -Errno.ENOTCONN
    this.unsendable = -Errno.ENOTCONN
    this.addressed = isStream ? -Errno.EISCONN : 0
  }

  /** Makes two that are connected (socketpair(2)). */
  static pair(
    network: Network,
    newInode: () => bigint,
    kind: SocketKind,
    flags: number,
    credentials: Credentials
  ): readonly [UnixStream, UnixStream] {
    const end = () => ({ address: nameless, credentials, waiters: new WaitQueue() })
    const [one, other] = InsideLink.pair(end(), end(), kind.type === SOCK.STREAM, false)
    const make = (link: Link) => new UnixStream(network, newInode, kind, flags, link)
    return [make(one), make(other)]
  }

  override get local(): SocketAddress {
    return this.link?.local ?? this.#name.address
  }

  override get peerCredentials(): Credentials | undefined {
    return this.#listening ?? super.peerCredentials
  }

  override bind(address: SocketAddress, by: Caller): Answer {
    return this.#name.bind(this.#network, this, address, by)
  }

  override listen(backlog: number, by: Caller): Answer {
    if (!this.#name.isBound || this.link !== undefined) return -Errno.EINVAL
    this.#listening = by.credentials
    if (this.listener === undefined) this.listener = new Listener(this.waiters, backlog)
    else this.listener.resize(backlog)
    return 0
  }

  protected override accepted(link: Link, flags: number): UnixStream {
    const socket = new UnixStream(this.#network, this.#newInode, this.kind, flags, link)
    socket.options.inherit(this.options)
    return socket
  }

  protected override begin(address: SocketAddress, by: Caller): Answer {
    if (address.family !== "unix") return -Errno.EINVAL
    const found = this.#network.unix.find(address.name, by)
    if (typeof found === "number") return found
    if (!(found instanceof UnixStream)) return "hostPath" in found ? this.#connectOutside(found.hostPath) : -Errno.EPROTOTYPE
    if (found.kind.type !== this.kind.type) return -Errno.EPROTOTYPE
    const { listener } = found
    if (listener === undefined) return -Errno.ECONNREFUSED
    if (listener.isFull && this.nonBlocking) return -Errno.EAGAIN
    return this.#connectInside(found, listener, by)
  }

  #connectInside(server: UnixStream, listener: Listener, by: Caller): number {
    let isGone = false
    const result = this.attempting(() => (isGone = true))
    listener.enter({
      enter: () => {
        if (isGone) return undefined
        const [own, other] = InsideLink.pair(
          { address: this.#name.address, credentials: by.credentials, waiters: this.waiters },
          { address: server.#name.address, credentials: server.#listening, waiters: new WaitQueue() },
          this.kind.type === SOCK.STREAM,
          false
        )
        this.connected(own)
        return other
      },
      refuse: () => this.failed(Errno.ECONNREFUSED)
    })
    // connections within a machine take no time
    return this.link === undefined ? result : this.settle()
  }

  /** A socket of the host's file system. */
  #connectOutside(path: string): number {
    const { outside } = this.#network
    if (outside === undefined || this.kind.type !== SOCK.STREAM) {
      if (outside === undefined) this.#network.refused(`the host's socket ${path}`)
      return -Errno.ECONNREFUSED
    }
    const link = new HostLink(this.waiters, nameless, { family: "unix", name: { kind: "path", path } })
    const result = this.attempting(() => link.close(true))
    const events = link.events(() => this.connected(link))
    const failed = (errno: number): void => (this.link === link ? events.failed(errno) : this.failed(errno))
    link.use(outside.connectPath(path, { ...events, failed }))
    return result
  }

  protected override shutdownAlone(): number {
    return -Errno.ENOTCONN
  }

  protected override dispose(): void {
    super.dispose()
    this.#name.free()
  }
}

const nameless: SocketAddress = { family: "unix", name: unnamed }
