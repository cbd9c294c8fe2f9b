/** A guest: a program that runs, how it ended, and what it leaves. */
import type { Plugin } from "@emu/core/Plugin"
import type { ProgramEndedError } from "@emu/core/PluginError"
import type { PluginHost } from "@emu/core/PluginHost"
import type { InstallError } from "@emu/core/PluginRegistry"
import type { PluginSystem } from "@emu/core/PluginSystem"
import type { Death } from "@emu/guest/linux/run/ProcessOptions"
import type { RunError } from "@emu/guest/linux/run/runProgram"
import type { HostMemoryError, Machine } from "@emu/guest/Machine"
import type { Engine, EngineStats } from "@emu/tcg/Engine"
import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Data from "effect/Data"
import type * as Stream from "effect/Stream"
import type { OptionValue, PluginResults, PluginUses } from "./RunOptions.ts"

/** There is no plugin of that name among those that come with emu. */
export class NoSuchPluginError extends Data.TaggedError("NoSuchPluginError")<{
  readonly plugin: string
  readonly known: ReadonlyArray<string>
}> {
  override get message() {
    return `there is no plugin ${this.plugin}; there are ${this.known.join(", ")}`
  }
}

/** Why a guest cannot be made: no memory, no such plugin, options that a plugin does not take. */
export type StartError = HostMemoryError | NoSuchPluginError | InstallError

/** Why a run failed: it could not begin, the program cannot be loaded, or a plugin's callback failed. */
export type EmulatorError = StartError | RunError

/** How a program ended. `status` is what a shell would show: 128 + n after signal n. */
export type GuestExit =
  | { readonly _tag: "Exited"; readonly status: number }
  | {
      readonly _tag: "Killed"
      readonly status: number
      /** Linux's number and name, such as 11 and `SIGSEGV`. */
      readonly signal: number
      readonly name: string
      /** The instruction that did something wrong, or was to be the next one. */
      readonly pc: bigint
      /** The function that the pc lies in, where one is known. */
      readonly symbol: string | undefined
      /** The address that could not be accessed, of signals that tell one. */
      readonly address: bigint | undefined
      readonly registers: Death["registers"]
      /** Who had called whom, the innermost function first. */
      readonly backtrace: Death["backtrace"]
    }

/** What a program wrote to a stream. */
export interface Output {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** The bytes as UTF-8. */
  readonly text: string
}

/** What a run leaves. */
export interface RunResult<Uses extends PluginUses = PluginUses> {
  readonly exit: GuestExit
  /** What a shell would show: the exit status, or 128 + n after signal n. */
  readonly status: number
  /** Empty where the output went elsewhere. */
  readonly stdout: Output
  readonly stderr: Output
  /** What plugins reported, by the names that they have in the run's options. */
  readonly plugins: PluginResults<Uses>
  /** What plugins wrote, and what they reported as they render it, in order. */
  readonly pluginText: string
  /** Lines for the user: why a signal ended the program, system calls that there are not. */
  readonly warnings: ReadonlyArray<string>
  /** What the engine counted, such as executed instructions. */
  readonly stats: EngineStats
  /** Reads a file as the program would have at its end; undefined where it cannot be read. */
  readonly readFile: (path: string) => Uint8Array<ArrayBuffer> | undefined
}

/** The plugins of a guest: what `PluginHost` can do, and more of them. */
export interface GuestPlugins extends Pick<PluginHost["Service"], "list" | "watch" | "reset" | "uninstall" | "fail"> {
  /**
   * Installs a plugin: before the program begins, or while it runs. Then it sees every block from now on, and its `onVcpuInit` is
   * called for every vCPU that is live.
   *
   * @returns its id
   */
  readonly add: <Options, Report>(
    plugin: Plugin<Options, Report>,
    options?: Readonly<Record<string, OptionValue>> | ReadonlyArray<readonly [key: string, value: string]>
  ) => Effect.Effect<bigint, InstallError | ProgramEndedError>
}

/** A program and its processes, as long as the scope lives that they were made in. */
export interface Guest<Uses extends PluginUses = PluginUses> {
  /** What it writes, as it comes. A stream can be read once. Reading it throws where the output goes elsewhere. */
  readonly stdout: Stream.Stream<Uint8Array<ArrayBuffer>>
  readonly stderr: Stream.Stream<Uint8Array<ArrayBuffer>>
  /** Runs the program to its end; only for guests of `create`, and once. */
  readonly begin: Effect.Effect<GuestExit, RunError>
  /** Waits for the end of the program, and of all processes that it made. */
  readonly exit: Effect.Effect<GuestExit, RunError>
  /** As `exit`, with everything that the run leaves. What has been read of `stdout` and `stderr` is not in it. */
  readonly result: Effect.Effect<RunResult<Uses>, RunError>
  /** Sends a signal to the program, by Linux's number: 2 is SIGINT, 15 SIGTERM. */
  readonly signal: (signal: number) => Effect.Effect<void>
  readonly plugins: GuestPlugins
  /** What the engine has counted so far. */
  readonly stats: () => EngineStats
  /** The services that the guest is made of: for tests, and for what is missing here. */
  readonly services: Context.Context<PluginSystem | Engine | Machine>
  /** Reads a file as the program would now; undefined where it cannot be read. */
  readonly readFile: (path: string) => Uint8Array<ArrayBuffer> | undefined
}

export type { InstallError, RunError }
