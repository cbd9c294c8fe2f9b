/** `emu run`: one guest process under plugins. */
import * as path from "node:path"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { PluginFailures } from "@emu/core/PluginFailures"
import { PluginRegistry } from "@emu/core/PluginRegistry"
import * as PluginSystem from "@emu/core/PluginSystem"
import { PluginOutput } from "@emu/core/Ports"
import { Machine } from "@emu/guest/Machine"
import { guestAccessLayer } from "@emu/guest/linux/pluginView/GuestAccess"
import { runProgram } from "@emu/guest/linux/run/runProgram"
import { Engine } from "@emu/tcg/Engine"
import { hostIdentity, hostLayer } from "../platform/host/hostLayer.ts"
import { pluginChannels } from "../platform/plugins/pluginChannels.ts"
import { nodePluginFiles } from "../platform/plugins/NodePluginFiles.ts"
import { hostSignals } from "../platform/host/hostSignals.ts"
import { isTerminal, wantsColours } from "../platform/terminal/isTerminal.ts"
import { engineLayer, scoreboardLayer } from "../engineLayer.ts"
import { formatStats } from "../formatStats.ts"
import { complain } from "../hostText.ts"
import { LogSink } from "../LogSink.ts"
import type { RunOptions } from "../options/RunOptions.ts"
import { failurePolicy, installPlugins } from "../plugins/installPlugin.ts"
import { catchStrayErrors } from "../plugins/strayErrors.ts"
import { colours, plain } from "../report/formatTable.ts"
import { canShowProgress, startProgress } from "../progress.ts"
import { makeRunOutput, type RunOutput } from "../report/pluginOutput.ts"

const processOptions = (options: RunOptions, sink: LogSink) => ({
  program: options.program,
  args: options.args,
  env: options.env,
  identity: hostIdentity(),
  hostSignals,
  ...(options.argv0 !== undefined && { argv0: options.argv0 }),
  ...(options.execfn !== undefined && { execfn: options.execfn }),
  ...(options.sysroot !== undefined && { sysroot: path.resolve(options.sysroot) }),
  ...(options.seed !== undefined && { seed: options.seed }),
  ...(options.stackSize !== undefined && { stackSize: options.stackSize }),
  ...(options.log.has("strace") && { strace: (line: string) => sink.write(`${line}\n`) }),
  ...(!options.quiet && {
    warn: (line: string) => {
      sink.flush()
      complain(line)
    }
  })
})

/** The plugins' output in the format asked for; on a terminal, tables where nothing else was asked for. */
const runOutput = ({ logFile, pluginFormat }: RunOptions, { write }: LogSink): RunOutput => {
  const isOnTerminal = logFile === undefined && pluginFormat !== "text" && pluginFormat !== "json" && isTerminal(2)
  const paint = isOnTerminal && wantsColours(process.env) ? colours : plain
  return makeRunOutput(pluginFormat ?? (isOnTerminal ? "table" : "text"), write, paint)
}

/**
 * Runs a program to its end.
 *
 * @returns the guest's exit status; 128+n where signal n ended it. Fails with an error whose message is a line for the user
 *   where a plugin or the program cannot be loaded, or a plugin's callback throws.
 */
export const runRequest = Effect.fnUntraced(function* (options: RunOptions) {
  const sink = yield* LogSink.open(options.logFile)
  const showsProgress = !options.quiet && canShowProgress(process.env)
  const report = runOutput(options, sink)
  const output = Layer.succeed(PluginOutput)(report.output)
  const policy = failurePolicy(options, sink)
  const failures = Layer.succeed(PluginFailures)(policy)
  const machine = Machine.layer
  const engine = engineLayer(options, sink)
  const plugins = PluginSystem.layer.pipe(
    Layer.provide([failures, guestAccessLayer, pluginChannels, nodePluginFiles, output, scoreboardLayer])
  )
  const layers = plugins.pipe(
    Layer.provideMerge(engine),
    Layer.provideMerge(machine),
    Layer.provideMerge(hostLayer({ beforeOutput: sink.flush, hasStatusLine: showsProgress }))
  )

  const run = Effect.gen(function* () {
    yield* catchStrayErrors
    yield* installPlugins(options.plugins, policy)
    if (options.control !== undefined) {
      const { serveControl } = yield* Effect.promise(() => import("../control/ControlServer.ts"))
      yield* serveControl(options.control)
    }
    const { stats } = yield* Engine
    const { state } = yield* PluginRegistry
    const started = performance.now()
    const stopProgress = showsProgress ? startProgress(() => stats().insns) : undefined
    const end = (status: number | undefined) => {
      stopProgress?.()
      report.end({ program: options.program, args: options.args, status }, state().plugins)
      if (options.stats) sink.write(formatStats(stats(), performance.now() - started))
    }
    const { status } = yield* Effect.onExit(runProgram(processOptions(options, sink)), (exit) =>
      Effect.sync(() => end(Exit.isSuccess(exit) ? exit.value.status : undefined))
    )
    return status
  })
  return yield* run.pipe(Effect.scoped, Effect.provide(layers), Effect.ensuring(Effect.sync(sink.flush)))
})
