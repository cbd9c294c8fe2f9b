/** TCP sockets. Connections between the guest's own stay inside, also where the host's network may be used. */
import * as Effect from "effect/Effect"
import type { HostNetworkShape, HostEndpoint } from "../../../HostNetwork.ts"
import { Errno } from "../../kernel/errno.ts"
import { isLoopback } from "../address/ip.ts"
import type { Endpoint, SocketAddress } from "../address/SocketAddress.ts"
import type { Network } from "../Network.ts"
import type { Answer, Socket } from "../Socket.ts"
import { InsideLink } from "../stream/InsideLink.ts"
import type { Link } from "../stream/Link.ts"
import { Listener } from "../stream/Listener.ts"
import { StreamSocket } from "../stream/StreamSocket.ts"
import { WaitQueue } from "../../files/open/WaitQueue.ts"
import { anywhere, destination, endpointOf, listenOptions, sourceFor, takePort, told } from "./binding.ts"
import { addressOf, HostLink } from "./HostLink.ts"
import type { SocketKind } from "../SocketKind.ts"

export class TcpSocket extends StreamSocket {
  readonly #network: Network
  readonly #newInode: () => bigint
  #bound: Endpoint | undefined
  protected readonly notConnected = -Errno.ENOTCONN
  protected readonly unsendable = -Errno.EPIPE
  /** TCP takes no notice of an address. */
  protected readonly addressed = 0

  constructor(network: Network, newInode: () => bigint, kind: SocketKind, flags: number, link?: Link) {
    super(kind, newInode(), flags, link)
    this.#network = network
    this.#newInode = newInode
  }

  override get local(): SocketAddress {
    return this.link?.local ?? addressOf(this.#bound ?? anywhere(this.kind.family))
  }

  override bind(address: SocketAddress): Answer {
    if (this.#bound !== undefined || this.link !== undefined) return -Errno.EINVAL
    const endpoint = endpointOf(this, address)
    if (typeof endpoint === "number") return endpoint
    return this.#bindTo(endpoint)
  }

  #bindTo(endpoint: Endpoint): Answer {
    const { outside } = this.#network
    if (outside === undefined) {
      if (!isOwn(this.#network, endpoint.ip)) return -Errno.EADDRNOTAVAIL
      return this.#take(endpoint)
    }
    return Effect.map(this.#tryOut(outside, endpoint), (found) =>
      typeof found === "number" ? -found : this.#take({ ip: endpoint.ip, port: found.port })
    )
  }

  #take(endpoint: Endpoint): number {
    const taken = takePort(this.#network.tcp, this, endpoint)
    if (typeof taken === "number") return taken
    this.#bound = taken
    return 0
  }

  /** Finds out what the host says of an address, by listening there for a moment: Node has no other way. */
  #tryOut(outside: HostNetworkShape, endpoint: Endpoint): Effect.Effect<HostEndpoint | number> {
    return told(({ done, failed }) => {
      const stop = outside.listen(endpoint, listenOptions(this, 1), {
        listening: (at) => {
          stop()
          done(at)
        },
        failed,
        incoming: ({ connection }) => connection.close(true)
      })
    })
  }

  override listen(backlog: number): Answer {
    if (this.link !== undefined) return -Errno.EINVAL
    if (this.listener !== undefined) {
      this.listener.resize(backlog)
      return 0
    }
    if (this.#bound !== undefined) return this.#listenAt(this.#bound, backlog)
    const bound = this.#bindTo(anywhere(this.kind.family))
    const next = (result: number): Answer => (result < 0 ? result : this.#listenAt(this.#bound!, backlog))
    return typeof bound === "number" ? next(bound) : Effect.flatMap(bound, (result) => asEffect(next(result)))
  }

  #listenAt(endpoint: Endpoint, backlog: number): Answer {
    const { outside } = this.#network
    const published = this.#network.published("tcp", endpoint.port)
    const door = outside === undefined ? published : { network: outside, at: endpoint }
    const listener = new Listener(this.waiters, backlog)
    if (door === undefined) {
      this.listener = listener
      return 0
    }
    return Effect.map(
      told(({ done, failed }) => {
        listener.onClose = door.network.listen(door.at, listenOptions(this, backlog), {
          listening: done,
          failed,
          incoming: (incoming) => {
            if (listener.closed) incoming.connection.close(true)
            else listener.add(HostLink.incoming(incoming))
          }
        })
      }),
      (at) => {
        if (typeof at === "number") return -at
        this.listener = listener
        return 0
      }
    )
  }

  protected override accepted(link: Link, flags: number): TcpSocket {
    const socket = new TcpSocket(this.#network, this.#newInode, this.kind, flags, link)
    socket.options.inherit(this.options)
    return socket
  }

  protected override begin(address: SocketAddress): Answer {
    const wanted = endpointOf(this, address)
    if (typeof wanted === "number") return wanted
    const to = destination(wanted)
    const isHome = isLoopback(to.ip)
    const reached = isHome ? this.#network.tcp.reached(to).find(isServer) : undefined
    if (reached !== undefined) return this.#connectInside(to, reached)
    if (this.#network.outside !== undefined) return this.#connectOutside(this.#network.outside, to)
    if (!isHome) return this.#network.unreachable(to)
    return this.#refuse()
  }

  /** Nobody listens, which a caller who does not wait learns later. */
  #refuse(): number {
    const result = this.attempting(() => {})
    this.failed(Errno.ECONNREFUSED)
    return result
  }

  #connectInside(to: Endpoint, server: TcpSocket): Answer {
    if (this.#bound === undefined) {
      const taken = this.#take({ ip: sourceFor(to), port: 0 })
      if (taken < 0) return -Errno.EADDRNOTAVAIL
    }
    const { port } = this.#bound!
    const address = addressOf({ ip: sourceFor(to), port })
    let isGone = false
    const result = this.attempting(() => (isGone = true))
    server.listener!.enter({
      enter: () => {
        if (isGone) return undefined
        const [own, other] = InsideLink.pair(
          { address, credentials: undefined, waiters: this.waiters },
          { address: addressOf(to), credentials: undefined, waiters: new WaitQueue() },
          true,
          true
        )
        this.connected(own)
        return other
      },
      refuse: () => this.failed(Errno.ECONNREFUSED)
    })
    return result
  }

  #connectOutside(outside: HostNetworkShape, to: Endpoint): Answer {
    const link = new HostLink(this.waiters, addressOf(this.#bound ?? anywhere(this.kind.family)), addressOf(to))
    const connecting = link.events((local, remote) => {
      link.local = addressOf(local)
      link.remote = addressOf(remote)
      this.connected(link)
    })
    let isOver = false
    const result = this.attempting(() => {
      isOver = true
      link.close(true)
    })
    const connection = outside.connect(to, this.#bound, {
      ...connecting,
      failed: (errno) => {
        if (isOver) return
        if (this.link === link) connecting.failed(errno)
        else this.failed(errno)
      }
    })
    link.use(connection)
    return result
  }

  protected override dispose(): void {
    super.dispose()
    if (this.#bound !== undefined) this.#network.tcp.remove(this, this.#bound.port)
  }
}

const isServer = (socket: Socket): socket is TcpSocket => socket instanceof TcpSocket && socket.listens

const asEffect = (answer: Answer): Effect.Effect<number> => (typeof answer === "number" ? Effect.succeed(answer) : answer)

/** Whether a socket of a closed network may have an address. */
export const isOwn = (network: Network, ip: string): boolean => ip === "0.0.0.0" || ip === "::" || network.hasAddress(ip)
