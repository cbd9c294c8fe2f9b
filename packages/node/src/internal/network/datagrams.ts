/** Datagrams on Node. */
import type { DatagramEvents, HostDatagrams, HostEndpoint, ListenOptions } from "@emu/guest/HostNetwork"
import { errnoOf } from "../nodeErrno.ts"
import { endpointOf } from "./connections.ts"

/** Makes a socket for datagrams at an address; see `HostNetworkShape.datagrams`. */
export const makeDatagrams = (at: HostEndpoint, options: ListenOptions, events: DatagramEvents): HostDatagrams => {
  const dgram = process.getBuiltinModule("node:dgram")
  const isSix = at.ip.includes(":")
  const socket = dgram.createSocket({
    type: isSix ? "udp6" : "udp4",
    reuseAddr: options.reusesAddress,
    reusePort: options.reusesPort,
    ipv6Only: options.isSixOnly
  })
  let isClosed = false
  let isConnected = false
  const failed = (error: Error | null): void => {
    if (error !== null && !isClosed) events.failed(-errnoOf(error))
  }
  socket.on("error", failed)
  socket.on("message", (bytes, { address, port }) => events.received(new Uint8Array(bytes), endpointOf(address, port)))
  socket.once("listening", () => {
    const { address, port } = socket.address()
    events.bound(endpointOf(address, port))
  })
  socket.bind({ address: at.ip, port: at.port, exclusive: true })

  /** An IPv4 address in the form of the socket. */
  const reached = (ip: string): string => (isSix && !ip.includes(":") ? `::ffff:${ip}` : ip)
  return {
    send: (bytes, { ip, port }) => {
      if (isConnected) socket.send(bytes, failed)
      else socket.send(bytes, port, reached(ip), failed)
    },
    connect: ({ ip, port }, done) => {
      if (isConnected) socket.disconnect()
      isConnected = false
      // without an error it is called with none, whatever the types say
      socket.connect(port, reached(ip), ((error?: Error) => {
        if (error !== undefined) return done(-errnoOf(error))
        isConnected = true
        const { address, port: own } = socket.address()
        done(endpointOf(address, own))
      }) as () => void)
    },
    disconnect: () => {
      if (isConnected) socket.disconnect()
      isConnected = false
    },
    setBroadcast: (on) => {
      try {
        socket.setBroadcast(on)
      } catch {
        // it is not bound yet: that is told by itself
      }
    },
    close: () => {
      isClosed = true
      socket.close()
    }
  }
}
