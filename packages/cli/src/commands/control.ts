/** `emu control`: asks a running `emu run --control` for something. */
import * as fs from "node:fs"
import * as net from "node:net"
import * as path from "node:path"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { readLines } from "../control/lines.ts"
import { decodeResponse, type Request, type Response } from "../control/Protocol.ts"
import { describeSocketError } from "@emu/node/socketErrors"
import { parsePluginSpec, pluginKind } from "../options/pluginSpec.ts"
import { didYouMean } from "../suggest.ts"
import { UsageError } from "../UsageError.ts"

/** The run could not be asked, or has refused; the message is one line for the user. */
export class ControlError extends Data.TaggedError("ControlError")<{ readonly message: string }> {}

/** A response is no longer than this: more plugins than anybody loads. */
const longestResponse = 1 << 24

const actions = ["attach", "list", "reset", "uninstall"] as const

/**
 * Sends one request and waits for its response.
 *
 * @param words the socket, what to do, and with which plugin
 * @returns what to print. Fails with UsageError where the words are wrong, with ControlError where nobody answers or the answer is no
 */
export const control = Effect.fnUntraced(function* (words: ReadonlyArray<string>) {
  const [socket, action, ...operands] = words
  if (socket === undefined || action === undefined) {
    return yield* Effect.fail(
      new UsageError(`emu control needs a socket and what to do: emu control SOCKET ${actions.join("|")}`)
    )
  }
  const request = yield* Effect.try({
    try: () => requestOf(action, operands),
    catch: (error) => error as UsageError
  })
  const response = yield* send(socket, request)
  return response.ok ? describe(request, response) : yield* new ControlError({ message: response.error })
})

/** @throws UsageError */
const requestOf = (action: string, operands: ReadonlyArray<string>): Request => {
  const [operand, ...more] = operands
  const expect = (what: string): string => {
    if (operand === undefined) throw new UsageError(`emu control SOCKET ${action} needs ${what}`)
    if (more.length > 0) throw new UsageError(`emu control SOCKET ${action} takes ${what} only, not ${more[0]} as well`)
    return operand
  }
  switch (action) {
    case "attach": {
      const { args, plugin } = parsePluginSpec(expect("a plugin, NAME|FILE[,KEY=VALUE...]"))
      return {
        request: "attach",
        // the run has another current directory
        plugin: pluginKind(plugin) === "file" ? path.resolve(plugin) : plugin,
        args: args.map(([key, value]) => `${key}=${value}`)
      }
    }
    case "list":
      if (operand !== undefined) throw new UsageError(`emu control SOCKET list takes nothing else, not ${operand}`)
      return { request: "list" }
    case "reset":
    case "uninstall": {
      const id = expect("a plugin's id; emu control SOCKET list shows them")
      if (!/^\d{1,15}$/.test(id))
        throw new UsageError(`emu control SOCKET ${action}: ${JSON.stringify(id)} is no plugin's id`)
      return { request: action, id: Number(id) }
    }
    default:
      throw new UsageError(
        `emu control: there is no ${action}${didYouMean(action, actions) || `; there are ${actions.join(", ")}`}`
      )
  }
}

const send = (file: string, request: Request): Effect.Effect<Response, ControlError> =>
  Effect.callback((resume) => {
    const fail = (message: string) => resume(Effect.fail(new ControlError({ message })))
    const socket = net.connect(path.resolve(file))
    socket.once("connect", () => socket.write(`${JSON.stringify(request)}\n`))
    socket.once("error", (error) => fail(connectProblem(file, error)))
    socket.once("close", () => fail(hungUp(file)))
    const answered = (line: string) => {
      const response = decodeResponse(line)
      if (response === undefined) fail(`${file} is no socket of emu run --control: it answered ${line.slice(0, 80)}`)
      else resume(Effect.succeed(response))
      socket.destroy()
    }
    readLines(socket, longestResponse, answered, () => answered(""))
    return Effect.sync(() => socket.destroy())
  })

const hungUp = (file: string): string => `the run on ${file} has hung up without an answer: its program has ended`

const connectProblem = (file: string, error: Error): string => {
  const code = "code" in error ? error.code : undefined
  if (code === "ECONNRESET" || code === "EPIPE") return hungUp(file)
  if (code === "ENOENT") return `there is no socket ${file}: emu run --control ${file} PROGRAM makes it`
  if (code === "ECONNREFUSED" && fs.statSync(path.resolve(file), { throwIfNoEntry: false })?.isSocket() === false) {
    return `cannot ask on ${file}: it is no socket`
  }
  if (code === "ECONNREFUSED")
    return `nobody listens on ${file} any more: it is left over from a run that was killed; remove it`
  return `cannot ask on the socket ${file}: ${describeSocketError(error)}`
}

const describe = (request: Request, { id, plugins = [] }: Extract<Response, { ok: true }>): string => {
  switch (request.request) {
    case "attach":
      return `attached ${path.basename(request.plugin)}, id ${id}\n`
    case "reset":
      return `reset ${request.id}\n`
    case "uninstall":
      return `uninstalled ${request.id}\n`
    case "list":
      return plugins
        .map((plugin) => `${plugin.id} ${[plugin.name, ...plugin.args].join(",")}: ${plugin.events.join(", ")}\n`)
        .join("")
  }
}
