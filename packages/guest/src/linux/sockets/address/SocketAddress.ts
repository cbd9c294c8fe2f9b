/** Addresses of sockets, and `struct sockaddr` of each family. */
import { Errno } from "../../kernel/errno.ts"
import { fromBytes, toBytes } from "../../user/byteStrings.ts"
import { AF } from "../constants.ts"
import { bytesOf4, bytesOf6, isFour, mappedOf, textOf4, textOf6 } from "./ip.ts"

/** An IP address and a port. IPv4 addresses are written so in sockets of either family. */
export interface Endpoint {
  readonly ip: string
  readonly port: number
}

/** What an AF_UNIX socket is called: a path, an abstract name (both byte strings), or nothing. */
export type UnixName =
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "abstract"; readonly name: string }
  | { readonly kind: "unnamed" }

export type SocketAddress =
  | ({ readonly family: "inet"; readonly scope?: number } & Endpoint)
  | { readonly family: "unix"; readonly name: UnixName }
  | { readonly family: "netlink"; readonly port: number; readonly groups: number }
  /** AF_UNSPEC: dissolves an association. */
  | { readonly family: "none" }

/** The name of a socket without one. */
export const unnamed: UnixName = { kind: "unnamed" }

/** Longest address. */
export const maxAddress = 128

const sizes: Readonly<Record<number, number>> = { [AF.INET]: 16, [AF.INET6]: 28, [AF.NETLINK]: 12 }

/**
 * Decodes an address for a socket of a family.
 *
 * @returns the address, or -EINVAL for one that is too short or long, -EAFNOSUPPORT for one of another family
 */
export const decodeAddress = (bytes: Uint8Array, family: number): SocketAddress | number => {
  if (bytes.length < 2) return -Errno.EINVAL
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const given = view.getUint16(0, true)
  if (given === AF.UNSPEC && family !== AF.UNIX && family !== AF.NETLINK) return { family: "none" }
  if (given !== family) {
    if (family === AF.UNIX && given === AF.UNSPEC) return { family: "none" }
    return family === AF.UNIX || family === AF.NETLINK ? -Errno.EINVAL : -Errno.EAFNOSUPPORT
  }
  if (bytes.length < (sizes[family] ?? 2)) return -Errno.EINVAL
  switch (family) {
    case AF.INET:
      return { family: "inet", ip: textOf4(bytes.subarray(4, 8)), port: view.getUint16(2) }
    case AF.INET6: {
      const ip = bytes.slice(8, 24)
      return { family: "inet", ip: mappedOf(ip) ?? textOf6(ip), port: view.getUint16(2), scope: view.getUint32(24, true) }
    }
    case AF.NETLINK:
      return { family: "netlink", port: view.getUint32(4, true), groups: view.getUint32(8, true) }
    default:
      return decodeUnix(bytes)
  }
}

const longestUnix = 110

const decodeUnix = (bytes: Uint8Array): SocketAddress | number => {
  if (bytes.length > longestUnix) return -Errno.EINVAL
  const text = fromBytes(bytes.subarray(2))
  if (text === "") return { family: "unix", name: unnamed }
  if (text.startsWith("\0")) return { family: "unix", name: { kind: "abstract", name: text.slice(1) } }
  const end = text.indexOf("\0")
  return { family: "unix", name: { kind: "path", path: end < 0 ? text : text.slice(0, end) } }
}

/** Encodes an address as a socket of a family shows it. */
export const encodeAddress = (address: SocketAddress, family: number): Uint8Array => {
  switch (address.family) {
    case "none":
      return Uint8Array.of(0, 0)
    case "unix":
      return encodeUnix(address.name)
    case "netlink": {
      const bytes = new Uint8Array(12)
      const view = new DataView(bytes.buffer)
      view.setUint16(0, AF.NETLINK, true)
      view.setUint32(4, address.port, true)
      view.setUint32(8, address.groups, true)
      return bytes
    }
    case "inet":
      return family === AF.INET6 ? encode6(address) : encode4(address)
  }
}

const encode4 = ({ ip, port }: Endpoint): Uint8Array => {
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, AF.INET, true)
  view.setUint16(2, port)
  bytes.set(bytesOf4(ip) ?? [], 4)
  return bytes
}

const encode6 = ({ ip, port, scope = 0 }: Endpoint & { readonly scope?: number }): Uint8Array => {
  const bytes = new Uint8Array(28)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, AF.INET6, true)
  view.setUint16(2, port)
  if (isFour(ip)) bytes.set([0xff, 0xff, ...(bytesOf4(ip) ?? [])], 18)
  else bytes.set(bytesOf6(ip) ?? [], 8)
  view.setUint32(24, scope, true)
  return bytes
}

const encodeUnix = (name: UnixName): Uint8Array => {
  const path = name.kind === "unnamed" ? "" : name.kind === "path" ? `${name.path}\0` : `\0${name.name}`
  return Uint8Array.of(AF.UNIX, 0, ...toBytes(path))
}
