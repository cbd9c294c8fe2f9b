/** From the words behind `emu` to an exit status: picks the command, and turns errors into one line each. */
import { PluginCallbackError } from "@emu/core/PluginError"
import { EnginesDiffer } from "@emu/tcg/engine/lockstep/Difference"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { cache } from "./commands/cache.ts"
import { cacheHelp, completionHelp, controlHelp, mainHelp, pluginHelp, pluginsHelp, runHelp } from "./commands/help.ts"
import { newPlugin } from "./commands/newPlugin.ts"
import { explainPlugin, listPlugins } from "./commands/plugins.ts"
import { resultSchema } from "./commands/resultSchema.ts"
import { runRequest } from "./commands/run.ts"
import { version } from "./commands/version.ts"
import { complain, writeAll } from "./hostText.ts"
import { logHelp } from "./options/logItems.ts"
import { cacheOptions, controlOptions, pluginsOptions } from "./options/OptionTable.ts"
import { parseOptions } from "./options/parseOptions.ts"
import { parseRunOptions } from "./options/RunOptions.ts"
import { placeOf, pluginStack } from "./plugins/pluginFrames.ts"
import { didYouMean } from "./suggest.ts"
import { UsageError } from "./UsageError.ts"

const commands = ["run", "cache", "control", "plugin", "plugins", "completion", "help", "version"]

/** Writes text to stdout; the status is 0. */
const show = (text: string) => Effect.sync(() => (writeAll(1, text), 0))

/** Runs a plain function that throws UsageErrors. */
const parse = <A>(parser: () => A): Effect.Effect<A, UsageError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(parser())
    } catch (error) {
      return error instanceof UsageError ? Effect.fail(error) : Effect.die(error)
    }
  })

/** Where the engines of `--engine lockstep` differ, the report says how to see that again; other defects are emu's own. */
const tellHowToRepeat = (words: ReadonlyArray<string>) => (defect: unknown) => {
  if (!(defect instanceof EnginesDiffer)) return Effect.die(defect)
  const quoted = words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
  return Effect.fail(new EnginesDiffer(`${defect.message}\n  to see it again: emu run ${quoted.join(" ")}`))
}

const runCommand = Effect.fnUntraced(function* (words: ReadonlyArray<string>) {
  const request = yield* parse(() => parseRunOptions(words, process.env))
  if (!("help" in request)) return yield* Effect.catchDefect(runRequest(request), tellHowToRepeat(words))
  if (request.help === "run") return yield* show(runHelp())
  if (request.help === "log") return yield* show(logHelp())
  return yield* Effect.flatMap(explainPlugin(request.help.plugin), show)
})

const pluginsCommand = Effect.fnUntraced(function* (words: ReadonlyArray<string>) {
  const { operands, options } = yield* parse(() => parseOptions(pluginsOptions, words, "plugins"))
  if (options.some(({ name }) => name === "help")) return yield* show(pluginsHelp())
  if (options.some(({ name }) => name === "schema")) return yield* Effect.flatMap(resultSchema(operands), show)
  if (operands.length === 0) return yield* Effect.flatMap(listPlugins, show)
  const texts = yield* Effect.forEach(operands, explainPlugin)
  return yield* show(texts.join("\n"))
})

const pluginCommand = Effect.fnUntraced(function* (words: ReadonlyArray<string>) {
  const table = pluginsOptions.filter((row) => row.name === "help")
  const { operands, options } = yield* parse(() => parseOptions(table, words, "plugin"))
  if (options.length > 0) return yield* show(pluginHelp)
  const [action, ...rest] = operands
  if (action === "new" && rest.some((word) => word === "--help" || word === "-h")) return yield* show(pluginHelp)
  if (action === "new") return yield* Effect.flatMap(newPlugin(rest), show)
  const problem = action === undefined ? "emu plugin needs to know what to do" : `emu plugin: there is no ${action}`
  return yield* Effect.fail(
    new UsageError(`${problem}: emu plugin new NAME writes a plugin; emu plugins lists those that there are`)
  )
})

const controlCommand = Effect.fnUntraced(function* (words: ReadonlyArray<string>) {
  const { operands, options } = yield* parse(() => parseOptions(controlOptions, words, "control"))
  if (options.some(({ name }) => name === "help")) return yield* show(controlHelp())
  if (options.length > 0) {
    const { protocolSchema } = yield* Effect.promise(() => import("./control/protocolSchema.ts"))
    return yield* show(`${JSON.stringify(protocolSchema(), undefined, 2)}\n`)
  }
  const { control } = yield* Effect.promise(() => import("./commands/control.ts"))
  return yield* Effect.flatMap(control(operands), show)
})

const completionCommand = Effect.fnUntraced(function* (words: ReadonlyArray<string>) {
  if (words.some((word) => word === "--help" || word === "-h")) return yield* show(completionHelp)
  const { completion } = yield* Effect.promise(() => import("./commands/completion.ts"))
  return yield* Effect.flatMap(
    parse(() => completion(words)),
    show
  )
})

const cacheCommand = Effect.fnUntraced(function* (words: ReadonlyArray<string>) {
  const { operands, options } = yield* parse(() => parseOptions(cacheOptions, words, "cache"))
  if (options.some(({ name }) => name === "help")) return yield* show(cacheHelp())
  const directory = options.findLast(({ name }) => name === "cache")?.value
  return yield* Effect.flatMap(cache(operands, directory, process.env), show)
})

const dispatch = (words: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const [command, ...rest] = words
    switch (command) {
      case "run":
        return yield* runCommand(rest)
      case "cache":
        return yield* cacheCommand(rest)
      case "control":
        return yield* controlCommand(rest)
      case "plugin":
        return yield* pluginCommand(rest)
      case "plugins":
        return yield* pluginsCommand(rest)
      case "completion":
        return yield* completionCommand(rest)
      case "help":
      case "--help":
      case "-h":
      case "-help":
        return yield* show(mainHelp)
      case "version":
      case "--version":
      case "-version":
        return yield* show(`emu ${version}\n`)
      case undefined:
        return yield* Effect.fail(
          new UsageError("no command given: emu run PROGRAM runs a program, emu --help explains more")
        )
      default: {
        const hint = didYouMean(command, commands) || `; to run a program: emu run ${command}`
        return yield* Effect.fail(new UsageError(`unknown command ${command}${hint}`))
      }
    }
  })

/** Whether the user asked to see where errors come from; found without the parser, since that may be what failed. */
const wantsDebug = (words: ReadonlyArray<string>): boolean =>
  words.some(
    (word, index) => /^--?log-level=debug$/.test(word) || (/^--?log-level$/.test(word) && words[index + 1] === "debug")
  )

/** Says what went wrong: one line for what a user can cause, with the stack only on request; a bug of emu with its stack. */
const report = (cause: Cause.Cause<unknown>, debug: boolean): number => {
  const error = Cause.squash(cause)
  const ofPlugin = error instanceof PluginCallbackError ? error.cause : undefined
  const message = `${error instanceof Error ? error.message : String(error)}${placeOf(ofPlugin)}`
  const isBug = !Cause.hasFails(cause)
  complain(isBug ? `internal error, please report it: ${message}` : message)
  if (isBug || debug) writeAll(2, pluginStack(ofPlugin) ?? `${Cause.pretty(cause)}\n`)
  return error instanceof UsageError ? 2 : 1
}

/**
 * Runs `emu` with a command line.
 *
 * @param words what stands behind `emu`
 * @returns the exit status: the guest's; 2 where the command line is wrong, 1 where something else failed, with a line on
 *   stderr that says what
 */
export const runCommandLine = (words: ReadonlyArray<string>): Effect.Effect<number> =>
  dispatch(words).pipe(Effect.catchCause((cause) => Effect.sync(() => report(cause, wantsDebug(words)))))
