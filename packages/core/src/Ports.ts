/**
 * What the plugin system needs from the rest of the emulator, as services that the engine, the guest and the command
 * provide. `core` knows them by these shapes only.
 */
import * as Context from "effect/Context"
import type { Instrumentation, TbInfo } from "./Instrumentation.ts"
import type { CallbackFailure } from "./PluginError.ts"
import type { Scoreboard } from "./Scoreboard.ts"

/** The engine's translated code. All functions are synchronous and may be called from plugin callbacks. */
export class CodeCache extends Context.Service<
  CodeCache,
  {
    /** Drops all translated code; takes effect at the next block boundary, or at once when no vCPU is in the engine. */
    readonly flush: () => void
    /** Installs the function that is told each time all translated code really has been dropped, whoever asked for it. */
    readonly setFlushListener: (listener: () => void) => void
    /** Installs the function that says where a scoreboard lies now. Ask while translating; growth flushes all code. */
    readonly setScoreboardLookup: (find: (id: number) => Scoreboard) => void
    /** Drops the jump cache of a vCPU. */
    readonly flushJumpCache: (vcpu: number) => void
    /** Makes the running vCPU return to its driver at the next block boundary (work is queued for it). */
    readonly requestExit: () => void
    /**
     * Installs the function that is asked, for each block translated on a vCPU, what to weave in.
     *
     * @param isWanted whether plugins look at what is translated for a vCPU now, or at flushes; where they don't, code of another run may be
     *   used, and code need not be dropped only to be translated again. Whoever makes that true drops all code
     */
    readonly setInstrumenter: (
      instrument: (vcpu: number, tb: TbInfo) => Instrumentation | undefined,
      isWanted?: (vcpu: number) => boolean
    ) => void
    /**
     * Installs the function that is told of a hot callback that threw. Where it gives true the guest goes on as if the callback had
     * returned, and no callback of its plugin that is in code is called any more.
     */
    readonly setFailureListener: (survives: (failure: CallbackFailure) => boolean) => void
    /** Installs the function that is told around each callback which registers it may touch, and in which vCPU. */
    readonly setCallbackScope: (scope: CallbackScope) => void
  }
>()("@emu/core/CodeCache") {}

/** `CallbackScope.vcpu` while no callback runs. */
export const noCallback = -1

/**
 * Told by the engine before and after each plugin callback: `vcpu` runs a callback with permission `flags`, at the guest
 * instruction `pc` (what `GuestAccess` shows as pc). After the callback `vcpu` is `noCallback`. A mutable object, not calls: this is
 * on the hot path.
 */
export interface CallbackScope {
  vcpu: number
  flags: number
  pc: bigint
}

/** A register of a vCPU, as plugins see it. */
export interface RegisterInfo {
  readonly name: string
  /** The gdb feature that it belongs to, e.g. `org.gnu.gdb.riscv.cpu`. */
  readonly feature: string
  /** Size in bytes. */
  readonly size: number
  readonly isReadOnly: boolean
}

/** Facts about the program that runs. */
export interface ProgramInfo {
  readonly path: string
  readonly startCode: bigint
  readonly endCode: bigint
  readonly entryCode: bigint
  /** `riscv64`. */
  readonly target: string
}

/** A vCPU, as the guest's kernel knows it: a thread. */
export interface VcpuInfo {
  readonly vcpu: number
  readonly tid: number
  /** The process that it belongs to. */
  readonly pid: number
  /** The thread's name (`comm`), which the guest may change. */
  readonly name: string
}

/** The process that runs. */
export interface ProcessDescription {
  readonly pid: number
  readonly ppid: number
  /** Its name (`comm`), which the guest may change. */
  readonly name: string
  /** Path of the program. */
  readonly path: string
  /** Arguments, the program's name first. */
  readonly args: ReadonlyArray<string>
}

/** What the guest's time does while every thread sleeps: goes on to the next one's end at once, or passes as the host's. */
export type WhenIdle = "jump" | "host"

/** The guest's clocks, for the plugin that controls them. */
export interface GuestTime {
  /** From now on time stands still, but for `set` and sleeping threads. */
  readonly take: (whenIdle: WhenIdle) => void
  /** Moves time to `ns` nanoseconds after `take`, never backwards; whether something is due then and wants the turn. */
  readonly set: (ns: bigint) => boolean
  /** Time passes as the host's, from where it is. */
  readonly release: () => void
}

/** An ELF file that is mapped with code: the program, its dynamic loader, a library, the vdso. */
export interface ModuleInfo {
  /** Absolute guest path, or `[vdso]`. */
  readonly path: string
  /** Where its first segment begins: addresses in the file are relative to this if they start at 0. */
  readonly base: bigint
  /** Last byte (exclusive) of its last segment with code. */
  readonly end: bigint
  /** Its entry point; the base where it has none (libraries). */
  readonly entry: bigint
}

/** A function or object of the guest. */
export interface SymbolInfo {
  readonly name: string
  /** Where it begins. */
  readonly start: bigint
  /** Bytes; 0 where its file does not say. */
  readonly size: number
  /** Absolute guest path of the program or library that it is in, or `[vdso]`. */
  readonly module: string
}

/** A function that a thread is in. */
export interface StackFrame {
  /** Where the thread is, or where the function will go on. */
  readonly pc: bigint
  /** The same for people: `fact+0x1e (calls)`, or `libc.so.6+0x8a2c0` without a symbol; empty outside of modules. */
  readonly place: string
}

/** How functions call each other, as far as plugins see it. Registers are indices of `GuestAccess.registers`. */
export interface CallConvention {
  readonly returnAddress: number
  readonly stackPointer: number
  /** The registers of the first arguments. */
  readonly arguments: ReadonlyArray<number>
  readonly result: number
  /** Whether an instruction calls a function: it says where to return to, and jumps. */
  readonly isCall: (raw: number, size: number) => boolean
}

/** The guest, as plugins may read and change it. */
export class GuestAccess extends Context.Service<
  GuestAccess,
  {
    readonly registers: ReadonlyArray<RegisterInfo>
    /** Addresses of instructions are multiples of this. */
    readonly pcAlignment: bigint
    /** The instruction that a vCPU comes to next, also outside of callbacks. */
    readonly pc: (vcpu: number) => bigint
    /** Value of register `index` of a vCPU. The pc is right at every instruction inside a callback. */
    readonly readRegister: (vcpu: number, index: number) => bigint
    readonly writeRegister: (vcpu: number, index: number, value: bigint) => void
    /** Bytes of guest memory regardless of read permission, or undefined where part of the range is not mapped. */
    readonly readMemory: (address: bigint, length: number) => Uint8Array | undefined
    /** Writes guest memory regardless of write permission; false where part of the range is not mapped. */
    readonly writeMemory: (address: bigint, bytes: Uint8Array) => boolean
    /** The function (or object) symbol that covers an address, loaded libraries included. */
    readonly symbol: (address: bigint) => string | undefined
    /** The same with what is known of it. */
    readonly symbolAt: (address: bigint) => SymbolInfo | undefined
    /** All names of what begins at an address. */
    readonly namesAt: (address: bigint) => ReadonlyArray<string>
    /** The symbols of a name in all modules that are mapped now, by address. */
    readonly symbolsNamed: (name: string) => ReadonlyArray<SymbolInfo>
    /** Where a vCPU is, and where each of its callers will go on: at most `limit` frames. */
    readonly backtrace: (vcpu: number, limit: number) => ReadonlyArray<StackFrame>
    readonly calls: CallConvention
    /** Modules that are mapped now, by address. */
    readonly modules: () => ReadonlyArray<ModuleInfo>
    /** The module that an address lies in. */
    readonly moduleAt: (address: bigint) => ModuleInfo | undefined
    readonly disassemble: (raw: number, size: number, pc: bigint) => string
    /** Undefined before the program is loaded (in install). */
    readonly program: () => ProgramInfo | undefined
    /** Undefined before the program is loaded. */
    readonly process: () => ProcessDescription | undefined
    /** The thread on a vCPU; undefined where none is live. */
    readonly vcpuInfo: (vcpu: number) => VcpuInfo | undefined
    readonly time: GuestTime
  }
>()("@emu/core/GuestAccess") {}

/** A plugin, as its output is marked. */
export interface PluginSource {
  readonly id: bigint
  readonly name: string
  /** Its options as given, in order. */
  readonly args: ReadonlyArray<readonly [key: string, value: string]>
}

/** What a plugin has reported, in the forms that there are. Both throw what is wrong with the result. */
export interface PluginReport {
  readonly source: PluginSource
  /** As the plugin renders it. */
  readonly text: () => string
  /** As its Schema encodes it. */
  readonly json: () => unknown
}

/** Where plugins' text and results go: stderr or the file of `-D`. */
export class PluginOutput extends Context.Service<
  PluginOutput,
  {
    /** Text that is to be written as it is. */
    readonly write: (text: string, source: PluginSource) => void
    readonly report: (report: PluginReport) => void
  }
>()("@emu/core/PluginOutput") {
  /** Text for people and scripts: what plugins write, and results as they render them. */
  static readonly text = (write: (text: string) => void): PluginOutput["Service"] => ({
    write,
    report: ({ text }) => write(text())
  })
}

/** Memory for scoreboards, reachable by translated code. */
export class ScoreboardMemory extends Context.Service<
  ScoreboardMemory,
  {
    /** Zeroed bytes, eight-byte aligned; the result is a byte offset in `buffer`. Throws `ScoreboardMemoryExhausted` when full. */
    readonly allocate: (bytes: number) => number
    /** Gives bytes back. */
    readonly free: (byteOffset: number, bytes: number) => void
    /** The memory whose code runs: that of the process that has the turn. */
    readonly buffer: ArrayBufferLike
    /** The same as 64-bit words. */
    readonly words: BigUint64Array<ArrayBufferLike>
    /** Takes what is allocated along to the same places in another memory, where code goes on. */
    readonly moveTo: (buffer: ArrayBufferLike) => void
  }
>()("@emu/core/ScoreboardMemory") {}
