/** What `emu run` was asked to do. */
import type { OnPluginError } from "@emu/core/PluginFailures"
import { type NetworkMode, networkModes, type Published } from "@emu/guest/linux/sockets/Network"
import { userCacheDirectory } from "@emu/node/NodeTranslationCache"
import { type PluginFormat, pluginFormats } from "../report/pluginOutput.ts"
import { UsageError } from "../UsageError.ts"
import { guestEnvironment } from "./environment.ts"
import { type LogItem, parseLogItems } from "./logItems.ts"
import { runOptions, type RunOptionName } from "./OptionTable.ts"
import { parseOptions } from "./parseOptions.ts"
import { parsePublish } from "./publish.ts"
import { parsePluginSpec, type PluginSpec } from "./pluginSpec.ts"
import { parseSize, parseU64, parseWord } from "./values.ts"

export const engines = ["interpreter", "cold", "jit", "lockstep"] as const

export interface RunOptions {
  readonly program: string
  readonly args: ReadonlyArray<string>
  /** In the order of loading. The same plugin twice is two instances. */
  readonly plugins: ReadonlyArray<PluginSpec>
  readonly onPluginError: OnPluginError
  /** Path of the socket to be made for `emu control`. */
  readonly control: string | undefined
  /** Undefined where it depends on whether a terminal shows the results. */
  readonly pluginFormat: PluginFormat | undefined
  /** As given: relative to the current directory. */
  readonly sysroot: string | undefined
  readonly symbolFiles: ReadonlyArray<string>
  readonly env: ReadonlyArray<string>
  readonly argv0: string | undefined
  readonly execfn: string | undefined
  readonly stackSize: number | undefined
  readonly seed: bigint | undefined
  readonly net: NetworkMode
  readonly publish: ReadonlyArray<Published>
  readonly log: ReadonlySet<LogItem>
  readonly logFile: string | undefined
  /** Path of the file for the JSON document of plugins' results. */
  readonly report: string | undefined
  readonly stats: boolean
  readonly oneInsnPerTb: boolean
  readonly engine: (typeof engines)[number]
  /** Directory of the translation cache, as given; undefined where nothing is kept. */
  readonly cache: string | undefined
  readonly quiet: boolean
  readonly debug: boolean
}

/** A request for text instead of a run. */
export interface HelpRequest {
  readonly help: "run" | "log" | { readonly plugin: string }
}

/** Where the cache is that an option's value names: `off`, a directory, or without one the user's own, if there is one. */
const cacheDirectory = (
  given: string | undefined,
  environment: Readonly<Record<string, string | undefined>>
): string | undefined => {
  if (given === "") throw new UsageError("--cache needs a directory, or off")
  return given === "off" ? undefined : (given ?? userCacheDirectory(environment))
}

/**
 * Parses the words behind `emu run`.
 *
 * @param words the command line
 * @param environment the host's environment
 * @throws UsageError with one line that says what is wrong
 */
export const parseRunOptions = (
  words: ReadonlyArray<string>,
  environment: Readonly<Record<string, string | undefined>>
): RunOptions | HelpRequest => {
  const { options, operands } = parseOptions(runOptions, words, "run")
  const values = (name: RunOptionName) => options.filter((option) => option.name === name).map((option) => option.value)
  const last = (name: RunOptionName) => values(name).at(-1)
  const given = (name: RunOptionName) => last(name) !== undefined
  const parsed = <A>(name: RunOptionName, parse: (text: string) => A): A | undefined => {
    const text = last(name)
    return text === undefined ? undefined : parse(text)
  }

  if (given("help")) return { help: "run" }
  const log = new Set<LogItem>(given("strace") ? ["strace"] : [])
  for (const text of values("log")) {
    const items = parseLogItems(text)
    if (items === "help") return { help: "log" }
    for (const item of items) log.add(item)
  }
  const plugins = values("plugin").map(parsePluginSpec)
  for (const { plugin, args } of plugins) {
    if (args.some(([key]) => key === "help" || key === "?")) return { help: { plugin } }
  }
  const [program, ...args] = operands
  if (program === undefined) {
    throw new UsageError("emu run needs a program: emu run [options] PROGRAM [ARG...]; emu run --help explains the options")
  }
  const net = parsed("net", (text) => parseWord("--net", text, networkModes)) ?? "host"
  const publish = values("publish").map(parsePublish)
  if (publish.length > 0 && net !== "inside")
    throw new UsageError("--publish opens ports of a closed network: give --net inside, too")
  return {
    program,
    args,
    plugins,
    control: last("control"),
    onPluginError: parsed("on-plugin-error", (text) => parseWord("--on-plugin-error", text, ["abort", "detach"])) ?? "abort",
    pluginFormat: parsed("plugin-format", (text) => parseWord("--plugin-format", text, pluginFormats)),
    sysroot: last("sysroot"),
    symbolFiles: values("symbols"),
    env: guestEnvironment(environment, options),
    argv0: last("argv0"),
    execfn: last("execfn"),
    stackSize: parsed("stack-size", (text) => parseSize("-s", text)),
    seed: parsed("seed", (text) => parseU64("--seed", text)),
    net,
    publish,
    log,
    logFile: last("log-file"),
    report: last("report"),
    stats: given("stats"),
    oneInsnPerTb: given("one-insn-per-tb"),
    engine: parsed("engine", (text) => parseWord("--engine", text, engines)) ?? "jit",
    cache: cacheDirectory(last("cache"), environment),
    quiet: given("quiet"),
    debug: parsed("log-level", (text) => parseWord("--log-level", text, ["debug", "info", "warning", "error"])) === "debug"
  }
}
