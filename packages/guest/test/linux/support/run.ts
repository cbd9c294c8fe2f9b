/** Runs small programs on the interpreter, over files in memory. */
import type { Plugin } from "@emu/core/Plugin"
import { make as makePlugin } from "@emu/core/Plugin"
import type { PluginApi } from "@emu/core/PluginApi"
import type { PluginError } from "@emu/core/PluginError"
import * as PluginOptions from "@emu/core/PluginOptions"
import { PluginSystem } from "@emu/core/PluginSystem"
import { PluginOutput, ScoreboardMemory } from "@emu/core/Ports"
import * as ScoreboardArena from "@emu/core/scoreboard/ScoreboardArena"
import * as Interpreter from "@emu/tcg/engine/interpreter/Interpreter"
import { arenaBase, arenaEnd } from "@emu/tcg/Layout"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { HostClock } from "@emu/guest/HostClock"
import { HostFs } from "@emu/guest/HostFs"
import { HostInfo } from "@emu/guest/HostInfo"
import { guestAccessLayer } from "@emu/guest/linux/process/GuestAccess"
import type { ProcessOptions } from "@emu/guest/linux/process/ProcessOptions"
import { runProcess } from "@emu/guest/linux/process/runProcess"
import { Machine } from "@emu/guest/Machine"
import { makeMemoryFs } from "@emu/guest/MemoryFs"
import { bytesOf } from "./assemble.ts"
import { buildElf } from "./buildElf.ts"

export interface RunRequest {
  /** Instruction words, at 0x10000, with 64 KiB of zeroed memory behind their pages. Or a whole file. */
  readonly program: ReadonlyArray<number> | Uint8Array
  readonly plugins?: ReadonlyArray<Plugin>
  readonly options?: Partial<ProcessOptions>
}

const identity = { pid: 100, ppid: 1, uid: 0, euid: 0, gid: 0, egid: 0 }
const created = 0o102

/** Runs a program; what it and the emulator said, and how it ended. */
export const run = Effect.fnUntraced(function* (request: RunRequest) {
  const out: Array<string> = []
  const warnings: Array<string> = []
  const decoder = new TextDecoder()
  const fs = makeMemoryFs({ stdout: (bytes) => out.push(decoder.decode(bytes)) })
  const file =
    request.program instanceof Uint8Array ? request.program : buildElf({ code: bytesOf(request.program), bss: 65536 })
  const fd = fs.open("/prog", created, 0o755)
  fs.write(fd, file)
  fs.close(fd)

  const host = Layer.mergeAll(Layer.succeed(HostFs)(fs), HostClock.portable, HostInfo.portable)
  const machine = Machine.layer.pipe(Layer.provide(host))
  const engine = Layer.unwrap(Effect.map(Machine, ({ state, frontEnd }) => Interpreter.layer({ state, frontEnd })))
  const scoreboards = Layer.effect(ScoreboardMemory)(
    Effect.map(Machine, ({ state }) => ScoreboardArena.make({ buffer: state.buffer, base: arenaBase, end: arenaEnd }))
  )
  const output = Layer.succeed(PluginOutput)(PluginOutput.text((text) => out.push(text)))
  const plugins = PluginSystem.layer.pipe(Layer.provide([guestAccessLayer, output, scoreboards]))
  const layers = Layer.mergeAll(plugins, host).pipe(Layer.provideMerge(engine), Layer.provideMerge(machine))

  const exit = yield* Effect.gen(function* () {
    const system = yield* PluginSystem
    for (const plugin of request.plugins ?? []) yield* system.install(plugin, [])
    return yield* Effect.result(
      runProcess({ program: "/prog", args: [], env: [], identity, warn: (line) => warnings.push(line), ...request.options })
    )
  }).pipe(Effect.provide(layers), Effect.orDie)
  return { exit, stdout: out.join(""), warnings }
})

/** A plugin without options. */
export const plugin = (install: (api: PluginApi) => Effect.Effect<void, PluginError>): Plugin =>
  makePlugin({ name: "test", help: "for a test", options: PluginOptions.none, install: (api) => install(api) })
