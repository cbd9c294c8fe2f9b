/** Connections of plugins on Node: Unix sockets. */
import * as fs from "node:fs"
import * as net from "node:net"
import * as path from "node:path"
import type { Channel } from "@emu/core/PluginChannels"
import { PluginChannelError } from "@emu/core/PluginError"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { describeSocketError, longestSocketPath } from "../socketErrors.ts"

type Meeting = Effect.Effect<{ readonly socket: net.Socket; readonly isFirst: boolean }, MeetingFailure>

/** Why two ends have not met; `code` is the system's. */
class MeetingFailure extends Data.TaggedError("MeetingFailure")<{
  readonly code: string | undefined
  readonly reason: string
}> {
  static readonly of = (error: NodeJS.ErrnoException) =>
    new MeetingFailure({ code: error.code, reason: describeSocketError(error) })
}

/**
 * Opens a connection; see `ChannelHost`. It is closed with the scope.
 *
 * @param file path of the socket, relative to the current directory
 */
export const openChannel = (file: string): Effect.Effect<Channel, PluginChannelError, Scope.Scope> =>
  Effect.acquireRelease(meet(path.resolve(file)), ({ socket }) => Effect.sync(() => socket.destroy()), {
    interruptible: true
  }).pipe(
    Effect.mapError(({ reason }) => new PluginChannelError({ path: file, reason })),
    Effect.map(({ isFirst, socket }) => makeChannel(socket, isFirst))
  )

/** Connects to whoever waits at a path, or waits there. */
const meet = (file: string): Meeting =>
  Effect.suspend(() => {
    if (Buffer.byteLength(file) > longestSocketPath) {
      const reason = `its path is too long for a socket: ${longestSocketPath} bytes at most`
      return Effect.fail(new MeetingFailure({ code: undefined, reason }))
    }
    return connectPatiently(file).pipe(
      Effect.catch((error) => {
        if (error.code === "ECONNREFUSED" && fs.lstatSync(file, { throwIfNoEntry: false })?.isSocket() === true) {
          // Left behind by a run that was killed while it waited: nobody can be there any more.
          fs.rmSync(file, { force: true })
          return wait(file)
        }
        return error.code === "ENOENT" ? wait(file) : Effect.fail(error)
      })
    )
  })

/** How often, and after how many milliseconds each time, to try again where a socket refuses. */
const attempts = 10
const pause = 20

/** Connects. A socket that refuses may be one whose maker is about to listen: it is there before that. */
const connectPatiently = (file: string, left = attempts): Meeting =>
  connect(file).pipe(
    Effect.catch((error) =>
      error.code === "ECONNREFUSED" && left > 0
        ? Effect.andThen(Effect.sleep(pause), connectPatiently(file, left - 1))
        : Effect.fail(error)
    )
  )

const connect = (file: string): Meeting =>
  Effect.callback((resume) => {
    const socket = net.connect({ path: file, allowHalfOpen: true })
    socket.once("connect", () => resume(Effect.succeed({ socket, isFirst: false })))
    // Later ones are of no interest: the socket closes, and then nothing more is received.
    socket.on("error", (error) => resume(Effect.fail(MeetingFailure.of(error))))
  })

const wait = (file: string): Meeting =>
  Effect.callback((resume) => {
    const server = net.createServer({ allowHalfOpen: true })
    server.once("connection", (socket) => {
      // with it goes the file: the two have met
      server.close()
      socket.on("error", () => {})
      resume(Effect.succeed({ socket, isFirst: true }))
    })
    // Two that came at the same time have both found nobody: one of them could listen.
    server.once("error", (error: NodeJS.ErrnoException) =>
      resume(error.code === "EADDRINUSE" ? connectPatiently(file) : Effect.fail(MeetingFailure.of(error)))
    )
    server.listen(file)
    return Effect.sync(() => server.close())
  })

const makeChannel = (socket: net.Socket, isFirst: boolean): Channel => {
  let chunks: Array<Uint8Array> = []
  let isOver = false
  let wake = () => {}
  const over = () => {
    isOver = true
    wake()
  }
  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk)
    wake()
  })
  socket.on("end", over)
  socket.on("close", over)
  const take = (): Effect.Effect<Uint8Array | undefined> => {
    const bytes = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)
    chunks = []
    return Effect.succeed(bytes)
  }
  return {
    isFirst,
    send: (bytes) => {
      if (socket.writable) socket.write(bytes)
    },
    receive: Effect.callback((resume) => {
      const look = () => {
        if (chunks.length === 0 && !isOver) return
        // before the fiber goes on: it may ask again at once
        wake = () => {}
        resume(chunks.length > 0 ? take() : Effect.succeed(undefined))
      }
      wake = look
      look()
    }),
    end: () => socket.end()
  }
}
