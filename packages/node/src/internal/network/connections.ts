/** Connections on Node. */
import type * as Net from "node:net"
import type { ConnectionEvents, HostConnection, HostEndpoint } from "@emu/guest/HostNetwork"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { errnoOf } from "../nodeErrno.ts"
import type { Unfinished } from "./Unfinished.ts"

/** So many bytes are read ahead of the guest. */
const readAhead = 256 * 1024

/** Nobody to tell. */
const deaf: ConnectionEvents = { connected: () => {}, received: () => {}, drained: () => {}, failed: () => {} }

/** A connection, and how to say who is to be told of it. */
export interface Wrapped {
  readonly connection: HostConnection
  readonly tell: (events: ConnectionEvents) => void
}

/** An address as it is written in IPv4, where it is one. */
export const endpointOf = (ip = "", port = 0): HostEndpoint => ({ ip: ip.replace(/^::ffff:(?=\d+\.)/i, ""), port })

/** Makes a connection of a socket of Node, which allows that one direction ends before the other. */
export const wrap = (socket: Net.Socket, unfinished: Unfinished): Wrapped => {
  let events = deaf
  const chunks: Array<Uint8Array> = []
  let size = 0
  let isAtEnd = false

  socket.once("connect", () =>
    events.connected(endpointOf(socket.localAddress, socket.localPort), endpointOf(socket.remoteAddress, socket.remotePort))
  )
  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk)
    size += chunk.length
    if (size >= readAhead) socket.pause()
    events.received()
  })
  const ended = (): void => {
    if (isAtEnd) return
    isAtEnd = true
    events.received()
  }
  socket.on("end", ended)
  socket.on("close", ended)
  socket.on("drain", () => events.drained())
  socket.on("error", (error) => events.failed(-errnoOf(error)))

  const read = (into: Uint8Array, peek: boolean): number => {
    let done = 0
    for (let i = 0; i < chunks.length && done < into.length;) {
      const chunk = chunks[i]!
      const part = chunk.subarray(0, into.length - done)
      into.set(part, done)
      done += part.length
      if (peek) i++
      else if (part.length === chunk.length) chunks.shift()
      else chunks[i] = chunk.subarray(part.length)
    }
    if (!peek) {
      size -= done
      if (size < readAhead && socket.isPaused()) socket.resume()
    }
    return done
  }
  const connection: HostConnection = {
    read,
    write: (bytes) => void socket.write(bytes),
    available: () => size,
    unsent: () => socket.writableLength,
    hasRoom: () => !socket.writableNeedDrain,
    isAtEnd: () => isAtEnd,
    shutdownWrite: () => void socket.end(),
    close: (abort) => {
      events = deaf
      if (abort || socket.connecting) return void socket.resetAndDestroy()
      if (socket.destroyed) return
      unfinished.add(socket)
      // what is left goes first; nobody is there any more for what may still come
      socket.end(() => socket.destroy())
    },
    setNoDelay: (on) => void socket.setNoDelay(on),
    setKeepAlive: (on) => void socket.setKeepAlive(on)
  }
  return {
    connection,
    tell: (told) => {
      events = told
    }
  }
}

/** An error of a call that has thrown instead of telling. */
export const errnoOfThrown = (thrown: unknown): number => (thrown instanceof Error ? -errnoOf(thrown) : Errno.EINVAL)
