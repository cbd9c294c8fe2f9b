/**
 * The emulator, as a service: runs RISC-V 64 Linux programs, under plugins, and gives what they did.
 *
 * A guest runs on the thread of JavaScript that asked for it, in slices of some milliseconds; several take turns. Each takes 4 GiB of
 * address space, of which it uses what it touches. Interrupting the Effect that waits for it ends it, with all its processes.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { EmulatorError, Guest, RunResult, StartError } from "./Guest.ts"
import { create, type Host } from "./internal/create.ts"
import type { MemoryHostOptions } from "./MemoryHost.ts"
import type { PluginUses, Program, RunOptions } from "./RunOptions.ts"

export class Emulator extends Context.Service<
  Emulator,
  {
    /**
     * Runs a program to its end, and that of all processes that it makes.
     *
     * @returns how it ended, what it wrote, what plugins found out. Fails where the program cannot be loaded or a plugin fails; a
     *   program that a signal ends is no failure
     */
    readonly run: <const Uses extends PluginUses = {}>(
      program: Program,
      options?: RunOptions<Uses>
    ) => Effect.Effect<RunResult<Uses>, EmulatorError>
    /** Begins to run a program, which goes on beside the caller until it ends, or the scope does. */
    readonly start: <const Uses extends PluginUses = {}>(
      program: Program,
      options?: RunOptions<Uses>
    ) => Effect.Effect<Guest<Uses>, StartError, Scope.Scope>
    /** As `start`, with plugins installed and nothing run: `begin` of what it gives does that. */
    readonly create: <const Uses extends PluginUses = {}>(
      program: Program,
      options?: RunOptions<Uses>
    ) => Effect.Effect<Guest<Uses>, StartError, Scope.Scope>
  }
>()("@emu/emulator/Emulator") {
  /** The emulator on a host. `@emu/node/NodeEmulator` has one for Node. */
  static readonly layer: Layer.Layer<Emulator, never, Host> = Layer.effect(Emulator)(
    Effect.map(Effect.context<Host>(), (host) => {
      const emulator: Emulator["Service"] = {
        create: (program, options = {}) => create(host, program, options),
        start: (program, options) => Effect.tap(emulator.create(program, options), ({ begin }) => Effect.forkScoped(begin)),
        run: (program, options) =>
          Effect.scoped(
            Effect.flatMap(emulator.create(program, options), ({ begin, result }) => Effect.andThen(begin, result))
          )
      }
      return emulator
    })
  )

  /** The emulator on a host in memory, as in a browser. Its files are shared by all its guests. Loaded when it is asked for. */
  static readonly memory = (options?: MemoryHostOptions): Layer.Layer<Emulator> =>
    Layer.provide(
      Emulator.layer,
      Layer.unwrap(
        Effect.map(
          Effect.promise(() => import("./MemoryHost.ts")),
          (host) => host.layer(options)
        )
      )
    )
}
