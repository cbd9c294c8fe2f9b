/** Socket options: what they hold at first, and what they may be set to. */
import { AF, IPPROTO, maxBuffer, SOCK, SOL_SOCKET } from "../constants.ts"
import type { SocketKind } from "../SocketKind.ts"

/** SOL_SOCKET. */
export const SO = {
  DEBUG: 1,
  REUSEADDR: 2,
  TYPE: 3,
  ERROR: 4,
  DONTROUTE: 5,
  BROADCAST: 6,
  SNDBUF: 7,
  RCVBUF: 8,
  KEEPALIVE: 9,
  OOBINLINE: 10,
  PRIORITY: 12,
  LINGER: 13,
  REUSEPORT: 15,
  PASSCRED: 16,
  PEERCRED: 17,
  RCVLOWAT: 18,
  SNDLOWAT: 19,
  RCVTIMEO: 20,
  SNDTIMEO: 21,
  BINDTODEVICE: 25,
  TIMESTAMP: 29,
  ACCEPTCONN: 30,
  PEERSEC: 31,
  SNDBUFFORCE: 32,
  RCVBUFFORCE: 33,
  PASSSEC: 34,
  MARK: 36,
  PROTOCOL: 38,
  DOMAIN: 39,
  PEEK_OFF: 42,
  BUSY_POLL: 46,
  INCOMING_CPU: 49,
  COOKIE: 57,
  PEERGROUPS: 59
} as const

export const TCP_NODELAY = 1
export const TCP_INFO = 11
export const TCP_CONGESTION = 13

/** An option that holds a number. */
export interface NumberOption {
  readonly initial: number
  /** What it becomes where it is set; undefined where it must not be that (EINVAL). */
  readonly set: (value: number) => number | undefined
}

const flag = (initial = 0): NumberOption => ({ initial, set: (value) => (value === 0 ? 0 : 1) })
const between = (initial: number, least: number, most: number): NumberOption => ({
  initial,
  set: (value) => (value < least || value > most ? undefined : value)
})
const any = (initial: number): NumberOption => ({ initial, set: (value) => value })
/** Linux takes twice what is asked for, for what it needs itself (socket(7)). */
const buffer = (initial: number, least: number): NumberOption => ({
  initial,
  set: (value) => Math.max(least, 2 * Math.min(value < 0 ? maxBuffer : value, maxBuffer))
})

const least = { send: 4608, receive: 2304 }

const general = ({ family, type }: SocketKind): ReadonlyArray<readonly [number, NumberOption]> => {
  const isTcp = family !== AF.UNIX && type === SOCK.STREAM
  return [
    [SO.DEBUG, flag()],
    [SO.REUSEADDR, flag()],
    [SO.DONTROUTE, flag()],
    [SO.BROADCAST, flag()],
    [SO.SNDBUF, buffer(isTcp ? 2626560 : maxBuffer, least.send)],
    [SO.RCVBUF, buffer(isTcp ? 131072 : maxBuffer, least.receive)],
    [SO.SNDBUFFORCE, buffer(maxBuffer, least.send)],
    [SO.RCVBUFFORCE, buffer(maxBuffer, least.receive)],
    [SO.KEEPALIVE, flag()],
    [SO.OOBINLINE, flag()],
    [SO.PRIORITY, between(0, 0, 6)],
    [SO.REUSEPORT, flag()],
    [SO.PASSCRED, flag()],
    [SO.RCVLOWAT, { initial: 1, set: (value) => Math.max(1, value < 0 ? 0x7fff_ffff : value) }]
  ]
}

const tcp: ReadonlyArray<readonly [number, NumberOption]> = [
  [TCP_NODELAY, flag()],
  [2, between(536, 88, 32767)], // MAXSEG
  [3, flag()], // CORK
  [4, between(7200, 1, 32767)], // KEEPIDLE
  [5, between(75, 1, 32767)], // KEEPINTVL
  [6, between(9, 1, 127)], // KEEPCNT
  [7, between(6, 1, 127)], // SYNCNT
  [8, any(60)], // LINGER2
  [9, any(0)], // DEFER_ACCEPT
  [10, any(0)], // WINDOW_CLAMP
  [12, flag(1)], // QUICKACK
  [16, flag()], // THIN_LINEAR_TIMEOUTS
  [18, between(0, 0, 0x7fff_ffff)], // USER_TIMEOUT
  [25, any(-1)] // NOTSENT_LOWAT
]

const ip: ReadonlyArray<readonly [number, NumberOption]> = [
  [1, between(0, 0, 255)], // TOS
  [2, { initial: 64, set: (value) => (value === -1 ? 64 : value < 1 || value > 255 ? undefined : value) }], // TTL
  [10, between(1, 0, 5)], // MTU_DISCOVER
  [15, flag()], // FREEBIND
  [24, flag()], // BIND_ADDRESS_NO_PORT
  [33, between(1, 0, 255)], // MULTICAST_TTL
  [34, flag(1)], // MULTICAST_LOOP
  [49, flag(1)] // MULTICAST_ALL
]

const ipv6: ReadonlyArray<readonly [number, NumberOption]> = [
  [16, { initial: 64, set: (value) => (value === -1 ? 64 : value < 0 || value > 255 ? undefined : value) }], // UNICAST_HOPS
  [18, { initial: 1, set: (value) => (value === -1 ? 1 : value < 0 || value > 255 ? undefined : value) }], // MULTICAST_HOPS
  [19, flag(1)], // MULTICAST_LOOP
  [23, between(1, 0, 5)], // MTU_DISCOVER
  [26, flag()], // V6ONLY
  [67, between(0, -1, 255)] // TCLASS
]

/** IPV6_V6ONLY. */
export const IPV6_V6ONLY = 26

/** The key of an option. */
export const optionKey = (level: number, name: number): number => level * 0x10000 + name

/** Options that a kind of socket has and that hold a number, by `optionKey`. */
export const numberOptions = (kind: SocketKind): ReadonlyMap<number, NumberOption> => {
  const known = `${kind.family} ${kind.type}`
  const found = tables.get(known)
  if (found !== undefined) return found
  const isIp = kind.family === AF.INET || kind.family === AF.INET6
  const levels = [
    { level: SOL_SOCKET, rows: general(kind) },
    { level: IPPROTO.IP, rows: isIp ? ip : [] },
    { level: IPPROTO.IPV6, rows: kind.family === AF.INET6 ? ipv6 : [] },
    { level: IPPROTO.TCP, rows: isIp && kind.type === SOCK.STREAM ? tcp : [] }
  ]
  const table = new Map(
    levels.flatMap(({ level, rows }) => rows.map(([name, row]) => [optionKey(level, name), row] as const))
  )
  tables.set(known, table)
  return table
}

const tables = new Map<string, ReadonlyMap<number, NumberOption>>()
