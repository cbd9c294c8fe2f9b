/** What to run, and how. */
import type { Plugin } from "@emu/core/Plugin"
import type { OnPluginError, PluginFailurePolicy } from "@emu/core/PluginFailures"
import type { PluginOutput } from "@emu/core/Ports"
import type { Identity } from "@emu/guest/HostInfo"
import type { Inherited } from "@emu/guest/linux/run/ProcessOptions"
import type { NetworkMode, Published } from "@emu/guest/linux/sockets/Network"
import type { EngineServices, EngineOptions } from "@emu/tcg/engine/tiered/TieredEngine"
import type { Trace } from "@emu/tcg/Translator"
import type { plugins } from "@emu/plugins"
import type { PluginName } from "@emu/plugins/names"
import type * as Stream from "effect/Stream"

export type { Inherited }

/** A program: the path of its file, as the guest would open it, or the file's bytes. */
export type Program = string | Uint8Array

/** The value of a plugin's option; a list is an option that is given several times. */
export type OptionValue = string | number | bigint | boolean | ReadonlyArray<string | number | bigint>

/** A plugin of a run: itself or, of those that come with emu, its name; with options where it is to have some. */
export type PluginUse =
  | Plugin
  | PluginName
  | {
      readonly plugin: Plugin | PluginName
      /** As on the command line, by name. */
      readonly options: Readonly<Record<string, OptionValue>>
    }

/** The plugins of a run by names of your choice, which their results are found under. They are loaded in this order. */
export type PluginUses = Readonly<Record<string, PluginUse>>

type ResultOf<P> = P extends PluginName
  ? ResultOf<Awaited<ReturnType<(typeof plugins)[P]>>>
  : P extends Plugin<infer _, infer Result>
    ? Result
    : P extends { readonly plugin: infer Inner }
      ? ResultOf<Inner>
      : never

/** The results of plugins, as their Schemas describe them; undefined where one has reported none. */
export type PluginResults<P extends PluginUses> = { readonly [Name in keyof P]: ResultOf<P[Name]> | undefined }

/** Where what a program writes goes. */
export type OutputTarget = "pipe" | "inherit" | ((bytes: Uint8Array<ArrayBuffer>) => void)

/**
 * How guest code is executed. `jit`, the default, interprets cold code in WebAssembly and compiles the rest; `cold` compiles
 * nothing; `interpreter` is the reference, which does without WebAssembly; `lockstep` runs two engines and compares them.
 */
export type EngineName = "jit" | "cold" | "interpreter" | "lockstep"

/** Makes the engine for a memory. */
export type EngineMaker = (options: EngineOptions) => EngineServices

/** How a program is to be run. Everything may be left out. */
export interface RunOptions<Uses extends PluginUses = PluginUses> {
  /** Arguments after the program's name. */
  readonly args?: ReadonlyArray<string> | undefined
  /** The program's name as it sees it; its path by default. */
  readonly argv0?: string | undefined
  /** Environment variables, or `NAME=VALUE` lines in order; none by default. */
  readonly env?: Readonly<Record<string, string>> | ReadonlyArray<string> | undefined
  /** Files that only this run sees, by absolute path, laid over those of the host. */
  readonly files?: Readonly<Record<string, string | Uint8Array>> | undefined
  /** Directory where absolute paths of the guest are looked up first: its dynamic loader and libraries. */
  readonly sysroot?: string | undefined
  /** Host paths of ELF files with symbols, for programs and libraries that are stripped of theirs. */
  readonly symbolFiles?: ReadonlyArray<string> | undefined
  readonly plugins?: Uses | undefined
  /** What the program reads; nothing by default. `inherit`: the standard input of the host. */
  readonly stdin?: "inherit" | Uint8Array | Stream.Stream<string | Uint8Array> | undefined
  /**
   * Where the program's output goes: into the result or the guest's Streams (`pipe`, the default), to the host's standard output
   * (`inherit`), or to a function that gets what each call wrote, at once.
   */
  readonly stdout?: OutputTarget | undefined
  readonly stderr?: OutputTarget | undefined

  /**
   * How far the program's network goes: to the host's (`host`, the default, where the host has one), no further than the run's own
   * processes (`inside`), or nowhere (`none`; AF_UNIX sockets between its processes are left).
   */
  readonly net?: NetworkMode | undefined
  /** Ports of a network that is closed (`inside`) which the host may use. */
  readonly publish?: ReadonlyArray<Published> | undefined

  /** Makes random numbers the same in each run; from the host's entropy by default. */
  readonly seed?: bigint | undefined
  /** Bytes; 8 MiB by default. */
  readonly stackSize?: number | undefined
  /** AT_EXECFN and /proc/self/exe; the absolute path of the program by default. */
  readonly execfn?: string | undefined
  /** Release that uname tells. */
  readonly unameRelease?: string | undefined
  /** Ids of the first process; those of the host by default. */
  readonly identity?: Identity | undefined

  readonly engine?: EngineName | EngineMaker | undefined
  /** Use the translation cache that the host has (`@emu/node/NodeTranslationCache`), if it has one; true by default. */
  readonly cache?: boolean | undefined
  /** A block for each instruction. */
  readonly oneInsnPerTb?: boolean | undefined
  /** Guest instructions that one of several threads runs before it is another's turn; a million by default. */
  readonly budget?: number | undefined
  /** Measure how long translation takes, for `stats`. */
  readonly measure?: boolean | undefined
  /** Gets text about blocks as they are translated and executed. */
  readonly trace?: Trace | undefined
  /** Gets a line for each system call. */
  readonly strace?: ((line: string) => void) | undefined

  /** What becomes of a plugin whose callback fails: it ends the run (`abort`, the default), or is taken out. */
  readonly onPluginError?: OnPluginError | undefined
  /** Told of failures of plugins that do not end the run. They are among the warnings by default. */
  readonly onPluginFailure?: PluginFailurePolicy["report"] | undefined
  /** Takes what plugins write and report, instead of the run's result. */
  readonly pluginOutput?: PluginOutput["Service"] | undefined
  /** Gets each line that a user should see, such as that of an unknown system call, instead of the run's result. */
  readonly warn?: ((line: string) => void) | undefined
  /** Passes signals of the host on, by Linux's numbers: gets what delivers one, gives what ends that. */
  readonly hostSignals?: ((deliver: (signal: number) => void) => () => void) | undefined
  /** Which signals the program is started with as ignored and blocked, and how nice it is. */
  readonly inherited?: Inherited | undefined
  /** Called when a signal has stopped the first process: nothing but SIGCONT makes it go on. The command stops itself, for its shell. */
  readonly hostStop?: (() => void) | undefined
}
