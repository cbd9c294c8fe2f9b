/**
 * Prints calls of library functions, with arguments and results as far as prototypes are known.
 *
 *     malloc(100) = 0x55fb12a0
 *     strlen("hello") = 5
 *     qsort(0x55d56700, 4, 8, 0x10158 <unfinished ...>
 *     strcmp("b", "a") = 1
 *     <... qsort resumed>) = 0
 */
import * as Effect from "effect/Effect"
import type { FunctionCall } from "@emu/core/FunctionCalls"
import * as Plugin from "@emu/core/Plugin"
import { PluginInstallFailure } from "@emu/core/Plugin"
import * as PluginOptions from "@emu/core/PluginOptions"
import * as PluginResult from "@emu/core/PluginResult"
import { hex } from "@emu/plugins/kit/text/format"
import { globMatcher } from "@emu/plugins/kit/text/glob"
import { descending } from "@emu/plugins/kit/text/order"

/** Letters: i int, u unsigned, l long, z size, x hexadecimal, p pointer, s text, c character, d double, v nothing, . more. */
const letters = "iulzxpscdv."

/** Prototypes by name: the result's letter, then the arguments'. From the C and POSIX standards. */
const known: Readonly<Record<string, string>> = {
  abort: "v",
  access: "isi",
  atoi: "is",
  atol: "ls",
  bsearch: "pppzzp",
  calloc: "pzz",
  close: "ii",
  exit: "vi",
  fclose: "ip",
  fflush: "ip",
  fgets: "ppip",
  fopen: "pss",
  fork: "i",
  fprintf: "ips.",
  fputc: "icp",
  fputs: "isp",
  fread: "zpzzp",
  free: "vp",
  fseek: "ipli",
  fwrite: "zpzzp",
  getenv: "ss",
  isatty: "ii",
  memchr: "ppcz",
  memcmp: "ippz",
  memcpy: "pppz",
  memmove: "pppz",
  memset: "ppiz",
  open: "isi",
  perror: "vs",
  pow: "ddd",
  printf: "is.",
  putchar: "ic",
  puts: "is",
  qsort: "vpzzp",
  read: "lipz",
  realloc: "ppz",
  setlocale: "sis",
  snprintf: "ipzs.",
  sprintf: "ips.",
  sqrt: "dd",
  sscanf: "iss.",
  strcat: "pps",
  strchr: "ssc",
  strcmp: "iss",
  strcpy: "pps",
  strdup: "ps",
  strerror: "si",
  strlen: "zs",
  strncmp: "issz",
  strncpy: "ppsz",
  strrchr: "ssc",
  strstr: "sss",
  strtol: "lspi",
  strtoul: "uspi",
  time: "lp",
  toupper: "cc",
  waitpid: "iipi",
  write: "lipz"
}

/** What of texts is printed. */
const longestText = 64

export default Plugin.make({
  name: "ltrace",
  help: "print calls of library functions, with arguments and results",
  options: PluginOptions.struct({
    name: PluginOptions.strings({
      default: [],
      description: "only functions of this name; * and ? stand for any text and any character"
    }),
    library: PluginOptions.string({ default: "", description: "only functions of this library, such as libc" }),
    internal: PluginOptions.boolean({
      default: false,
      description: "also calls within one file: of a library's functions by itself, and of the program's own"
    }),
    prototype: PluginOptions.strings({
      default: [],
      description: `what a function takes and gives, NAME:LETTERS, such as fact:ll; the result's letter first; letters are ${letters}`
    }),
    summary: PluginOptions.boolean({ default: false, description: "count calls instead of printing them" })
  }),
  result: PluginResult.struct({
    functions: PluginResult.rows(
      { name: PluginResult.text("its name"), calls: PluginResult.count("how often it was called") },
      "functions that were called, the busiest first"
    )
  }),
  render: ({ functions }) => functions.map(({ calls, name }) => `${calls.toString().padStart(10)} ${name}\n`).join(""),
  install: Effect.fnUntraced(function* (api, { internal, library, name: names, prototype: given, summary }) {
    const prototypes = new Map(Object.entries(known))
    for (const text of given) {
      const found = /^([^:]+):([a-z.]+)$/.exec(text)
      if (found === null || Array.from(found[2]!).some((letter) => !letters.includes(letter))) {
        return yield* new PluginInstallFailure({
          message: `prototype=${text}: write NAME:LETTERS with the result's letter first, such as fact:ll; letters are ${letters}`
        })
      }
      prototypes.set(found[1]!, found[2]!)
    }
    const matchers = names.map(globMatcher)
    const isLibrary = library === "" ? () => true : globMatcher(`*/${library}${/\.so/.test(library) ? "" : ".so*"}`)
    const floats = new Map(api.getRegisters().map((register) => [register.name, register]))

    const text = (address: bigint): string => {
      if (address === 0n) return "NULL"
      try {
        const read = api.readString(address, longestText + 1)
        return JSON.stringify(read.slice(0, longestText)) + (read.length > longestText ? "..." : "")
      } catch {
        return `0x${hex(address)}`
      }
    }

    const double = (name: string): string => {
      const view = new DataView(new ArrayBuffer(8))
      view.setBigUint64(0, api.readRegister(floats.get(name)!))
      return String(view.getFloat64(0))
    }

    const shown = (letter: string, value: bigint): string => {
      switch (letter) {
        case "i":
          return BigInt.asIntN(32, value).toString()
        case "l":
          return BigInt.asIntN(64, value).toString()
        case "u":
        case "z":
          return value.toString()
        case "c":
          return value > 31n && value < 127n
            ? `'${String.fromCharCode(Number(value))}'`
            : BigInt.asIntN(32, value).toString()
        case "s":
          return text(value)
        default:
          return value === 0n && letter === "p" ? "NULL" : `0x${hex(value)}`
      }
    }

    /** Arguments of floating point are in registers of their own. */
    const argumentsText = ({ args, name }: FunctionCall): string => {
      const prototype = prototypes.get(name)
      if (prototype === undefined)
        return args
          .slice(0, 3)
          .map((value) => `0x${hex(value)}`)
          .join(", ")
      const texts: Array<string> = []
      let integers = 0
      let doubles = 0
      for (const letter of prototype.slice(1)) {
        if (letter === "v") continue
        if (letter === ".") texts.push("...")
        else texts.push(letter === "d" ? double(`fa${doubles++}`) : shown(letter, args[integers++] ?? 0n))
      }
      return texts.join(", ")
    }

    const resultText = (name: string, result: bigint | undefined): string => {
      const letter = prototypes.get(name)?.[0] ?? "x"
      if (result === undefined) return " = ? (left)"
      if (letter === "v") return ""
      return ` = ${letter === "d" ? double("fa0") : shown(letter, result)}`
    }

    const counts = new Map<string, number>()
    /** The call whose line is not ended yet. */
    let open: FunctionCall | undefined
    const interrupt = (how: string): void => {
      if (open !== undefined) api.outs(` <${how} ...>\n`)
      open = undefined
    }

    const isWanted = ({ address, returnAddress }: FunctionCall): boolean => {
      if (internal) return true
      const called = api.moduleAt(address)
      return called?.base !== api.moduleAt(returnAddress)?.base && called?.path !== api.program()?.path
    }

    yield* api.onCall(
      ({ module, name }) =>
        isLibrary(module ?? "") &&
        (matchers.length === 0 ? !name.startsWith("_") : matchers.some((matches) => matches(name))),
      {
        enter: (call) => {
          if (!isWanted(call)) return undefined
          counts.set(call.name, (counts.get(call.name) ?? 0) + 1)
          if (summary) return undefined
          interrupt("unfinished")
          api.outs(`${call.name}(${argumentsText(call)}`)
          open = call
          return call
        },
        exit: ({ name }, result, call) => {
          if (call === undefined) return
          if (open !== call) {
            interrupt("unfinished")
            api.outs(`<... ${name} resumed>`)
          }
          open = undefined
          api.outs(`)${resultText(name, result)}\n`)
        }
      }
    )
    yield* api.onAtExit(() => {
      interrupt("no return")
      const functions = Array.from(counts, ([name, calls]) => ({ name, calls }))
      functions.sort((a, b) => descending(a.calls, b.calls) || (a.name < b.name ? -1 : 1))
      if (summary || functions.length === 0) api.report({ functions })
    })
  })
})
