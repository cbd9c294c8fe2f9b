/** setsockopt(2) and getsockopt(2). */
import { Errno } from "../../kernel/errno.ts"
import type { Kernel } from "../../kernel/Kernel.ts"
import { fromBytes, toBytes } from "../../user/byteStrings.ts"
import { getInt, putBytes, putInt } from "../../user/userBuffers.ts"
import { readable } from "../../user/UserMemory.ts"
import { AF, IPPROTO, SOCK, SOL_SOCKET } from "../constants.ts"
import { socketOf } from "../socketOf.ts"
import type { Socket } from "../Socket.ts"
import { SO, TCP_CONGESTION, TCP_INFO } from "./optionTable.ts"

const nanoseconds = 1_000_000_000n

/** A `struct timeval` as nanoseconds, undefined for 0, which means for ever; a negative errno. */
const timeval = (bytes: Uint8Array): { readonly limit: bigint | undefined } | number => {
  if (bytes.length < 16) return -Errno.EINVAL
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const [seconds, micros] = [view.getBigInt64(0, true), view.getBigInt64(8, true)]
  if (micros < 0n || micros >= 1_000_000n) return -Errno.EDOM
  // a negative time is over already
  const limit = seconds < 0n ? 0n : seconds * nanoseconds + micros * 1000n
  return { limit: limit === 0n && seconds >= 0n ? undefined : limit }
}

const setTimeout = (socket: Socket, name: number, bytes: Uint8Array): number => {
  const time = timeval(bytes)
  if (typeof time === "number") return time
  if (name === SO.RCVTIMEO) socket.options.receiveTimeout = time.limit
  else socket.options.sendTimeout = time.limit
  return 0
}

const encodeTimeval = (limit = 0n): Uint8Array =>
  new Uint8Array(BigInt64Array.of(limit / nanoseconds, (limit % nanoseconds) / 1000n).buffer)

const setLinger = (socket: Socket, bytes: Uint8Array): number => {
  if (bytes.length < 8) return -Errno.EINVAL
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  socket.options.linger = { isOn: view.getInt32(0, true) !== 0, seconds: view.getInt32(4, true) }
  return 0
}

/** The one way of congestion control that there is. */
const congestion = "cubic"

const isTcp = ({ kind }: Socket, level: number): boolean =>
  level === IPPROTO.TCP && kind.family !== AF.UNIX && kind.type === SOCK.STREAM

/** Levels of options that a socket knows; others are no protocol of its. */
const knowsLevel = (socket: Socket, level: number): boolean =>
  level === SOL_SOCKET ||
  (level === IPPROTO.IP && (socket.kind.family === AF.INET || socket.kind.family === AF.INET6)) ||
  (level === IPPROTO.IPV6 && socket.kind.family === AF.INET6) ||
  isTcp(socket, level)

export const setsockopt = (
  kernel: Kernel,
  fd: number,
  level: number,
  name: number,
  address: number,
  length: number
): number => {
  const socket = socketOf(kernel, fd)
  if (typeof socket === "number") return socket
  if ((length | 0) < 0) return -Errno.EINVAL
  const bytes = readable(kernel.state, address, Math.min(length, 4096))?.slice()
  if (bytes === undefined) return -Errno.EFAULT
  if (!knowsLevel(socket, level)) return socket.setOther(level, name, bytes)
  if (level === SOL_SOCKET) {
    switch (name) {
      case SO.RCVTIMEO:
      case SO.SNDTIMEO:
        return setTimeout(socket, name, bytes)
      case SO.LINGER:
        return setLinger(socket, bytes)
      case SO.BINDTODEVICE:
        return bytes.length === 0 || bytes[0] === 0 ? 0 : -Errno.EPERM
      case SO.SNDBUFFORCE:
      case SO.RCVBUFFORCE:
        if (kernel.process.euid !== 0) return -Errno.EPERM
    }
  }
  if (isTcp(socket, level) && name === TCP_CONGESTION) {
    return fromBytes(bytes).split("\0")[0] === congestion ? 0 : -Errno.ENOENT
  }
  if (bytes.length < 1) return -Errno.EINVAL
  const value = bytes.length < 4 ? bytes[0]! : new DataView(bytes.buffer).getInt32(0, true)
  if (bytes.length < 4 && level !== IPPROTO.IP) return -Errno.EINVAL
  return socket.options.set(level, name, value)
}

const integers = (...words: ReadonlyArray<number>): Uint8Array => new Uint8Array(Int32Array.from(words).buffer)

/** What the options of SOL_SOCKET hold that are no numbers of the socket's own; undefined for others. */
const general = (kernel: Kernel, socket: Socket, name: number): Uint8Array | number | undefined => {
  const { kind, options } = socket
  switch (name) {
    case SO.TYPE:
      return integers(kind.type)
    case SO.DOMAIN:
      return integers(kind.family)
    case SO.PROTOCOL:
      return integers(kind.protocol)
    case SO.ERROR:
      return integers(-socket.takeError())
    case SO.ACCEPTCONN:
      return integers(socket.listens ? 1 : 0)
    case SO.LINGER:
      return integers(options.linger.isOn ? 1 : 0, options.linger.seconds)
    case SO.RCVTIMEO:
      return encodeTimeval(options.receiveTimeout)
    case SO.SNDTIMEO:
      return encodeTimeval(options.sendTimeout)
    case SO.SNDLOWAT:
      return integers(1)
    case SO.BINDTODEVICE:
      return new Uint8Array()
    case SO.PEERCRED: {
      const { gid, pid, uid } = socket.peerCredentials ?? { pid: 0, uid: -1, gid: -1 }
      return integers(pid, uid, gid)
    }
    case SO.PEERGROUPS:
      return socket.peerCredentials === undefined ? -Errno.ENODATA : integers(...kernel.host.groups)
    case SO.COOKIE:
      return new Uint8Array(BigUint64Array.of(socket.ino).buffer)
    case SO.INCOMING_CPU:
      return integers(0)
    default:
      return undefined
  }
}

/** `struct tcp_info` as far as programs look at it: the state, and the size of segments. */
const tcpInfo = (socket: Socket): Uint8Array => {
  const bytes = new Uint8Array(232)
  const state = { established: 1, closed: 7, listening: 10 }
  bytes[0] = socket.listens ? state.listening : typeof socket.peer === "number" ? state.closed : state.established
  new DataView(bytes.buffer).setUint32(16, 65483, true)
  return bytes
}

const valueOf = (kernel: Kernel, socket: Socket, level: number, name: number): Uint8Array | number => {
  const special =
    level === SOL_SOCKET
      ? general(kernel, socket, name)
      : isTcp(socket, level)
        ? name === TCP_INFO
          ? tcpInfo(socket)
          : name === TCP_CONGESTION
            ? toBytes(congestion.padEnd(16, "\0"))
            : undefined
        : undefined
  if (special !== undefined) return special
  const value = socket.options.get(level, name)
  return value === undefined ? -Errno.ENOPROTOOPT : integers(value)
}

export const getsockopt = (
  kernel: Kernel,
  fd: number,
  level: number,
  name: number,
  address: number,
  lengthAddress: number
): number => {
  const socket = socketOf(kernel, fd)
  if (typeof socket === "number") return socket
  const room = getInt(kernel.state, lengthAddress)
  if (room === undefined) return -Errno.EFAULT
  if (room < 0) return -Errno.EINVAL
  if (!knowsLevel(socket, level)) return -Errno.EOPNOTSUPP
  const bytes = valueOf(kernel, socket, level, name)
  if (typeof bytes === "number") return bytes
  if (level === SOL_SOCKET && name === SO.PEERGROUPS && room < bytes.length) {
    return putInt(kernel.state, lengthAddress, bytes.length) || -Errno.ERANGE
  }
  const part = bytes.subarray(0, room)
  return putBytes(kernel.state, address, part) || putInt(kernel.state, lengthAddress, part.length)
}
