/** `emu run`: one guest process under plugins. */
import * as path from "node:path"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { Emulator } from "@emu/emulator/Emulator"
import type { RunOptions as EmulatorOptions } from "@emu/emulator/RunOptions"
import { hostSignals, hostStop } from "@emu/node/hostSignals"
import { inherited } from "../platform/inherited.ts"
import { pluginChannels } from "@emu/node/NodePluginChannels"
import { nodePluginFiles } from "@emu/node/NodePluginFiles"
import * as NodeTranslationCache from "@emu/node/NodeTranslationCache"
import { setWasmFlags } from "@emu/node/wasmFlags"
import type { Trace } from "@emu/tcg/Translator"
import { hostLayer } from "../platform/host/hostLayer.ts"
import { forcesColours, isTerminal, wantsColours } from "../platform/terminal/isTerminal.ts"
import { formatStats } from "../formatStats.ts"
import { complain } from "../hostText.ts"
import { LogSink } from "../LogSink.ts"
import type { RunOptions } from "../options/RunOptions.ts"
import { failurePolicy, installPlugins } from "../plugins/installPlugin.ts"
import { catchStrayErrors } from "../plugins/strayErrors.ts"
import { colours, plain } from "../report/formatTable.ts"
import { canShowProgress, startProgress } from "../progress.ts"
import { makeRunOutput, type RunOutput, withDocument } from "../report/pluginOutput.ts"

/** Writes what the emulator logs: between lines of JSON, as lines of JSON. */
const logWriter = ({ pluginFormat }: RunOptions, { write }: LogSink): LogSink["write"] =>
  pluginFormat === "json" ? (text) => write(`${JSON.stringify({ log: text })}\n`) : write

const trace = ({ log }: RunOptions, write: LogSink["write"]): Trace => ({
  ...(log.has("in_asm") && { inAsm: write }),
  ...(log.has("op") && { op: write }),
  ...(log.has("op_opt") && { opOpt: write }),
  ...(log.has("jit") && { jit: write }),
  ...(log.has("exec") && {
    exec: (vcpu: number, pc: number) => write(`Trace ${vcpu}: 0x${pc.toString(16).padStart(16, "0")}\n`)
  })
})

const straceWriter = (options: RunOptions, sink: LogSink) => {
  const write = logWriter(options, sink)
  return (line: string): void => write(`${line}\n`)
}

/** The run as the emulator is told it. */
const emulatorOptions = (options: RunOptions, sink: LogSink): EmulatorOptions => ({
  args: options.args,
  env: options.env,
  stdin: "inherit",
  stdout: "inherit",
  stderr: "inherit",
  hostSignals,
  hostStop,
  inherited,
  engine: options.engine,
  oneInsnPerTb: options.oneInsnPerTb,
  measure: options.stats,
  trace: trace(options, logWriter(options, sink)),
  onPluginError: options.onPluginError,
  argv0: options.argv0,
  execfn: options.execfn,
  sysroot: options.sysroot === undefined ? undefined : path.resolve(options.sysroot),
  symbolFiles: options.symbolFiles.map((file) => path.resolve(file)),
  seed: options.seed,
  net: options.net,
  publish: options.publish,
  stackSize: options.stackSize,
  strace: options.log.has("strace") ? straceWriter(options, sink) : undefined,
  warn: (line) => {
    if (options.quiet) return
    sink.flush()
    complain(line)
  }
})

/** The translation cache, where there is to be one. */
const cacheLayer = ({ cache, quiet }: RunOptions, sink: LogSink): Layer.Layer<never> => {
  if (cache === undefined) return Layer.empty
  const warn = (line: string) => {
    if (quiet) return
    sink.flush()
    complain(`warning: ${line}`)
  }
  return NodeTranslationCache.layer({ directory: path.resolve(cache), warn })
}

/** The plugins' output in the format asked for; on a terminal, tables where nothing else was asked for. */
const runOutput = ({ logFile, pluginFormat }: RunOptions, { write }: LogSink, report: LogSink | undefined): RunOutput => {
  const isOnTerminal = logFile === undefined && pluginFormat !== "text" && pluginFormat !== "json" && isTerminal(2)
  const isColoured = forcesColours(process.env) || (isOnTerminal && wantsColours(process.env))
  const output = makeRunOutput(pluginFormat ?? (isOnTerminal ? "table" : "text"), write, isColoured ? colours : plain)
  return report === undefined ? output : withDocument(output, (text) => report.write(text))
}

/**
 * Runs a program to its end.
 *
 * @returns the guest's exit status; 128+n where signal n ended it. Fails with an error whose message is a line for the user
 *   where a plugin or the program cannot be loaded, or a plugin's callback throws.
 */
export const runRequest = Effect.fnUntraced(function* (options: RunOptions) {
  if (options.engine !== "interpreter") setWasmFlags()
  const sink = yield* LogSink.open(options.logFile)
  const showsProgress = !options.quiet && canShowProgress(process.env)
  const document = options.report === undefined ? undefined : yield* LogSink.open(options.report, "--report")
  const report = runOutput(options, sink, document)
  const policy = failurePolicy(options, sink)
  const host = Layer.mergeAll(
    cacheLayer(options, sink),
    hostLayer({ beforeOutput: sink.flush, hasStatusLine: showsProgress }),
    pluginChannels,
    nodePluginFiles
  )

  const run = Effect.gen(function* () {
    const emulator = yield* Emulator
    const guest = yield* emulator.create(options.program, {
      ...emulatorOptions(options, sink),
      pluginOutput: report.output,
      onPluginFailure: policy.report
    })
    yield* catchStrayErrors(guest.plugins)
    yield* installPlugins(guest.plugins, options.plugins, policy)
    if (options.control !== undefined) {
      const { serveControl } = yield* Effect.promise(() => import("../control/ControlServer.ts"))
      yield* Effect.provide(serveControl(guest.plugins, options.control), guest.services)
    }
    const started = performance.now()
    const stopProgress = showsProgress ? startProgress(() => guest.stats().insns) : undefined
    const writeStats = () => logWriter(options, sink)(formatStats(guest.stats(), performance.now() - started))
    const end = (status: number | undefined) => {
      stopProgress?.()
      if (options.stats && options.pluginFormat === "json") writeStats()
      report.end({ program: options.program, args: options.args, status }, guest.plugins.list())
      if (options.stats && options.pluginFormat !== "json") writeStats()
    }
    const { status } = yield* Effect.onExit(guest.begin, (exit) =>
      Effect.sync(() => end(Exit.isSuccess(exit) ? exit.value.status : undefined))
    )
    return status
  })
  return yield* run.pipe(
    Effect.scoped,
    Effect.provide(Layer.provide(Emulator.layer, host)),
    Effect.ensuring(
      Effect.sync(() => {
        sink.flush()
        document?.flush()
      })
    ),
    // what was asked for is not all there, which a script must be able to see
    Effect.map((status) => (status === 0 && (sink.isIncomplete || document?.isIncomplete === true) ? 1 : status))
  )
})
