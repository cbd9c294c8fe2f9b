/** Making sockets: socket(2), socketpair(2). */
import { O } from "../files/constants.ts"
import { installPair } from "../files/rows/create.ts"
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { writable } from "../user/UserMemory.ts"
import { callerOf } from "./caller.ts"
import { AF, AF_MAX, IPPROTO, SOCK } from "./constants.ts"
import { TcpSocket } from "./inet/TcpSocket.ts"
import { UdpSocket } from "./inet/UdpSocket.ts"
import { NetlinkSocket, routeProtocol } from "./netlink/NetlinkSocket.ts"
import type { Network } from "./Network.ts"
import type { Socket } from "./Socket.ts"
import { UnixDatagram } from "./unix/UnixDatagram.ts"
import { UnixStream } from "./unix/UnixStream.ts"
import type { SocketKind } from "./SocketKind.ts"

/** The type and flags in one argument: flags are O_NONBLOCK and O_CLOEXEC. */
const split = (typeAndFlags: number): { readonly type: number; readonly flags: number } | number => {
  const type = typeAndFlags & 0xf
  const flags = typeAndFlags & ~0xf
  if ((flags & ~(O.NONBLOCK | O.CLOEXEC)) !== 0 || type > SOCK.PACKET) return -Errno.EINVAL
  return { type, flags }
}

export const socket = (kernel: Kernel, family: number, typeAndFlags: number, protocol: number): number => {
  const parts = split(typeAndFlags)
  if (typeof parts === "number") return parts
  const made = make(kernel, { family, type: parts.type, protocol }, parts.flags & O.NONBLOCK)
  return typeof made === "number" ? made : kernel.files.install(made, (parts.flags & O.CLOEXEC) !== 0)
}

const make = (kernel: Kernel, kind: SocketKind, flags: number): Socket | number => {
  switch (kind.family) {
    case AF.UNIX:
      return makeUnix(kernel, kind, flags)
    case AF.INET:
    case AF.INET6:
      return makeInet(kernel, kind, flags)
    case AF.NETLINK:
      return makeNetlink(kernel, kind, flags)
    default:
      return kind.family === AF.UNSPEC || kind.family < 0 || kind.family >= AF_MAX ? -Errno.EINVAL : -Errno.EAFNOSUPPORT
  }
}

const makeUnix = (kernel: Kernel, { family, protocol, type }: SocketKind, flags: number): Socket | number => {
  if (protocol !== 0 && protocol !== AF.UNIX) return -Errno.EPROTONOSUPPORT
  const newInode = () => kernel.files.newInode()
  const kind = { family, type, protocol: 0 }
  switch (type) {
    case SOCK.STREAM:
    case SOCK.SEQPACKET:
      return new UnixStream(kernel.network, newInode, kind, flags)
    case SOCK.DGRAM:
      return new UnixDatagram(kernel.network, newInode(), kind, flags)
    // Linux has always taken it for a datagram socket
    case SOCK.RAW:
      return new UnixDatagram(kernel.network, newInode(), { ...kind, type: SOCK.DGRAM }, flags)
    default:
      return -Errno.ESOCKTNOSUPPORT
  }
}

const makeNetlink = (kernel: Kernel, kind: SocketKind, flags: number): Socket | number => {
  const { files, network, process } = kernel
  if (network.mode === "none") return refusal(network)
  if (kind.type !== SOCK.RAW && kind.type !== SOCK.DGRAM) return -Errno.ESOCKTNOSUPPORT
  if (kind.protocol !== routeProtocol) return -Errno.EPROTONOSUPPORT
  return new NetlinkSocket(network, files.newInode(), process.pid, kind, flags)
}

/** There is no network at all. */
const refusal = (network: Network): number => {
  network.refused("anything")
  return -Errno.EAFNOSUPPORT
}

const makeInet = (kernel: Kernel, { family, protocol, type }: SocketKind, flags: number): Socket | number => {
  const { files, network } = kernel
  if (network.mode === "none") return refusal(network)
  if (protocol < 0 || protocol > 255) return -Errno.EINVAL
  const newInode = () => files.newInode()
  const is = (own: number): boolean => protocol === 0 || protocol === own
  switch (type) {
    case SOCK.STREAM:
      return is(IPPROTO.TCP)
        ? new TcpSocket(network, newInode, { family, type, protocol: IPPROTO.TCP }, flags)
        : -Errno.EPROTONOSUPPORT
    case SOCK.DGRAM:
      // pings are for those groups that net.ipv4.ping_group_range names: none
      if (protocol === IPPROTO.ICMP) return -Errno.EACCES
      return is(IPPROTO.UDP)
        ? new UdpSocket(network, newInode(), { family, type, protocol: IPPROTO.UDP }, flags)
        : -Errno.EPROTONOSUPPORT
    case SOCK.RAW:
      return -Errno.EPERM
    default:
      return -Errno.ESOCKTNOSUPPORT
  }
}

export const socketpair = (
  kernel: Kernel,
  family: number,
  typeAndFlags: number,
  protocol: number,
  address: number
): number => {
  const parts = split(typeAndFlags)
  if (typeof parts === "number") return parts
  const { flags, type } = parts
  if (family !== AF.UNIX) return family >= 0 && family < AF_MAX ? -Errno.EOPNOTSUPP : -Errno.EAFNOSUPPORT
  if (protocol !== 0 && protocol !== AF.UNIX) return -Errno.EPROTONOSUPPORT
  if (writable(kernel.state, address, 8) === undefined) return -Errno.EFAULT
  const pair = makePair(kernel, { family, type, protocol: 0 }, flags & O.NONBLOCK)
  return typeof pair === "number" ? pair : installPair(kernel, address, pair, (flags & O.CLOEXEC) !== 0)
}

const makePair = (kernel: Kernel, kind: SocketKind, flags: number): readonly [Socket, Socket] | number => {
  const { credentials } = callerOf(kernel)
  const newInode = () => kernel.files.newInode()
  if (kind.type === SOCK.STREAM || kind.type === SOCK.SEQPACKET) {
    return UnixStream.pair(kernel.network, newInode, kind, flags, credentials)
  }
  if (kind.type !== SOCK.DGRAM && kind.type !== SOCK.RAW) return -Errno.ESOCKTNOSUPPORT
  const end = () => new UnixDatagram(kernel.network, newInode(), { ...kind, type: SOCK.DGRAM }, flags)
  const pair = [end(), end()] as const
  UnixDatagram.join(...pair, credentials)
  return pair
}
