/** A kernel on which tests make socket calls, with addresses and messages put into memory for them. */
import type { NetworkOptions } from "@emu/guest/linux/sockets/Network"
import { base, makeFileKernel, type Options } from "../support/fileKernel.ts"

/** Where addresses, headers, vectors and data are put. */
export const at = {
  address: base + 0x1000,
  length: base + 0x1100,
  header: base + 0x1200,
  vector: base + 0x1400,
  control: base + 0x1800,
  data: base + 0x2000,
  pair: base + 0x1f00
} as const

export const AF = { UNIX: 1, INET: 2, INET6: 10 } as const
export const SOCK = { STREAM: 1, DGRAM: 2, SEQPACKET: 5, NONBLOCK: 0o4000 } as const

export const makeSocketKernel = (options: Options & { readonly network?: NetworkOptions } = {}) => {
  const made = makeFileKernel(options)
  const { call, state, wait } = made
  const { view } = state

  /** Puts an IPv4 address; its length. */
  const inet = (port: number, ip: ReadonlyArray<number> = [127, 0, 0, 1]): number => {
    state.u8.fill(0, at.address, at.address + 16)
    view.setUint16(at.address, AF.INET, true)
    view.setUint16(at.address + 2, port)
    state.u8.set(ip, at.address + 4)
    return 16
  }
  /** Puts the name of an AF_UNIX socket: a path, or behind a zero an abstract name; its length. */
  const unix = (name: string): number => {
    const bytes = new TextEncoder().encode(name)
    view.setUint16(at.address, AF.UNIX, true)
    state.u8.set(bytes, at.address + 2)
    state.u8[at.address + 2 + bytes.length] = 0
    return 2 + bytes.length + (name.startsWith("\0") ? 0 : 1)
  }
  const data = (text: string): number => {
    const bytes = new TextEncoder().encode(text)
    state.u8.set(bytes, at.data)
    return bytes.length
  }
  const send = (fd: number, text: string, flags = 0): number => call("sendto", fd, at.data, data(text), flags, 0, 0)
  const receive = (fd: number, length = 100, flags = 0): string | number => {
    const count = call("recvfrom", fd, at.data, length, flags, 0, 0)
    return count < 0 ? count : made.text(Math.min(count, length), at.data)
  }
  const portOf = (fd: number): number => {
    view.setInt32(at.length, 64, true)
    const result = call("getsockname", fd, at.address, at.length)
    return result < 0 ? result : view.getUint16(at.address + 2)
  }
  /** A TCP socket that listens on loopback, and its port. */
  const listener = (backlog = 8): { readonly fd: number; readonly port: number } => {
    const fd = call("socket", AF.INET, SOCK.STREAM | SOCK.NONBLOCK, 0)
    call("bind", fd, at.address, inet(0))
    call("listen", fd, backlog)
    return { fd, port: portOf(fd) }
  }
  /** Two ends of a TCP connection, neither of which waits. */
  const tcpPair = (): readonly [number, number] => {
    const server = listener()
    const client = call("socket", AF.INET, SOCK.STREAM | SOCK.NONBLOCK, 0)
    call("connect", client, at.address, inet(server.port))
    return [client, call("accept4", server.fd, 0, 0, SOCK.NONBLOCK)]
  }
  const unixPair = (type: number): readonly [number, number] => {
    call("socketpair", AF.UNIX, type | SOCK.NONBLOCK, 0, at.pair)
    return [view.getInt32(at.pair, true), view.getInt32(at.pair + 4, true)]
  }
  const poll = (fd: number, events = 0x201f): number => {
    view.setInt32(at.pair, fd, true)
    view.setUint16(at.pair + 4, events, true)
    view.setBigInt64(at.pair + 16, 0n, true)
    view.setBigInt64(at.pair + 24, 0n, true)
    call("ppoll", at.pair, 1, at.pair + 16, 0, 8)
    return view.getUint16(at.pair + 6, true)
  }
  const setInt = (fd: number, level: number, name: number, value: number): number => {
    view.setInt32(at.vector, value, true)
    return call("setsockopt", fd, level, name, at.vector, 4)
  }
  const getInt = (fd: number, level: number, name: number): number => {
    view.setInt32(at.length, 4, true)
    const result = call("getsockopt", fd, level, name, at.vector, at.length)
    return result < 0 ? result : view.getInt32(at.vector, true)
  }
  /** Puts a header with one buffer at `at.data`, and control bytes; `files` as SCM_RIGHTS. */
  const header = (length: number, files: ReadonlyArray<number> = [], controlRoom = 0): number => {
    state.u8.fill(0, at.header, at.header + 56)
    view.setBigUint64(at.vector, BigInt(at.data), true)
    view.setBigUint64(at.vector + 8, BigInt(length), true)
    view.setBigUint64(at.header + 16, BigInt(at.vector), true)
    view.setBigUint64(at.header + 24, 1n, true)
    const size = files.length === 0 ? controlRoom : 16 + 4 * files.length
    if (files.length > 0) {
      view.setBigUint64(at.control, BigInt(size), true)
      view.setInt32(at.control + 8, 1, true)
      view.setInt32(at.control + 12, 1, true)
      files.forEach((fd, i) => view.setInt32(at.control + 16 + 4 * i, fd, true))
    }
    view.setBigUint64(at.header + 32, BigInt(size === 0 ? 0 : at.control), true)
    view.setBigUint64(at.header + 40, BigInt(size), true)
    return at.header
  }
  return {
    ...made,
    wait,
    view,
    inet,
    unix,
    data,
    send,
    receive,
    portOf,
    listener,
    tcpPair,
    unixPair,
    poll,
    setInt,
    getInt,
    header
  }
}
