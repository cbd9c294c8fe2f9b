/** Network interfaces as rtnetlink(7) describes them: links, addresses, and routes to what they are connected to. */
import type { HostInterface } from "../../../HostNetwork.ts"
import { bytesOf4, bytesOf6, isFour } from "../address/ip.ts"
import { AF } from "../constants.ts"
import { type Attribute, u32, zeroTerminated } from "./encoding.ts"

/** An interface and its index, from 1 on. */
export interface Indexed {
  readonly index: number
  readonly link: HostInterface
}

/** A structure and its attributes. */
export interface Described {
  readonly body: Uint8Array
  readonly attributes: ReadonlyArray<Attribute>
}

/** IFF_ flags of interfaces. */
const loopbackFlags = 0x1_0049
const ethernetFlags = 0x1_1043

export const flagsOf = ({ isLoopback }: HostInterface): number => (isLoopback ? loopbackFlags : ethernetFlags)
export const mtuOf = ({ isLoopback }: HostInterface): number => (isLoopback ? 65536 : 1500)
/** ARPHRD_LOOPBACK or ARPHRD_ETHER. */
export const hardwareOf = ({ isLoopback }: HostInterface): number => (isLoopback ? 772 : 1)

/** The address of an interface in bytes. */
export const bytesOf = (ip: string): Uint8Array => (isFour(ip) ? bytesOf4(ip) : bytesOf6(ip)) ?? new Uint8Array(4)

/** The address or mask whose bits behind a prefix are `ones` or zero. */
export const withoutHost = (bytes: Uint8Array, prefix: number, ones: boolean): Uint8Array =>
  bytes.map((byte, i) => {
    const host = 0xff >> Math.min(8, Math.max(0, prefix - 8 * i))
    return ones ? byte | host : byte & ~host
  })

/** `struct ifinfomsg` of an interface, and what it is called. */
export const describeLink = ({ index, link }: Indexed): Described => {
  const body = new Uint8Array(16)
  const view = new DataView(body.buffer)
  view.setUint16(2, hardwareOf(link), true)
  view.setInt32(4, index, true)
  view.setUint32(8, flagsOf(link), true)
  const state = { up: 6, unknown: 0 }
  return {
    body,
    attributes: [
      [3, zeroTerminated(link.name)], // IFLA_IFNAME
      [13, u32(1000)], // IFLA_TXQLEN
      [16, Uint8Array.of(link.isLoopback ? state.unknown : state.up)], // IFLA_OPERSTATE
      [17, Uint8Array.of(0)], // IFLA_LINKMODE
      [4, u32(mtuOf(link))], // IFLA_MTU
      [27, u32(0)], // IFLA_GROUP
      [6, zeroTerminated(link.isLoopback ? "noqueue" : "fq_codel")], // IFLA_QDISC
      [1, link.mac], // IFLA_ADDRESS
      [2, link.isLoopback ? new Uint8Array(6) : new Uint8Array(6).fill(0xff)] // IFLA_BROADCAST
    ]
  }
}

const scopes = { universe: 0, link: 253, host: 254 }

/** `struct ifaddrmsg` of each address of an interface, of one family or of all (AF_UNSPEC). */
export const describeAddresses = ({ index, link }: Indexed, family: number): ReadonlyArray<Described> =>
  link.addresses
    .filter(({ ip }) => matches(ip, family))
    .map(({ ip, prefix }) => {
      const bytes = bytesOf(ip)
      const isLocal = link.isLoopback
      const scope = isLocal ? scopes.host : ip.toLowerCase().startsWith("fe80") ? scopes.link : scopes.universe
      const body = new Uint8Array(8)
      const permanent = 0x80
      body.set([isFour(ip) ? AF.INET : AF.INET6, prefix, permanent, scope])
      new DataView(body.buffer).setUint32(4, index, true)
      const forever = new Uint8Array(16).fill(0xff, 0, 8)
      const own: ReadonlyArray<Attribute> = isFour(ip)
        ? [
            [1, bytes], // IFA_ADDRESS
            [2, bytes], // IFA_LOCAL
            ...(isLocal ? [] : ([[4, withoutHost(bytes, prefix, true)]] as const)), // IFA_BROADCAST
            [3, zeroTerminated(link.name)] // IFA_LABEL
          ]
        : [[1, bytes]]
      return { body, attributes: [...own, [8, u32(permanent)], [6, forever]] } // IFA_FLAGS, IFA_CACHEINFO
    })

/** `struct rtmsg` of the network that each address is part of. How the host gets further is not known. */
export const describeRoutes = ({ index, link }: Indexed, family: number): ReadonlyArray<Described> =>
  link.addresses
    .filter(({ ip }) => !link.isLoopback && matches(ip, family))
    .map(({ ip, prefix }) => {
      const bytes = bytesOf(ip)
      const body = new Uint8Array(12)
      const main = 254
      const byKernel = 2
      const unicast = 1
      body.set([isFour(ip) ? AF.INET : AF.INET6, prefix, 0, 0, main, byKernel, isFour(ip) ? scopes.link : 0, unicast])
      return {
        body,
        attributes: [
          [15, u32(main)], // RTA_TABLE
          [1, withoutHost(bytes, prefix, false)], // RTA_DST
          ...(isFour(ip) ? ([[7, bytes]] as const) : []), // RTA_PREFSRC
          [4, u32(index)] // RTA_OIF
        ]
      }
    })

const matches = (ip: string, family: number): boolean => family === AF.UNSPEC || family === (isFour(ip) ? AF.INET : AF.INET6)
