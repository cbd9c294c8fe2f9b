/** AF_UNIX sockets for datagrams. Nothing gets lost: who sends waits until the receiver has room. */
import { POLL } from "../../files/constants.ts"
import { Errno } from "../../kernel/errno.ts"
import type { SocketAddress } from "../address/SocketAddress.ts"
import { maxBuffer, SHUT, SOL_SOCKET } from "../constants.ts"
import type { Credentials } from "../message/Ancillary.ts"
import { MessageQueue, type Received } from "../message/MessageQueue.ts"
import type { Network } from "../Network.ts"
import { SO } from "../options/optionTable.ts"
import { type Answer, type Caller, type ReceiveRequest, type SendRequest, Socket } from "../Socket.ts"
import type { SocketKind } from "../SocketKind.ts"
import { BoundName } from "./BoundName.ts"

export class UnixDatagram extends Socket {
  readonly #network: Network
  readonly #queue = new MessageQueue(false, maxBuffer)
  readonly #name = new BoundName()
  #peer: UnixDatagram | undefined
  #peerCredentials: Credentials | undefined
  /** Whose queue has had no room for the last message. */
  #waitsFor: UnixDatagram | undefined
  /** The length of that message. */
  #waitsWith = 0
  /** Who waits for room in this one's queue. */
  readonly #senders = new Set<UnixDatagram>()
  #readShut = false
  #writeShut = false

  constructor(network: Network, ino: bigint, kind: SocketKind, flags: number) {
    super(kind, ino, flags)
    this.#network = network
  }

  /** Connects two to each other (socketpair(2)). */
  static join(one: UnixDatagram, other: UnixDatagram, credentials: Credentials): void {
    one.#peer = other
    other.#peer = one
    one.#peerCredentials = credentials
    other.#peerCredentials = credentials
  }

  override get local(): SocketAddress {
    return this.#name.address
  }

  override get peer(): SocketAddress | number {
    return this.#peer?.local ?? -Errno.ENOTCONN
  }

  override get peerCredentials(): Credentials | undefined {
    return this.#peerCredentials
  }

  override bind(address: SocketAddress, by: Caller): Answer {
    return this.#name.bind(this.#network, this, address, by)
  }

  override connect(address: SocketAddress, by: Caller): Answer {
    if (address.family === "none") {
      this.#peer = undefined
      return 0
    }
    const found = this.#find(address, by)
    if (typeof found === "number") return found
    if (found.#peer !== undefined && found.#peer !== this) return -Errno.EPERM
    this.#peer = found
    this.waiters.wake()
    return 0
  }

  #find(address: SocketAddress, by: Caller): UnixDatagram | number {
    if (address.family !== "unix") return -Errno.EINVAL
    const found = this.#network.unix.find(address.name, by)
    if (typeof found === "number" || found instanceof UnixDatagram) return found
    if (!("hostPath" in found)) return -Errno.EPROTOTYPE
    if (this.#network.outside === undefined) this.#network.refused(`the host's socket ${found.hostPath}`)
    return -Errno.ECONNREFUSED
  }

  override send({ ancillary, by, bytes, to }: SendRequest): number {
    if (this.#writeShut) return -Errno.EPIPE
    const receiver = to === undefined ? this.#peer : this.#find(to, by)
    if (receiver === undefined) return -Errno.ENOTCONN
    if (typeof receiver === "number") return receiver
    if (bytes.length > (this.options.get(SOL_SOCKET, SO.SNDBUF) ?? maxBuffer)) return -Errno.EMSGSIZE
    if (receiver.closed) {
      if (to === undefined) this.#peer = undefined
      return -Errno.ECONNREFUSED
    }
    if (receiver.#readShut) return -Errno.EPIPE
    if (receiver.#peer !== undefined && receiver.#peer !== this) return -Errno.EPERM
    if (!receiver.#queue.takes(bytes.length)) {
      this.#waitsFor = receiver
      this.#waitsWith = bytes.length
      receiver.#senders.add(this)
      return -Errno.EAGAIN
    }
    this.#waitsFor = undefined
    const from: SocketAddress | undefined = this.#name.isBound ? this.local : undefined
    receiver.#queue.push({ bytes, from, ancillary: ancillary ?? { files: [], credentials: by.credentials } })
    receiver.waiters.wake(POLL.IN | POLL.RDNORM)
    return bytes.length
  }

  override receive({ into, peek }: ReceiveRequest): Received | number {
    const error = this.takeError()
    if (error !== 0) return error
    const received = this.#queue.read(into, peek)
    if (received === undefined) return this.#readShut ? { count: 0, length: 0 } : -Errno.EAGAIN
    if (!peek) this.#wakeSenders()
    return received
  }

  #wakeSenders(): void {
    for (const sender of this.#senders) sender.waiters.wake(POLL.OUT | POLL.WRNORM)
    this.#senders.clear()
  }

  override shutdown(how: number): number {
    if (this.#peer === undefined) return -Errno.ENOTCONN
    if (how !== SHUT.WR) this.#readShut = true
    if (how !== SHUT.RD) this.#writeShut = true
    this.waiters.wake()
    this.#wakeSenders()
    return 0
  }

  override poll(): number {
    const input = !this.#queue.isEmpty || this.#readShut ? POLL.IN | POLL.RDNORM : 0
    const shut = this.#readShut ? POLL.RDHUP | (this.#writeShut ? POLL.HUP : 0) : 0
    return input | shut | (this.#mayWrite ? POLL.OUT | POLL.WRNORM : 0)
  }

  get #mayWrite(): boolean {
    const to = this.#waitsFor
    return to === undefined || to.closed || to.#readShut || to.#queue.takes(this.#waitsWith)
  }

  override available(): number {
    return this.#queue.firstLength
  }

  protected override dispose(): void {
    this.#name.free()
    this.#queue.clear()
    this.#wakeSenders()
  }
}
