/**
 * What is spoken on the socket of `--control`: lines of JSON. Each line that a client sends is a request; each gets one line as
 * response, in the order of the requests. `emu control --schema` prints this as JSON Schema.
 */
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

const text = (description: string) => Schema.String.annotate({ description })
const id = Schema.Int.annotate({ description: "the plugin's id, as attach and list give it" })
const args = Schema.Array(Schema.String).annotate({ description: "its options, KEY=VALUE or KEY, in order" })

/** The requests by what they ask for. */
const requests = {
  attach: Schema.Struct({
    request: Schema.Literal("attach"),
    plugin: text("name of a plugin that comes with emu, or path of a file, best absolute: it is looked up where emu runs"),
    args: Schema.optionalKey(args)
  }).annotate({ description: "install a plugin in the running program" }),
  list: Schema.Struct({ request: Schema.Literal("list") }).annotate({ description: "which plugins there are" }),
  reset: Schema.Struct({ request: Schema.Literal("reset"), id }).annotate({
    description: "drop what a plugin has registered, and install it anew with the same options"
  }),
  uninstall: Schema.Struct({ request: Schema.Literal("uninstall"), id }).annotate({
    description: "remove a plugin; its atexit callback is called first, so that it reports"
  })
}

/** What a client may ask for. */
export const Request = Schema.Union([requests.attach, requests.list, requests.reset, requests.uninstall]).annotate({
  title: "request to emu run --control"
})
export type Request = typeof Request.Type

const Plugin = Schema.Struct({
  id,
  name: text("the plugin's name"),
  args,
  events: Schema.Array(Schema.String).annotate({ description: "names of the events that it listens to now" })
})

/** What it is told. */
export const Response = Schema.Union([
  Schema.Struct({
    ok: Schema.Literal(true),
    id: Schema.optionalKey(Schema.Int.annotate({ description: "after attach: the new plugin's id" })),
    plugins: Schema.optionalKey(
      Schema.Array(Plugin).annotate({ description: "after list: all plugins, in the order of loading" })
    )
  }),
  Schema.Struct({ ok: Schema.Literal(false), error: text("what went wrong: one line") })
]).annotate({ title: "response of emu run --control" })
export type Response = typeof Response.Type

/** A line that is longer is no request. */
export const longestLine = 64 * 1024

const isName = (value: unknown): value is keyof typeof requests =>
  typeof value === "string" && Object.hasOwn(requests, value)

/**
 * Reads a request.
 *
 * @returns the request, or what is wrong with the line
 */
export const decodeRequest = (line: string): Result.Result<Request, string> => {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    return Result.fail(`the request is no JSON: write a line such as {"request":"list"}`)
  }
  const name = typeof json === "object" && json !== null && "request" in json ? json.request : undefined
  if (!isName(name)) {
    const known = Object.keys(requests).join(", ")
    return Result.fail(`there is no request ${JSON.stringify(name) ?? 'without "request"'}: there are ${known}`)
  }
  const decoded = Schema.decodeUnknownResult(requests[name])(json, { onExcessProperty: "error" })
  return Result.mapError(decoded, (error) => `request ${name}: ${error.message.replaceAll(/\s*\n\s*/g, ", ")}`)
}

/** A response as a line, newline included. */
export const encodeResponse = (response: Response): string => `${JSON.stringify(Schema.encodeSync(Response)(response))}\n`

/** Reads a response; undefined where the line is none. */
export const decodeResponse = (line: string): Response | undefined =>
  Option.getOrUndefined(Schema.decodeOption(Schema.fromJsonString(Response))(line))
