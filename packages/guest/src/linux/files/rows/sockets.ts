/** Sockets: connected pairs within the guest. There is no network. */
import * as Effect from "effect/Effect"
import * as Layout from "@emu/tcg/Layout"
import { Errno } from "../../kernel/errno.ts"
import type { Kernel } from "../../kernel/Kernel.ts"
import { row } from "../../kernel/row.ts"
import type { SyscallResult } from "../../kernel/Syscall.ts"
import { readable, writable } from "../../user/UserMemory.ts"
import { whenReady } from "../blocking.ts"
import { O, POLL } from "../constants.ts"
import { makeSocketPair, PairedSocket, SOCK } from "../open/SocketPair.ts"
import { getInt, putInt, totalLength, transfer, userVector, type UserBuffer } from "../../user/userBuffers.ts"
import { installPair } from "./create.ts"
import { writeFrom } from "./readWrite.ts"

const AF_UNIX = 1
const MSG = { PEEK: 2, TRUNC: 0x20, DONTWAIT: 0x40, WAITALL: 0x100, NOSIGNAL: 0x4000 } as const

const socketOf = (kernel: Kernel, fd: number): PairedSocket | number => {
  const file = kernel.files.get(fd)
  return file === undefined ? -Errno.EBADF : file instanceof PairedSocket ? file : -Errno.ENOTSOCK
}

const socketpair = (kernel: Kernel, family: number, typeAndFlags: number, protocol: number, address: number): number => {
  const type = typeAndFlags & 0xf
  const flags = typeAndFlags & ~0xf
  if ((flags & ~(O.NONBLOCK | O.CLOEXEC)) !== 0) return -Errno.EINVAL
  if (family !== AF_UNIX) return family >= 0 && family <= 45 ? -Errno.EOPNOTSUPP : -Errno.EAFNOSUPPORT
  if (protocol !== 0 && protocol !== AF_UNIX) return -Errno.EPROTONOSUPPORT
  if (type !== SOCK.STREAM && type !== SOCK.DGRAM && type !== SOCK.SEQPACKET) return -Errno.ESOCKTNOSUPPORT
  if (writable(kernel.state, address, 8) === undefined) return -Errno.EFAULT
  const { files } = kernel
  const pair = makeSocketPair(type, flags & O.NONBLOCK, (files.newInode(), files.newInode()))
  return installPair(kernel, address, pair, (flags & O.CLOEXEC) !== 0)
}

const receive = (kernel: Kernel, fd: number, buffers: ReadonlyArray<UserBuffer> | number, flags: number): SyscallResult => {
  const socket = socketOf(kernel, fd)
  if (typeof socket === "number") return socket
  if (typeof buffers === "number") return buffers
  const attempt = (): number =>
    transfer(kernel.state, buffers, Layout.PageFlag.write, (bytes) => socket.receive(bytes, (flags & MSG.PEEK) !== 0))
  const wait = !socket.nonBlocking && (flags & MSG.DONTWAIT) === 0
  return whenReady(socket, POLL.IN, totalLength(buffers), attempt, wait)
}

const send = (kernel: Kernel, fd: number, buffers: ReadonlyArray<UserBuffer> | number, flags: number): SyscallResult => {
  const socket = socketOf(kernel, fd)
  if (typeof socket === "number") return socket
  return writeFrom(kernel, fd, buffers, undefined, {
    wait: !socket.nonBlocking && (flags & MSG.DONTWAIT) === 0,
    signal: (flags & MSG.NOSIGNAL) === 0
  })
}

/** The buffers of a `struct msghdr`: name 0, namelen 8, iov 16, iovlen 24, control 32, controllen 40, flags 48. */
const messageBuffers = (kernel: Kernel, address: number): ReadonlyArray<UserBuffer> | number => {
  const { state } = kernel
  if (readable(state, address, 56) === undefined) return -Errno.EFAULT
  const count = Number(state.view.getBigUint64(address + 24, true))
  return count > 1024 ? -Errno.EMSGSIZE : userVector(state, Number(state.view.getBigUint64(address + 16, true)), count)
}

const recvmsg = (kernel: Kernel, fd: number, address: number, flags: number): SyscallResult => {
  const result = receive(kernel, fd, messageBuffers(kernel, address), flags)
  const finish = (count: number | bigint): number | bigint => {
    if (count >= 0 && writable(kernel.state, address, 56) === undefined) return -Errno.EFAULT
    if (count >= 0) {
      kernel.state.view.setUint32(address + 8, 0, true)
      kernel.state.view.setBigUint64(address + 40, 0n, true)
      kernel.state.view.setUint32(address + 48, 0, true)
    }
    return count
  }
  return Effect.isEffect(result) ? Effect.map(result, finish) : finish(result)
}

/** The address of a paired socket: its family alone. */
const unnamed = (kernel: Kernel, fd: number, address: number, lengthAddress: number): number => {
  const socket = socketOf(kernel, fd)
  if (typeof socket === "number") return socket
  const room = getInt(kernel.state, lengthAddress)
  if (room === undefined) return -Errno.EFAULT
  if (room < 0) return -Errno.EINVAL
  const target = writable(kernel.state, address, Math.min(room, 2))
  if (target === undefined) return -Errno.EFAULT
  target.set(Uint8Array.of(AF_UNIX, 0).subarray(0, target.length))
  return putInt(kernel.state, lengthAddress, 2)
}

/** Options of SOL_SOCKET that can be asked for: type, error, buffer sizes, domain. */
const options = (socket: PairedSocket): ReadonlyMap<number, number> =>
  new Map([
    [3, socket.type],
    [4, 0],
    [7, 212992],
    [8, 212992],
    [30, 0],
    [38, 0],
    [39, AF_UNIX]
  ])

const getsockopt = (
  kernel: Kernel,
  fd: number,
  level: number,
  name: number,
  address: number,
  lengthAddress: number
): number => {
  const socket = socketOf(kernel, fd)
  if (typeof socket === "number") return socket
  const value = level === 1 ? options(socket).get(name) : undefined
  if (value === undefined) return level === 1 ? -Errno.ENOPROTOOPT : -Errno.EOPNOTSUPP
  const room = getInt(kernel.state, lengthAddress)
  if (room === undefined) return -Errno.EFAULT
  if (room < 4) return -Errno.EINVAL
  return putInt(kernel.state, address, value) || putInt(kernel.state, lengthAddress, 4)
}

const shutdown = (kernel: Kernel, fd: number, how: number): number => {
  const socket = socketOf(kernel, fd)
  if (typeof socket === "number") return socket
  if (how < 0 || how > 2) return -Errno.EINVAL
  socket.shutdown(how)
  return 0
}

/** A call that needs a socket that isn't connected already. */
const connected = (kernel: Kernel, fd: number): number => {
  const socket = socketOf(kernel, fd)
  return typeof socket === "number" ? socket : -Errno.EINVAL
}

const one = (address: number, length: number): ReadonlyArray<UserBuffer> => [{ address, length }]
const pairsOnly = "connected pairs only: there is no network"

export const socketSyscalls = [
  row(198, "socket", ["int", "int", "int"], () => -Errno.EAFNOSUPPORT, "EAFNOSUPPORT: there is no network"),
  row(199, "socketpair", ["int", "int", "int", "pointer"], socketpair, "AF_UNIX; no descriptors in messages"),
  row(200, "bind", ["fd", "pointer", "uint"], connected, pairsOnly),
  row(201, "listen", ["fd", "int"], connected, pairsOnly),
  row(202, "accept", ["fd", "pointer", "pointer"], connected, pairsOnly),
  row(203, "connect", ["fd", "pointer", "uint"], connected, pairsOnly),
  row(204, "getsockname", ["fd", "pointer", "pointer"], unnamed, pairsOnly),
  row(205, "getpeername", ["fd", "pointer", "pointer"], unnamed, pairsOnly),
  row(
    206,
    "sendto",
    ["fd", "pointer", "size", "flags", "pointer", "uint"],
    (kernel, fd, at, length, flags) => send(kernel, fd, one(at, length), flags),
    pairsOnly
  ),
  row(
    207,
    "recvfrom",
    ["fd", "pointer", "size", "flags", "pointer", "pointer"],
    (kernel, fd, at, length, flags) => receive(kernel, fd, one(at, length), flags),
    pairsOnly
  ),
  row(
    208,
    "setsockopt",
    ["fd", "int", "int", "pointer", "uint"],
    (kernel, fd) => {
      const socket = socketOf(kernel, fd)
      return typeof socket === "number" ? socket : 0
    },
    "accepted and ignored"
  ),
  row(209, "getsockopt", ["fd", "int", "int", "pointer", "pointer"], getsockopt, "type, error, domain and buffer sizes"),
  row(210, "shutdown", ["fd", "int"], shutdown),
  row(
    211,
    "sendmsg",
    ["fd", "pointer", "flags"],
    (kernel, fd, at, flags) => send(kernel, fd, messageBuffers(kernel, at), flags),
    pairsOnly
  ),
  row(212, "recvmsg", ["fd", "pointer", "flags"], recvmsg, pairsOnly),
  row(242, "accept4", ["fd", "pointer", "pointer", "flags"], connected, pairsOnly)
]
