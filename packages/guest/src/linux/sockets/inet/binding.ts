/** Giving TCP and UDP sockets an address. */
import * as Effect from "effect/Effect"
import type { HostEndpoint } from "../../../HostNetwork.ts"
import { Errno } from "../../kernel/errno.ts"
import { isFour, isWildcard } from "../address/ip.ts"
import type { Endpoint, SocketAddress } from "../address/SocketAddress.ts"
import { AF, IPPROTO } from "../constants.ts"
import { IPV6_V6ONLY, SO } from "../options/optionTable.ts"
import type { Socket } from "../Socket.ts"
import type { Bound, PortTable } from "./PortTable.ts"

/** The address that a socket has before it is bound. */
export const anywhere = (family: number): Endpoint => ({ ip: family === AF.INET6 ? "::" : "0.0.0.0", port: 0 })

/** The endpoint that an address names, for a socket of an IP family; a negative errno for one that it cannot have. */
export const endpointOf = (socket: Socket, address: SocketAddress): Endpoint | number => {
  if (address.family !== "inet") return -Errno.EAFNOSUPPORT
  const { ip, port } = address
  if (isFour(ip) && socket.kind.family === AF.INET6 && isSixOnly(socket)) return -Errno.EINVAL
  return { ip, port }
}

export const isSixOnly = (socket: Socket): boolean => socket.options.get(IPPROTO.IPV6, IPV6_V6ONLY) === 1

/** What a socket takes of a table of ports. */
export const boundOf = <S extends Socket>(socket: S, endpoint: Endpoint): Bound<S> => ({
  endpoint,
  socket,
  isSixOnly: isSixOnly(socket),
  reusesAddress: socket.options.has(SO.REUSEADDR),
  reusesPort: socket.options.has(SO.REUSEPORT)
})

/** How the host is to listen for a socket. */
export const listenOptions = (socket: Socket, backlog: number) => ({
  backlog,
  reusesAddress: socket.options.has(SO.REUSEADDR),
  reusesPort: socket.options.has(SO.REUSEPORT),
  isSixOnly: isSixOnly(socket)
})

/** An endpoint with a port that is free among the guest's own, or a negative errno. */
export const takePort = <S extends Socket>(table: PortTable<S>, socket: S, wanted: Endpoint): Endpoint | number => {
  const port = wanted.port === 0 ? table.freePort() : wanted.port
  if (port === undefined) return -Errno.EADDRINUSE
  const endpoint = { ip: wanted.ip, port }
  const bound = boundOf(socket, endpoint)
  if (!table.isFree(bound)) return -Errno.EADDRINUSE
  table.add(bound)
  return endpoint
}

/** An Effect of what somebody tells once: an endpoint, or a positive errno. */
export const told = (
  ask: (tell: { readonly done: (at: HostEndpoint) => void; readonly failed: (errno: number) => void }) => void
): Effect.Effect<HostEndpoint | number> =>
  Effect.callback<HostEndpoint | number>((resume) => {
    ask({ done: (at) => resume(Effect.succeed(at)), failed: (errno) => resume(Effect.succeed(errno)) })
  })

/** The guest's own address that one of its sockets has towards another address of it. */
export const sourceFor = (to: Endpoint): string => (isFour(to.ip) ? "127.0.0.1" : "::1")

/** Every address means the guest itself to who connects to it. */
export const destination = ({ ip, port }: Endpoint): Endpoint => ({
  ip: isWildcard(ip) ? (isFour(ip) ? "127.0.0.1" : "::1") : ip,
  port
})
