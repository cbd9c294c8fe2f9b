/** How a program is to be run, and how it ended. */
import type { StackFrame } from "@emu/core/Ports"
import type { Identity } from "../../HostInfo.ts"
import type { NetworkOptions } from "../sockets/Network.ts"

export interface ProcessOptions {
  /** The program's path on the host, absolute or relative to the current directory. */
  readonly program: string
  /** Arguments after argv[0]. */
  readonly args: ReadonlyArray<string>
  /** argv[0]; `program` as it is by default. */
  readonly argv0?: string | undefined
  /** `VAR=VALUE`, in order. */
  readonly env: ReadonlyArray<string>
  /** Host directory where absolute guest paths are looked up first: the guest's dynamic loader and libraries. */
  readonly sysroot?: string | undefined
  /** Host paths of ELF files with symbols, for programs and libraries that are stripped of theirs. */
  readonly symbolFiles?: ReadonlyArray<string> | undefined
  /** Makes AT_RANDOM and getrandom reproducible; the host's entropy by default. */
  readonly seed?: bigint | undefined
  /** Bytes; 8 MiB by default. */
  readonly stackSize?: number | undefined
  /** AT_EXECFN and /proc/self/exe; the absolute path of the program by default. */
  readonly execfn?: string | undefined
  readonly unameRelease?: string | undefined
  readonly inherited?: Inherited | undefined
  /** Ids of the first process as the guest sees them. */
  readonly identity: Identity
  /** Guest instructions per slice of one thread. */
  readonly budget?: number | undefined
  /** How far the network goes; to the host's by default. */
  readonly network?: NetworkOptions | undefined
  /** Gets one line (no newline) per thing that the user should know: unknown system calls, death by a signal. */
  readonly warn?: ((line: string) => void) | undefined
  /** Gets one line per system call. */
  readonly strace?: ((line: string) => void) | undefined
  /** Subscribes to signals that the host sends to the emulator, by Linux's numbers; gives the function that unsubscribes. */
  /** Called when the first process is stopped, which only SIGCONT (from the host, too) makes go on: emu may stop itself. */
  readonly hostStop?: (() => void) | undefined
  readonly hostSignals?: ((deliver: (signal: number) => void) => () => void) | undefined
}

/** What a program has of those that started it (execve(2)). Signals are sets: bit n-1 is signal n. */
export interface Inherited {
  readonly ignoredSignals: bigint
  readonly blockedSignals: bigint
  readonly nice: number
}

/** How a program ended. */
export interface ProcessExit {
  /** Exit status; 128 + signal if a signal ended it. */
  readonly status: number
  readonly signal: number | undefined
  /** Where the signal found it. */
  readonly death?: Death
}

/** A process at the moment when a signal ended it. */
export interface Death {
  /** Its next instruction, or the one that did something wrong. */
  readonly pc: bigint
  /** The function that the pc lies in, where one is known. */
  readonly symbol: string | undefined
  /** The address that could not be accessed, of signals that tell one. */
  readonly address: bigint | undefined
  /** The integer registers of the thread that the signal came to. */
  readonly registers: ReadonlyArray<{ readonly name: string; readonly value: bigint }>
  /** Where it is, and where each caller would have gone on. */
  readonly backtrace: ReadonlyArray<StackFrame>
}

export const defaultStackSize = 8 * 1024 * 1024
/** Between two slices timers, signals and other threads get their chance: a few milliseconds of guest time. */
export const defaultBudget = 1_000_000
/** What uname reports: the release that programs meet under qemu-riscv64 most often. */
export const defaultRelease = "6.12.0"
