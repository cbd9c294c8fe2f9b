/** UDP sockets. What is sent to another one of the guest's over loopback stays inside. */
import * as Effect from "effect/Effect"
import type { HostDatagrams, HostEndpoint, HostNetworkShape } from "../../../HostNetwork.ts"
import { POLL } from "../../files/constants.ts"
import { Errno } from "../../kernel/errno.ts"
import { isLoopback, isWildcard } from "../address/ip.ts"
import type { Endpoint, SocketAddress } from "../address/SocketAddress.ts"
import { SHUT, SOL_SOCKET } from "../constants.ts"
import { MessageQueue, type Received } from "../message/MessageQueue.ts"
import type { Network } from "../Network.ts"
import { SO } from "../options/optionTable.ts"
import { type Answer, type ReceiveRequest, type SendRequest, Socket } from "../Socket.ts"
import { anywhere, destination, endpointOf, listenOptions, sourceFor, takePort } from "./binding.ts"
import { addressOf } from "./HostLink.ts"
import { isOwn } from "./TcpSocket.ts"
import type { SocketKind } from "../SocketKind.ts"

/** Longest datagram: 65535 bytes less the headers. */
const longest = 65507

const broadcast = "255.255.255.255"

export class UdpSocket extends Socket {
  readonly #network: Network
  readonly #queue = new MessageQueue(false, 0)
  #bound: Endpoint | undefined
  #peer: Endpoint | undefined
  /** The address that a connected socket has towards its peer. */
  #source: string | undefined
  #host: HostDatagrams | undefined
  #readShut = false
  #writeShut = false

  constructor(network: Network, ino: bigint, kind: SocketKind, flags: number) {
    super(kind, ino, flags)
    this.#network = network
  }

  override get local(): SocketAddress {
    const bound = this.#bound ?? anywhere(this.kind.family)
    return addressOf({ ip: this.#source ?? bound.ip, port: bound.port })
  }

  override get peer(): SocketAddress | number {
    return this.#peer === undefined ? -Errno.ENOTCONN : addressOf(this.#peer)
  }

  override bind(address: SocketAddress): Answer {
    if (this.#bound !== undefined) return -Errno.EINVAL
    const endpoint = endpointOf(this, address)
    if (typeof endpoint === "number") return endpoint
    const { outside } = this.#network
    if (outside !== undefined) return this.#bindOutside(outside, endpoint, endpoint.ip)
    if (!isOwn(this.#network, endpoint.ip)) return -Errno.EADDRNOTAVAIL
    const taken = this.#take(endpoint)
    const published = this.#network.published("udp", this.#port)
    if (taken < 0 || published === undefined) return taken
    return this.#bindOutside(published.network, published.at, endpoint.ip)
  }

  get #port(): number {
    return this.#bound?.port ?? 0
  }

  #take(endpoint: Endpoint): number {
    const taken = takePort(this.#network.udp, this, endpoint)
    if (typeof taken === "number") return taken
    this.#bound = taken
    return 0
  }

  /** Binds a socket of the host; where there is no own address yet, the host's becomes that. */
  #bindOutside(network: HostNetworkShape, at: Endpoint, ip: string): Effect.Effect<number> {
    return Effect.callback<number>((resume) => {
      let isBound = false
      const host = network.datagrams(at, listenOptions(this, 0), {
        bound: (where) => {
          isBound = true
          resume(Effect.succeed(this.#bound === undefined ? this.#take({ ip, port: where.port }) : 0))
        },
        failed: (errno) => {
          if (isBound) return this.#failed(errno)
          host.close()
          this.#host = undefined
          resume(Effect.succeed(-errno))
        },
        received: (bytes, from) => this.#deliver(bytes, from)
      })
      this.#host = host
    })
  }

  #failed(errno: number): void {
    this.error = errno
    this.waiters.wake()
  }

  override connect(address: SocketAddress): Answer {
    if (address.family === "none") {
      this.#peer = undefined
      this.#source = undefined
      this.#host?.disconnect()
      return 0
    }
    const endpoint = endpointOf(this, address)
    if (typeof endpoint === "number") return endpoint
    const to = destination(endpoint)
    const { outside } = this.#network
    if (isLoopback(to.ip)) return this.#connected(to, sourceFor(to))
    if (outside === undefined) return this.#network.unreachable(to)
    const host = this.#hostSocket(outside)
    return Effect.callback<number>((resume) => {
      host.connect(to, (local) => {
        if (typeof local === "number") return resume(Effect.succeed(-local))
        if (this.#bound === undefined) this.#take({ ip: anywhere(this.kind.family).ip, port: local.port })
        resume(Effect.succeed(this.#connected(to, local.ip)))
      })
    })
  }

  #connected(to: Endpoint, source: string): number {
    if (this.#bound === undefined) {
      const taken = this.#take({ ip: source, port: 0 })
      if (taken < 0) return taken
    }
    this.#peer = to
    this.#source = isWildcard(this.#bound!.ip) ? source : undefined
    return 0
  }

  /** The host's socket, made where there is none: it takes any port as soon as something is sent. */
  #hostSocket(outside: HostNetworkShape): HostDatagrams {
    if (this.#host !== undefined) return this.#host
    const at = anywhere(this.kind.family)
    const isTaken = this.#bound !== undefined
    this.#host = outside.datagrams(at, listenOptions(this, 0), {
      bound: ({ port }) => {
        if (!isTaken && this.#bound === undefined) this.#take({ ip: at.ip, port })
      },
      failed: (errno) => this.#failed(errno),
      received: (bytes, from) => this.#deliver(bytes, from)
    })
    return this.#host
  }

  /** Something has come. */
  #deliver(bytes: Uint8Array, from: HostEndpoint): void {
    this.#queue.capacity = this.options.get(SOL_SOCKET, SO.RCVBUF) ?? 0
    // what finds no room is lost, as datagrams are
    if (this.#readShut || !this.#queue.takes(bytes.length)) return
    this.#queue.push({ bytes, from: addressOf(from) })
    this.waiters.wake(POLL.IN | POLL.RDNORM)
  }

  override send({ bytes, to }: SendRequest): number {
    const error = this.takeError()
    if (error !== 0) return error
    if (this.#writeShut) return -Errno.EPIPE
    const wanted = to === undefined ? this.#peer : endpointOf(this, to)
    if (wanted === undefined) return -Errno.EDESTADDRREQ
    if (typeof wanted === "number") return wanted
    if (bytes.length > longest) return -Errno.EMSGSIZE
    if (wanted.port === 0) return -Errno.EINVAL
    const end = destination(wanted)
    if (end.ip === broadcast && !this.options.has(SO.BROADCAST)) return -Errno.EACCES
    return this.#sendTo(bytes, end)
  }

  #sendTo(bytes: Uint8Array, to: Endpoint): number {
    const { outside } = this.#network
    const isHome = isLoopback(to.ip)
    const receiver = isHome ? this.#receiver(to) : undefined
    if (receiver === undefined && outside !== undefined) {
      const host = this.#hostSocket(outside)
      host.setBroadcast(this.options.has(SO.BROADCAST))
      host.send(bytes, to)
      return bytes.length
    }
    if (!isHome) return this.#answerOutside(bytes, to)
    if (this.#bound === undefined) {
      const taken = this.#take({ ip: anywhere(this.kind.family).ip, port: 0 })
      if (taken < 0) return -Errno.EAGAIN
    }
    if (receiver !== undefined) receiver.#deliver(bytes, { ip: sourceFor(to), port: this.#bound!.port })
    // the answer that nobody is there reaches only who is connected
    else if (this.#peer !== undefined) this.error = Errno.ECONNREFUSED
    return bytes.length
  }

  /** Through a published port a closed network answers whoever has asked. */
  #answerOutside(bytes: Uint8Array, to: Endpoint): number {
    if (this.#host === undefined) return this.#network.unreachable(to)
    this.#host.send(bytes, to)
    return bytes.length
  }

  /** Who gets what is sent to an address: a socket that is connected to this one before others. */
  #receiver(to: Endpoint): UdpSocket | undefined {
    const all = this.#network.udp.reached(to).filter((socket) => socket instanceof UdpSocket)
    const own = this.#bound?.port
    return (
      all.find((socket) => socket.#peer !== undefined && socket.#peer.port === own && isLoopback(socket.#peer.ip)) ??
      all.find((socket) => socket.#peer === undefined)
    )
  }

  override receive({ into, peek }: ReceiveRequest): Received | number {
    const error = this.takeError()
    if (error !== 0) return error
    return this.#queue.read(into, peek) ?? (this.#readShut ? { count: 0, length: 0 } : -Errno.EAGAIN)
  }

  override shutdown(how: number): number {
    if (this.#peer === undefined) return -Errno.ENOTCONN
    if (how !== SHUT.WR) this.#readShut = true
    if (how !== SHUT.RD) this.#writeShut = true
    this.waiters.wake()
    return 0
  }

  override poll(): number {
    const input = !this.#queue.isEmpty || this.#readShut ? POLL.IN | POLL.RDNORM : 0
    const shut = this.#readShut ? POLL.RDHUP | (this.#writeShut ? POLL.HUP : 0) : 0
    return input | shut | POLL.OUT | POLL.WRNORM | (this.error === 0 ? 0 : POLL.ERR)
  }

  override available(): number {
    return this.#queue.firstLength
  }

  protected override dispose(): void {
    this.#host?.close()
    this.#queue.clear()
    if (this.#bound !== undefined) this.#network.udp.remove(this, this.#bound.port)
  }
}
