/** The host's network on Node. Node's own modules for it are loaded with the first socket: they would cost every run some milliseconds. */
import type { HostEndpoint, HostInterface, HostNetworkShape, ListenEvents, ListenOptions } from "@emu/guest/HostNetwork"
import { HostNetwork } from "@emu/guest/HostNetwork"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { endpointOf, errnoOfThrown, wrap } from "./internal/network/connections.ts"
import { makeDatagrams } from "./internal/network/datagrams.ts"
import { Unfinished } from "./internal/network/Unfinished.ts"
import { errnoOf } from "./internal/nodeErrno.ts"

const interfaces = (): ReadonlyArray<HostInterface> => {
  const os = process.getBuiltinModule("node:os")
  return Object.entries(os.networkInterfaces()).map(([name, addresses = []]) => ({
    name,
    mac: Uint8Array.from((addresses[0]?.mac ?? "").split(":").map((byte) => Number.parseInt(byte, 16) || 0)).slice(0, 6),
    isLoopback: addresses[0]?.internal === true,
    addresses: addresses.map((address) => ({
      ip: address.address,
      prefix: Number(address.cidr?.split("/")[1] ?? 0),
      scope: address.family === "IPv6" ? address.scopeid : 0
    }))
  }))
}

const makeNetwork = (unfinished: Unfinished): HostNetworkShape => {
  const listen = (at: HostEndpoint, options: ListenOptions, events: ListenEvents): (() => void) => {
    const net = process.getBuiltinModule("node:net")
    const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true })
    server.on("connection", (socket) => {
      const { connection, tell } = wrap(socket, unfinished)
      events.incoming({
        connection,
        local: endpointOf(socket.localAddress, socket.localPort),
        remote: endpointOf(socket.remoteAddress, socket.remotePort),
        tell: (told) => {
          tell(told)
          socket.resume()
        }
      })
    })
    server.on("error", (error) => events.failed(-errnoOf(error)))
    server.once("listening", () => {
      const address = server.address()
      if (address === null || typeof address === "string") return
      events.listening(endpointOf(address.address, address.port))
    })
    server.listen({
      host: at.ip,
      port: at.port,
      backlog: Math.max(1, options.backlog),
      ipv6Only: options.isSixOnly,
      reusePort: options.reusesPort,
      exclusive: true
    })
    return () => void server.close()
  }
  return {
    interfaces,
    listen,
    connect: (to, from, events) => {
      const net = process.getBuiltinModule("node:net")
      const socket = new net.Socket({ allowHalfOpen: true })
      const { connection, tell } = wrap(socket, unfinished)
      tell(events)
      const own = from === undefined ? {} : { localAddress: from.ip, localPort: from.port }
      try {
        socket.connect({ host: to.ip, port: to.port, autoSelectFamily: false, ...own })
      } catch (error) {
        queueMicrotask(() => events.failed(errnoOfThrown(error)))
      }
      return connection
    },
    connectPath: (path, events) => {
      const net = process.getBuiltinModule("node:net")
      const socket = new net.Socket({ allowHalfOpen: true })
      const { connection, tell } = wrap(socket, unfinished)
      tell(events)
      // a path is a byte string; Node wants text
      socket.connect({ path: Buffer.from(path, "latin1").toString() })
      return connection
    },
    datagrams: makeDatagrams
  }
}

/** The host's network. The layer's end waits, for some time, until what guests have written is sent. */
export const layer: Layer.Layer<HostNetwork> = Layer.effect(HostNetwork)(
  Effect.gen(function* () {
    const unfinished = new Unfinished()
    yield* Effect.addFinalizer(() => unfinished.finish)
    return { network: makeNetwork(unfinished) }
  })
)
