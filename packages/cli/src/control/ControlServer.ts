/** The socket of `--control`: clients attach plugins to the running guest, list them, reset and remove them. */
import * as fs from "node:fs"
import * as net from "node:net"
import * as path from "node:path"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Stream from "effect/Stream"
import type * as Scope from "effect/Scope"
import * as PluginChanges from "@emu/core/PluginChanges"
import type { PluginHost } from "@emu/core/PluginHost"
import type { GuestPlugins } from "@emu/emulator/Guest"
import { parsePluginArgument } from "../options/pluginSpec.ts"
import { installPlugin } from "../plugins/installPlugin.ts"
import { UsageError } from "../UsageError.ts"
import { readLines } from "./lines.ts"
import { decodeRequest, encodeResponse, longestLine, type Request, type Response } from "./Protocol.ts"
import { describeSocketError, isListening, longestSocketPath } from "@emu/node/socketErrors"

/**
 * Opens the socket and answers requests, as long as the scope lives; then the socket's file is removed. Only the user may connect:
 * who can attach a plugin can run any code here.
 *
 * @param plugins those of the guest
 * @param file path of the socket
 * @returns fails with UsageError where there is something at the path, or no socket can be made
 */
export const serveControl = Effect.fnUntraced(function* (
  plugins: GuestPlugins,
  file: string
): Effect.fn.Return<void, UsageError, PluginHost | Scope.Scope> {
  const absolute = path.resolve(file)
  yield* checkFree(file, absolute)
  const run = yield* FiberSet.makeRuntimePromise<PluginHost>()
  const clients = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    clients.add(socket)
    socket.on("close", () => clients.delete(socket))
    serveClient(socket, (request) => run(answer(plugins, request)))
  })
  yield* Effect.acquireRelease(listen(server, file, absolute), () =>
    Effect.sync(() => {
      server.close()
      for (const socket of clients) {
        socket.end()
        // a client that does not hang up must not keep emu alive
        socket.unref()
      }
    })
  )
})

/** Says what is in the way, rather than removing somebody's file. */
const checkFree = (file: string, absolute: string): Effect.Effect<void, UsageError> =>
  Effect.suspend(() => {
    const problem = (text: string) => Effect.fail(new UsageError(`option --control: ${text}`))
    if (file === "") return problem("give the path of a socket")
    if (Buffer.byteLength(absolute) > longestSocketPath) {
      return problem(`the path of ${file} is too long for a socket: ${longestSocketPath} bytes at most`)
    }
    const stat = fs.lstatSync(absolute, { throwIfNoEntry: false })
    // Node says EACCES where there is no such directory.
    const hasDirectory = stat !== undefined || fs.existsSync(path.dirname(absolute))
    if (!hasDirectory) return problem(`cannot make the socket ${file}: there is no such directory`)
    if (stat === undefined) return Effect.void
    if (!stat.isSocket()) return problem(`${file} exists, and is no socket: choose another path`)
    return Effect.flatMap(isListening(absolute), (listening) =>
      problem(
        listening
          ? `${file} is in use by another run: choose another path`
          : `${file} is left over from a run that was killed: remove it`
      )
    )
  })

const listen = (server: net.Server, file: string, absolute: string): Effect.Effect<void, UsageError> =>
  Effect.callback((resume) => {
    server.once("error", (error) =>
      resume(Effect.fail(new UsageError(`option --control: cannot make the socket ${file}: ${describeSocketError(error)}`)))
    )
    // The socket gets its permissions when it is made, which is before this returns.
    const mask = process.umask(0o177)
    try {
      server.listen(absolute, () => resume(Effect.void))
    } finally {
      process.umask(mask)
    }
  })

/** Answers each line of a client, one after the other. */
const serveClient = (socket: net.Socket, handle: (request: Request) => Promise<Response>): void => {
  const respond = (response: Response) => {
    if (socket.writable) socket.write(encodeResponse(response))
  }
  let last: Promise<void> = Promise.resolve()
  const onLine = (line: string) => {
    const request = decodeRequest(line)
    const response: () => Promise<Response> =
      request._tag === "Failure" ? async () => ({ ok: false, error: request.failure }) : () => handle(request.success)
    last = last.then(async () => respond(await response())).catch(() => {})
  }
  // Clients come and go as they like.
  socket.on("error", () => {})
  readLines(socket, longestLine, onLine, () => {
    respond({ ok: false, error: `the request is longer than ${longestLine} bytes` })
    socket.end()
  })
}

/** Carries out a request. Never fails: what goes wrong is in the response. */
const answer = (plugins: GuestPlugins, request: Request): Effect.Effect<Response, never, PluginHost> =>
  carryOut(plugins, request).pipe(
    Effect.catchCause((cause) => {
      const error = Cause.squash(cause)
      const message = error instanceof Error ? error.message : String(error)
      return Effect.succeed<Response>({ ok: false, error: message.split("\n", 1)[0]! })
    })
  )

const carryOut = (plugins: GuestPlugins, request: Request) =>
  Effect.gen(function* () {
    switch (request.request) {
      case "attach": {
        const { plugin } = request
        const args = yield* Effect.try({
          try: () => (request.args ?? []).map((text) => parsePluginArgument(plugin, text)),
          catch: (error) => error as UsageError
        })
        const id = yield* installPlugin(plugins, { plugin, args })
        return { ok: true, id: Number(id) } as const
      }
      case "list": {
        const [all = []] = yield* Stream.runCollect(Stream.take(PluginChanges.changes, 1))
        const loaded = all.map(({ args, events, id, name }) => ({
          id: Number(id),
          name,
          args: args.map(([key, value]) => `${key}=${value}`),
          events
        }))
        return { ok: true, plugins: loaded } as const
      }
      case "reset":
        yield* plugins.reset(BigInt(request.id))
        return { ok: true } as const
      case "uninstall":
        yield* plugins.uninstall(BigInt(request.id))
        return { ok: true } as const
    }
  })
