/** Making a guest: its layers, its plugins, and what its owner can do to it. */
import { PluginFailures } from "@emu/core/PluginFailures"
import type { PluginFiles } from "@emu/core/PluginFiles"
import { PluginHost } from "@emu/core/PluginHost"
import { PluginRegistry } from "@emu/core/PluginRegistry"
import * as PluginSystem from "@emu/core/PluginSystem"
import { type CodeCache, PluginOutput } from "@emu/core/Ports"
import type { HostClock } from "@emu/guest/HostClock"
import { HostFs } from "@emu/guest/HostFs"
import { HostInfo } from "@emu/guest/HostInfo"
import type { HostNetwork } from "@emu/guest/HostNetwork"
import { guestAccessLayer } from "@emu/guest/linux/pluginView/GuestAccess"
import type { ProcessExit, ProcessOptions } from "@emu/guest/linux/run/ProcessOptions"
import { runProgram } from "@emu/guest/linux/run/runProgram"
import { signalName } from "@emu/guest/linux/signals/constants"
import { Machine } from "@emu/guest/Machine"
import { Engine } from "@emu/tcg/Engine"
import { TranslationCache, type TranslationCacheShape } from "@emu/tcg/TranslationCache"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Guest, GuestExit, GuestPlugins, Output, RunError, RunResult, StartError } from "../Guest.ts"
import type { OutputTarget, PluginUses, Program, RunOptions } from "../RunOptions.ts"
import { engineLayer, scoreboardLayer } from "./engines.ts"
import { filesOf, programPath, readFile } from "./files.ts"
import { OutputFunction, OutputPipe } from "./Pipe.ts"
import type { Pipes } from "./pipedFs.ts"
import { argumentsOf, loadPlugin } from "./pluginUses.ts"
import { Reports } from "./Reports.ts"

/** What an emulator needs of its host. */
export type Host = HostFs | HostClock | HostInfo | HostNetwork | PluginFiles

/** What a guest is made of, once its layers are built. */
type Parts = Context.Context<PluginSystem.PluginSystem | Engine | CodeCache | Machine | HostFs | HostInfo | HostNetwork>

/** Makes a guest that has not begun; see `Emulator.create`. It ends with the scope. */
export const create = Effect.fnUntraced(function* <const Uses extends PluginUses>(
  host: Context.Context<Host>,
  program: Program,
  options: RunOptions<Uses>
): Effect.fn.Return<Guest<Uses>, StartError, Scope.Scope> {
  const standard = yield* makePipes(options)
  const reports = new Reports(options.pluginOutput)
  const warnings: Array<string> = []
  const warn = options.warn ?? ((line: string) => void warnings.push(line))

  const hostLayer = Layer.succeedContext(host)
  const fs = yield* Effect.provide(
    Effect.flatMap(HostFs, (below) => filesOf(below, program, options, standard.pipes)),
    hostLayer
  )
  const cache = options.cache === false ? undefined : Context.get(host, TranslationCache)
  const parts: Parts = yield* Layer.build(
    Layer.fresh(makeLayers(options, cache, reports, warn)).pipe(
      Layer.provideMerge(Layer.succeed(HostFs)(fs)),
      Layer.provideMerge(hostLayer)
    )
  )
  const engine = Context.get(parts, Engine)
  const registry = Context.get(parts, PluginRegistry)
  const pluginHost = Context.get(parts, PluginHost)

  let hasBegun = false
  const ended = Deferred.makeUnsafe<GuestExit, RunError>()
  const plugins: GuestPlugins = {
    list: pluginHost.list,
    watch: pluginHost.watch,
    add: (plugin, given) => (hasBegun ? pluginHost.attach : registry.install)(plugin, argumentsOf(given)),
    reset: pluginHost.reset,
    uninstall: pluginHost.uninstall,
    fail: pluginHost.fail
  }
  for (const [name, use] of Object.entries(options.plugins ?? {})) {
    const { args, plugin } = yield* loadPlugin(use)
    reports.name(name, yield* registry.install(plugin, args), plugin)
  }

  const signals = makeSignals(options)
  const run = runProgram({
    ...processOptions(program, options, Context.get(parts, HostInfo)),
    warn,
    hostSignals: signals.subscribe,
    hostStop: options.hostStop,
    inherited: options.inherited
  }).pipe(Effect.provide(parts), Effect.map(exitOf), Effect.ensuring(Effect.sync(standard.end)))
  const begin = Effect.suspend(() => {
    if (hasBegun) return Effect.die(new Error("the guest has begun already: wait for its `exit`"))
    hasBegun = true
    return Effect.onExit(Effect.andThen(standard.feed, run), (exit) => Deferred.done(ended, exit))
  })
  const result: Effect.Effect<RunResult<Uses>, RunError> = Effect.map(Deferred.await(ended), (exit) => ({
    exit,
    status: exit.status,
    stdout: collect(standard.pipes[1]),
    stderr: collect(standard.pipes[2]),
    plugins: reports.results() as RunResult<Uses>["plugins"],
    pluginText: reports.text,
    warnings,
    stats: engine.stats(),
    readFile: (path) => readFile(fs, path)
  }))

  return {
    get stdout() {
      return standard.stream(1)
    },
    get stderr() {
      return standard.stream(2)
    },
    begin,
    exit: Deferred.await(ended),
    result,
    signal: (signal) => Effect.sync(() => signals.deliver(signal)),
    plugins,
    stats: engine.stats,
    services: parts,
    readFile: (path) => readFile(fs, path)
  }
})

/** Everything of a guest above its host. */
const makeLayers = (
  options: RunOptions,
  cache: TranslationCacheShape | undefined,
  reports: Reports,
  warn: (line: string) => void
) => {
  const policy = Layer.succeed(PluginFailures)({
    onError: options.onPluginError ?? "abort",
    report: options.onPluginFailure ?? (({ message }) => warn(message)),
    warn: (message) => warn(`warning: ${message}`)
  })
  const output = Layer.succeed(PluginOutput)(reports.output)
  return PluginSystem.layer.pipe(
    Layer.provide([policy, guestAccessLayer, output, scoreboardLayer]),
    Layer.provideMerge(engineLayer(options, cache)),
    Layer.provideMerge(Machine.layer)
  )
}

/** The standard streams of a run: pipes, what feeds them beside the guest, and Streams of what comes out. */
const makePipes = Effect.fnUntraced(function* ({ stderr, stdin, stdout }: RunOptions) {
  const pipes: Pipes = { 0: undefined, 1: outputOf(stdout), 2: outputOf(stderr) }
  const end = () => {
    for (const pipe of [pipes[1], pipes[2]]) if (pipe instanceof OutputPipe) pipe.end()
  }
  const none = (fd: 1 | 2): never => {
    throw new Error(
      `what the guest writes to ${fd === 1 ? "stdout" : "stderr"} goes elsewhere: there is nothing to read here`
    )
  }
  const isInherited = pipes[1] === undefined && pipes[2] === undefined && stdin === "inherit"
  if (isInherited) return { pipes, feed: Effect.void, stream: none, end }
  const { inputOf, streamOf } = yield* Effect.promise(() => import("./streams.ts"))
  const stream = (fd: 1 | 2) => {
    const pipe = pipes[fd]
    return pipe instanceof OutputPipe ? streamOf(pipe) : none(fd)
  }
  if (stdin === "inherit") return { pipes, feed: Effect.void, stream, end }
  const { feed, pipe } = inputOf(stdin)
  return { pipes: { ...pipes, 0: pipe }, feed: Effect.asVoid(Effect.forkChild(feed)), stream, end }
})

const outputOf = (target: OutputTarget = "pipe") => {
  if (target === "inherit") return undefined
  return target === "pipe" ? new OutputPipe() : new OutputFunction(target)
}

/** Signals for the guest: those of its owner, and of the host where the options pass them on. */
const makeSignals = ({ hostSignals }: RunOptions) => {
  /** Those that came before the program was loaded. */
  const early: Array<number> = []
  let deliver = (signal: number): void => void early.push(signal)
  return {
    deliver: (signal: number) => deliver(signal),
    subscribe: (to: (signal: number) => void) => {
      deliver = to
      for (const signal of early.splice(0)) to(signal)
      const unsubscribe = hostSignals?.(to)
      return () => {
        deliver = () => {}
        unsubscribe?.()
      }
    }
  }
}

const environment = (env: RunOptions["env"] = []): ReadonlyArray<string> =>
  Array.isArray(env) ? env : Object.entries(env).map(([name, value]) => `${name}=${value}`)

const processOptions = (program: Program, options: RunOptions, { identity }: HostInfo["Service"]): ProcessOptions => {
  const { argv0, args, budget, env, execfn, net, publish, seed, stackSize, strace, symbolFiles, sysroot, unameRelease } =
    options
  return {
    program: typeof program === "string" ? program : programPath,
    args: args ?? [],
    env: environment(env),
    identity: options.identity ?? identity,
    argv0,
    budget,
    execfn,
    network: { mode: net ?? "host", published: publish ?? [] },
    seed,
    stackSize,
    strace,
    symbolFiles,
    sysroot,
    unameRelease
  }
}

const exitOf = ({ death, signal, status }: ProcessExit): GuestExit =>
  signal === undefined
    ? { _tag: "Exited", status }
    : {
        _tag: "Killed",
        status,
        signal,
        name: signalName(signal),
        pc: death?.pc ?? 0n,
        symbol: death?.symbol,
        address: death?.address,
        registers: death?.registers ?? [],
        backtrace: death?.backtrace ?? []
      }

const collect = (pipe: OutputPipe | OutputFunction | undefined): Output => {
  const chunks = pipe instanceof OutputPipe ? pipe.takeAll() : []
  const bytes = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return {
    bytes,
    get text() {
      return new TextDecoder().decode(bytes)
    }
  }
}
