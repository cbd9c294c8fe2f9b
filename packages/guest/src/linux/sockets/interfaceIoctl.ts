/** The ioctls that ask for interfaces and their addresses (netdevice(7)): `struct ifreq` is a name of 16 bytes and 24 of what is asked for. */
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { fromBytes } from "../user/byteStrings.ts"
import { putBytes, putInt } from "../user/userBuffers.ts"
import { readable, writable } from "../user/UserMemory.ts"
import type { HostInterface } from "../../HostNetwork.ts"
import { isFour, textOf4 } from "./address/ip.ts"
import { encodeAddress } from "./address/SocketAddress.ts"
import { AF } from "./constants.ts"
import { bytesOf, flagsOf, hardwareOf, mtuOf, withoutHost } from "./netlink/interfaces.ts"
import type { Socket } from "./Socket.ts"
import { StreamSocket } from "./stream/StreamSocket.ts"

const SIOC = {
  OUTQ: 0x5411,
  GIFNAME: 0x8910,
  GIFCONF: 0x8912,
  GIFFLAGS: 0x8913,
  GIFADDR: 0x8915,
  GIFBRDADDR: 0x8919,
  GIFNETMASK: 0x891b,
  GIFMTU: 0x8921,
  GIFHWADDR: 0x8927,
  GIFINDEX: 0x8933,
  GIFTXQLEN: 0x8942
} as const

const nameSize = 16
const requestSize = 40

const inet = (ip: string): Uint8Array => encodeAddress({ family: "inet", ip, port: 0 }, AF.INET)

/** An ioctl of a socket that is no file's in general; undefined where there is none of that number. */
export const socketIoctl = (kernel: Kernel, socket: Socket, request: number, argument: number): number | undefined => {
  const { state } = kernel
  const { interfaces } = kernel.network
  if (request === SIOC.OUTQ) return putInt(state, argument, socket instanceof StreamSocket ? socket.unsent : 0)
  if (request === SIOC.GIFCONF) return listInterfaces(kernel, argument)
  if (!(Object.values(SIOC) as ReadonlyArray<number>).includes(request)) return undefined
  const bytes = writable(state, argument, requestSize)
  if (bytes === undefined) return -Errno.EFAULT
  if (request === SIOC.GIFNAME) {
    const found = interfaces[state.view.getInt32(argument + nameSize, true) - 1]
    if (found === undefined) return -Errno.ENODEV
    bytes.set(nameOf(found))
    return 0
  }
  const name = fromBytes(bytes.subarray(0, nameSize)).replace(/\0.*/s, "")
  const index = interfaces.findIndex((link) => link.name === name)
  const link = interfaces[index]
  if (link === undefined) return -Errno.ENODEV
  const value = answer(request, link, index + 1)
  if (typeof value === "number") return value
  bytes.set(value, nameSize)
  return 0
}

const nameOf = ({ name }: HostInterface): Uint8Array => {
  const bytes = new Uint8Array(nameSize)
  bytes.set(new TextEncoder().encode(name).subarray(0, nameSize - 1))
  return bytes
}

const answer = (request: number, link: HostInterface, index: number): Uint8Array | number => {
  const word = (value: number): Uint8Array => new Uint8Array(Int32Array.of(value).buffer)
  const own = link.addresses.find(({ ip }) => isFour(ip))
  switch (request) {
    case SIOC.GIFINDEX:
      return word(index)
    case SIOC.GIFFLAGS:
      return word(flagsOf(link) & 0xffff).subarray(0, 2)
    case SIOC.GIFMTU:
      return word(mtuOf(link))
    case SIOC.GIFTXQLEN:
      return word(1000)
    case SIOC.GIFHWADDR:
      return Uint8Array.of(hardwareOf(link) & 0xff, hardwareOf(link) >> 8, ...link.mac)
  }
  if (own === undefined) return -Errno.EADDRNOTAVAIL
  const bytes = bytesOf(own.ip)
  const ones = new Uint8Array(4).fill(0xff)
  switch (request) {
    case SIOC.GIFADDR:
      return inet(own.ip)
    case SIOC.GIFNETMASK:
      return inet(textOf4(withoutHost(ones, own.prefix, false)))
    default:
      return inet(link.isLoopback ? "0.0.0.0" : textOf4(withoutHost(bytes, own.prefix, true)))
  }
}

/** SIOCGIFCONF: `struct ifconf` has the size of a buffer at 0 and its address at 8; without one, the size needed is told. */
const listInterfaces = ({ network, state }: Kernel, argument: number): number => {
  if (readable(state, argument, 16) === undefined) return -Errno.EFAULT
  const entries = network.interfaces.flatMap((link) =>
    link.addresses
      .filter(({ ip }) => isFour(ip))
      .map(({ ip }) => {
        const bytes = new Uint8Array(requestSize)
        bytes.set(nameOf(link))
        bytes.set(inet(ip), nameSize)
        return bytes
      })
  )
  const buffer = Number(state.view.getBigUint64(argument + 8, true))
  if (buffer === 0) return putInt(state, argument, entries.length * requestSize)
  const room = Math.max(0, state.view.getInt32(argument, true))
  const fitting = entries.slice(0, Math.floor(room / requestSize))
  for (const [i, bytes] of fitting.entries()) {
    const error = putBytes(state, buffer + i * requestSize, bytes)
    if (error < 0) return error
  }
  return putInt(state, argument, fitting.length * requestSize)
}
