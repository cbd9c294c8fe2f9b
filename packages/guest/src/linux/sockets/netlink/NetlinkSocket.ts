/** AF_NETLINK sockets of NETLINK_ROUTE: who asks learns which interfaces and addresses there are. Nothing can be changed, and nothing changes. */
import { POLL } from "../../files/constants.ts"
import { fromBytes } from "../../user/byteStrings.ts"
import { Errno } from "../../kernel/errno.ts"
import type { SocketAddress } from "../address/SocketAddress.ts"
import { AF, maxBuffer } from "../constants.ts"
import { MessageQueue, type Received } from "../message/MessageQueue.ts"
import type { Network } from "../Network.ts"
import { type Answer, type ReceiveRequest, type SendRequest, Socket } from "../Socket.ts"
import type { SocketKind } from "../SocketKind.ts"
import { attributeOf, headerSize, message, NLM_F, NLMSG, readRequests, type Request, u32 } from "./encoding.ts"
import { describeAddresses, describeLink, describeRoutes, type Described, type Indexed } from "./interfaces.ts"

/** What can be asked for, and the type of the answer. */
const RTM = {
  NEWLINK: 16,
  GETLINK: 18,
  NEWADDR: 20,
  GETADDR: 22,
  NEWROUTE: 24,
  GETROUTE: 26,
  GETNEIGH: 30,
  GETRULE: 34
} as const

/** NETLINK_ROUTE. */
export const routeProtocol = 0

/** IFLA_IFNAME. */
const interfaceName = 3

/** Options of SOL_NETLINK that have nothing to change: memberships (nothing is told), reports in more detail, strict checks. */
const solNetlink = 270
const harmlessOptions: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 8, 10, 11, 12])

const kernel: SocketAddress = { family: "netlink", port: 0, groups: 0 }

/** Answers go out in pieces of about this size, which every reader has room for. */
const pieceSize = 3000

export class NetlinkSocket extends Socket {
  readonly #network: Network
  readonly #queue = new MessageQueue(false, maxBuffer)
  #port = 0
  #groups = 0
  /** The port that is taken where none is asked for. */
  readonly #ownPort: number

  constructor(network: Network, ino: bigint, ownPort: number, kind: SocketKind, flags: number) {
    super(kind, ino, flags)
    this.#network = network
    this.#ownPort = ownPort
  }

  override get local(): SocketAddress {
    return { family: "netlink", port: this.#port, groups: this.#groups }
  }

  override get peer(): SocketAddress {
    return kernel
  }

  override bind(address: SocketAddress): Answer {
    if (address.family !== "netlink") return -Errno.EINVAL
    if (this.#port !== 0 && address.port !== 0 && address.port !== this.#port) return -Errno.EINVAL
    this.#groups = address.groups
    this.#port = address.port === 0 ? this.#ownPort : address.port
    return 0
  }

  override connect(address: SocketAddress): Answer {
    if (address.family !== "netlink") return -Errno.EINVAL
    return address.port === 0 ? 0 : -Errno.ECONNREFUSED
  }

  override setOther(level: number, name: number): number {
    return level === solNetlink && harmlessOptions.has(name) ? 0 : -Errno.ENOPROTOOPT
  }

  override send({ bytes, to }: SendRequest): number {
    if (to !== undefined && (to.family !== "netlink" || to.port !== 0)) return -Errno.ECONNREFUSED
    if (this.#port === 0) this.#port = this.#ownPort
    for (const request of readRequests(bytes)) if ((request.flags & NLM_F.REQUEST) !== 0) this.#answer(request)
    return bytes.length
  }

  #answer(request: Request): void {
    const isDump = (request.flags & NLM_F.DUMP) === NLM_F.DUMP
    const links = this.#network.interfaces.map((link, i): Indexed => ({ index: i + 1, link }))
    const family = request.bytes[headerSize] ?? AF.UNSPEC
    switch (request.type) {
      case RTM.GETLINK:
        return isDump ? this.#dump(request, RTM.NEWLINK, links.map(describeLink)) : this.#oneLink(request, links)
      case RTM.GETADDR:
        return this.#dump(
          request,
          RTM.NEWADDR,
          links.flatMap((link) => describeAddresses(link, family))
        )
      case RTM.GETROUTE:
        if (!isDump) return this.#error(request, Errno.ENETUNREACH)
        return this.#dump(
          request,
          RTM.NEWROUTE,
          links.flatMap((link) => describeRoutes(link, family))
        )
      case RTM.GETNEIGH:
      case RTM.GETRULE:
        return this.#dump(request, NLMSG.DONE, [])
      default:
        return this.#error(request, Errno.EPERM)
    }
  }

  /** One interface, by index or by name. */
  #oneLink(request: Request, links: ReadonlyArray<Indexed>): void {
    const { bytes } = request
    const index =
      bytes.length >= headerSize + 16 ? new DataView(bytes.buffer, bytes.byteOffset).getInt32(headerSize + 4, true) : 0
    const name = fromBytes(attributeOf(request, 16, interfaceName) ?? new Uint8Array()).replace(/\0.*/s, "")
    const found = links.find((link) => (index === 0 ? link.link.name === name : link.index === index))
    if (found === undefined) return this.#error(request, Errno.ENODEV)
    const { attributes, body } = describeLink(found)
    this.#reply([message(RTM.NEWLINK, 0, this.#context(request), body, attributes)])
  }

  #dump(request: Request, type: number, described: ReadonlyArray<Described>): void {
    const context = this.#context(request)
    const messages = described.map(({ attributes, body }) => message(type, NLM_F.MULTI, context, body, attributes))
    this.#reply([...messages, message(NLMSG.DONE, NLM_F.MULTI, context, u32(0))])
  }

  #error(request: Request, errno: number): void {
    const body = new Uint8Array(4 + headerSize)
    body.set(u32(-errno))
    body.set(request.bytes.subarray(0, headerSize), 4)
    this.#reply([message(NLMSG.ERROR, 0, this.#context(request), body)])
  }

  #context({ sequence }: Request): { readonly sequence: number; readonly port: number } {
    return { sequence, port: this.#port }
  }

  #reply(messages: ReadonlyArray<Uint8Array>): void {
    let piece: Array<number> = []
    const flush = (): void => {
      if (piece.length > 0 && this.#queue.takes(piece.length)) {
        this.#queue.push({ bytes: Uint8Array.from(piece), from: kernel })
      } else if (piece.length > 0) this.error = Errno.ENOBUFS
      piece = []
    }
    for (const bytes of messages) {
      if (piece.length + bytes.length > pieceSize) flush()
      piece.push(...bytes)
    }
    flush()
    this.waiters.wake(POLL.IN | POLL.RDNORM)
  }

  override receive({ into, peek }: ReceiveRequest): Received | number {
    const error = this.takeError()
    return error === 0 ? (this.#queue.read(into, peek) ?? -Errno.EAGAIN) : error
  }

  override shutdown(): number {
    return -Errno.EOPNOTSUPP
  }

  override poll(): number {
    return POLL.OUT | POLL.WRNORM | (this.#queue.isEmpty ? 0 : POLL.IN | POLL.RDNORM)
  }

  override available(): number {
    return this.#queue.firstLength
  }
}
