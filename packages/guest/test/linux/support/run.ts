/** Runs small programs on an emulator with files in memory. */
import type { Plugin } from "@emu/core/Plugin"
import { make as makePlugin } from "@emu/core/Plugin"
import type { PluginApi } from "@emu/core/PluginApi"
import type { PluginError } from "@emu/core/PluginError"
import type { OnPluginError } from "@emu/core/PluginFailures"
import * as PluginOptions from "@emu/core/PluginOptions"
import { PluginHost } from "@emu/core/PluginHost"
import { PluginRegistry } from "@emu/core/PluginRegistry"
import { PluginOutput } from "@emu/core/Ports"
import { Emulator } from "@emu/emulator/Emulator"
import type { EngineMaker, RunOptions } from "@emu/emulator/RunOptions"
import * as TieredEngine from "@emu/tcg/engine/tiered/TieredEngine"
import type { EngineOptions } from "@emu/tcg/engine/tiered/TieredEngine"
import * as Lockstep from "@emu/tcg/engine/lockstep/Lockstep"
import type { LockstepOptions } from "@emu/tcg/engine/lockstep/Lockstep"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { bytesOf } from "./assemble.ts"
import { buildElf } from "./buildElf.ts"

/** What tests do to the plugin system while a guest runs. */
export type System = PluginRegistry["Service"] & { readonly host: PluginHost["Service"] }

export interface RunRequest {
  /** Instruction words, at 0x10000, with 64 KiB of zeroed memory behind their pages. Or a whole file. */
  readonly program: ReadonlyArray<number> | Uint8Array
  /** Another path than its own to run. */
  readonly path?: string | undefined
  /** Executable files beside it, by path. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>
  readonly plugins?: ReadonlyArray<Plugin>
  readonly options?: RunOptions
  /** How to execute; the interpreter by default. */
  readonly engine?: EngineChoice | undefined
  readonly onPluginError?: OnPluginError
  /** Gets the plugin system before the plugins are installed. */
  readonly before?: (system: System) => void
  /** Runs beside the guest, from before it is loaded; interrupted at its end. */
  readonly beside?: (system: System) => Effect.Effect<void>
}

/** What of an engine a test may choose. */
export type EngineChoice = Pick<EngineOptions, "cold" | "jit" | "cache"> & {
  /** Both engines side by side. */
  readonly lockstep?: Pick<LockstepOptions, "makeTested" | "seed">
}

/** All tiers; the compiling one compiles early. For `it.effect.each` and the like. */
export const engines: ReadonlyArray<{ readonly name: string; readonly engine: EngineChoice }> = [
  { name: "interpreter", engine: {} },
  { name: "cold", engine: { cold: 0 } },
  { name: "cold", engine: { cold: 0 } },
  { name: "jit", engine: { jit: { hotThreshold: 2, synchronous: true } } }
]

const makerOf =
  ({ lockstep, ...choice }: EngineChoice): EngineMaker =>
  (options) =>
    lockstep === undefined
      ? TieredEngine.make({ ...options, ...choice })
      : Lockstep.make({ ...options, ...choice, ...lockstep })

/** Runs a program; what it and the emulator said, how it ended, and what the engine did for it. */
export const run = Effect.fnUntraced(function* (request: RunRequest) {
  const out: Array<string> = []
  const warnings: Array<string> = []
  const failures: Array<string> = []
  const decoder = new TextDecoder()
  const file =
    request.program instanceof Uint8Array ? request.program : buildElf({ code: bytesOf(request.program), bss: 65536 })
  const guests = Effect.gen(function* () {
    const emulator = yield* Emulator
    const guest = yield* emulator.create(request.path ?? "/prog", {
      engine: makerOf(request.engine ?? {}),
      warn: (line) => void warnings.push(line),
      onPluginError: request.onPluginError,
      onPluginFailure: ({ message }) => void failures.push(message),
      pluginOutput: PluginOutput.text((text) => out.push(text)),
      stdout: (bytes) => void out.push(decoder.decode(bytes)),
      ...request.options
    })
    const system: System = {
      ...Context.get(guest.services, PluginRegistry),
      host: Context.get(guest.services, PluginHost)
    }
    request.before?.(system)
    for (const plugin of request.plugins ?? []) yield* guest.plugins.add(plugin)
    if (request.beside !== undefined) yield* Effect.forkScoped(request.beside(system))
    const exit = Result.map(yield* Effect.result(guest.begin), (end) => ({
      status: end.status,
      signal: end._tag === "Killed" ? end.signal : undefined
    }))
    return { exit, stats: guest.stats() }
  })
  const { exit, stats } = yield* guests.pipe(
    Effect.scoped,
    Effect.provide(Emulator.memory({ files: { ...request.files, "/prog": file } })),
    Effect.orDie
  )
  return { exit, stdout: out.join(""), warnings, failures, regions: stats.compiled?.regions ?? 0, stats }
})

/** A plugin without options. */
export const plugin = (install: (api: PluginApi) => Effect.Effect<void, PluginError>, name = "test"): Plugin =>
  makePlugin({ name, help: "for a test", options: PluginOptions.none, install: (api) => install(api) })
