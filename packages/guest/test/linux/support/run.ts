/** Runs small programs on the interpreter, over files in memory. */
import type { Plugin } from "@emu/core/Plugin"
import { make as makePlugin } from "@emu/core/Plugin"
import type { PluginApi } from "@emu/core/PluginApi"
import type { PluginError } from "@emu/core/PluginError"
import { type OnPluginError, PluginFailures } from "@emu/core/PluginFailures"
import * as PluginOptions from "@emu/core/PluginOptions"
import { PluginFiles } from "@emu/core/PluginFiles"
import { PluginHost } from "@emu/core/PluginHost"
import { PluginRegistry } from "@emu/core/PluginRegistry"
import * as PluginSystem from "@emu/core/PluginSystem"
import { PluginOutput, ScoreboardMemory } from "@emu/core/Ports"
import * as ScoreboardArena from "@emu/core/scoreboard/ScoreboardArena"
import type { CpuState } from "@emu/tcg/CpuState"
import { Engine, type EngineStats } from "@emu/tcg/Engine"
import * as EngineGroup from "@emu/tcg/engine/EngineGroup"
import * as Interpreter from "@emu/tcg/engine/interpreter/Interpreter"
import type { InterpreterOptions } from "@emu/tcg/engine/interpreter/Interpreter"
import * as Lockstep from "@emu/tcg/engine/lockstep/Lockstep"
import type { LockstepOptions } from "@emu/tcg/engine/lockstep/Lockstep"
import { arenaBase, arenaEnd } from "@emu/tcg/Layout"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { HostClock } from "@emu/guest/HostClock"
import { HostFs } from "@emu/guest/HostFs"
import { HostInfo } from "@emu/guest/HostInfo"
import { guestAccessLayer } from "@emu/guest/linux/pluginView/GuestAccess"
import type { ProcessOptions } from "@emu/guest/linux/run/ProcessOptions"
import { runProgram } from "@emu/guest/linux/run/runProgram"
import { Machine } from "@emu/guest/Machine"
import { makeMemoryFs } from "@emu/guest/MemoryFs"
import { bytesOf } from "./assemble.ts"
import { buildElf } from "./buildElf.ts"

/** What tests do to the plugin system while a guest runs. */
export type System = PluginRegistry["Service"] & { readonly host: PluginHost["Service"] }

export interface RunRequest {
  /** Instruction words, at 0x10000, with 64 KiB of zeroed memory behind their pages. Or a whole file. */
  readonly program: ReadonlyArray<number> | Uint8Array
  /** Executable files beside it, by path. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>
  readonly plugins?: ReadonlyArray<Plugin>
  readonly options?: Partial<ProcessOptions>
  /** How to execute; the interpreter by default. */
  readonly engine?: EngineChoice | undefined
  readonly onPluginError?: OnPluginError
  /** Gets the plugin system before the plugins are installed. */
  readonly before?: (system: System) => void
  /** Runs beside the guest, from before it is loaded; interrupted at its end. */
  readonly beside?: (system: System) => Effect.Effect<void>
}

/** What of an engine a test may choose. */
export type EngineChoice = Pick<InterpreterOptions, "jit"> & {
  /** Both engines side by side. */
  readonly lockstep?: Pick<LockstepOptions, "makeTested" | "seed">
}

/** Both engines; the compiling one compiles early. For `it.effect.each` and the like. */
export const engines: ReadonlyArray<{ readonly name: string; readonly engine: EngineChoice }> = [
  { name: "interpreter", engine: {} },
  { name: "jit", engine: { jit: { hotThreshold: 2, synchronous: true } } }
]

const identity = { pid: 100, ppid: 1, uid: 0, euid: 0, gid: 0, egid: 0 }
const created = 0o102

/** Runs a program; what it and the emulator said, how it ended, and what the engine did for it. */
export const run = Effect.fnUntraced(function* (request: RunRequest) {
  const out: Array<string> = []
  const warnings: Array<string> = []
  const failures: Array<string> = []
  const decoder = new TextDecoder()
  const fs = makeMemoryFs({ stdout: (bytes) => out.push(decoder.decode(bytes)) })
  const file =
    request.program instanceof Uint8Array ? request.program : buildElf({ code: bytesOf(request.program), bss: 65536 })
  for (const [path, contents] of Object.entries({ ...request.files, "/prog": file })) {
    const fd = fs.open(path, created, 0o755)
    fs.write(fd, typeof contents === "string" ? new TextEncoder().encode(contents) : contents)
    fs.close(fd)
  }

  const host = Layer.mergeAll(Layer.succeed(HostFs)(fs), HostClock.portable, HostInfo.portable)
  const machine = Machine.layer.pipe(Layer.provide(host))
  const engine = Layer.unwrap(
    Effect.map(Machine, ({ state, frontEnd }) => {
      const { lockstep, ...choice } = request.engine ?? {}
      const makeEngine = (memory: CpuState) =>
        lockstep === undefined
          ? Interpreter.make({ ...choice, state: memory, frontEnd })
          : Lockstep.make({ ...choice, ...lockstep, state: memory, frontEnd })
      return EngineGroup.layer(makeEngine, state)
    })
  )
  const scoreboards = Layer.effect(ScoreboardMemory)(
    Effect.map(Machine, ({ state }) => ScoreboardArena.make({ buffer: state.buffer, base: arenaBase, end: arenaEnd }))
  )
  const policy = Layer.succeed(PluginFailures)({
    onError: request.onPluginError ?? "abort",
    report: ({ message }) => failures.push(message)
  })
  const output = Layer.succeed(PluginOutput)(PluginOutput.text((text) => out.push(text)))
  const plugins = PluginSystem.layer.pipe(
    Layer.provide([policy, guestAccessLayer, PluginFiles.inMemory(new Map()), output, scoreboards])
  )
  const layers = Layer.mergeAll(plugins, host).pipe(Layer.provideMerge(engine), Layer.provideMerge(machine))

  let stats: EngineStats | undefined
  const exit = yield* Effect.gen(function* () {
    const system: System = { ...(yield* PluginRegistry), host: yield* PluginHost }
    const engineOf = yield* Engine
    yield* Effect.addFinalizer(() => Effect.sync(() => (stats = engineOf.stats())))
    request.before?.(system)
    for (const plugin of request.plugins ?? []) yield* system.install(plugin, [])
    if (request.beside !== undefined) yield* Effect.forkScoped(request.beside(system))
    return yield* Effect.result(
      runProgram({ program: "/prog", args: [], env: [], identity, warn: (line) => warnings.push(line), ...request.options })
    )
  }).pipe(Effect.scoped, Effect.provide(layers), Effect.orDie)
  return { exit, stdout: out.join(""), warnings, failures, regions: stats?.compiled?.regions ?? 0, stats }
})

/** A plugin without options. */
export const plugin = (install: (api: PluginApi) => Effect.Effect<void, PluginError>, name = "test"): Plugin =>
  makePlugin({ name, help: "for a test", options: PluginOptions.none, install: (api) => install(api) })
