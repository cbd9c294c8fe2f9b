/**
 * What the plugin system needs from the rest of the emulator, as services that the engine, the guest and the command
 * provide. `core` knows them by these shapes only.
 */
import * as Context from "effect/Context"
import type { Instrumentation, TbInfo } from "./Instrumentation.ts"
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
    /** Installs the function that is asked, for each block translated on a vCPU, what to weave in. */
    readonly setInstrumenter: (instrument: (vcpu: number, tb: TbInfo) => Instrumentation | undefined) => void
    /** Installs the function that is told around each callback which registers it may touch, and in which vCPU. */
    readonly setCallbackScope: (scope: CallbackScope) => void
  }
>()("@emu/core/CodeCache") {}

/**
 * Told by the engine before and after each plugin callback: `vcpu` runs a callback with permission `flags`, at the guest
 * instruction `pc` (what `GuestAccess` shows as pc). After the callback `vcpu` is -1. A mutable object, not calls: this is
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

/** The guest, as plugins may read and change it. */
export class GuestAccess extends Context.Service<
  GuestAccess,
  {
    readonly registers: ReadonlyArray<RegisterInfo>
    /** Value of register `index` of a vCPU. The pc is right at every instruction inside a callback. */
    readonly readRegister: (vcpu: number, index: number) => bigint
    readonly writeRegister: (vcpu: number, index: number, value: bigint) => void
    /** Bytes of guest memory regardless of read permission, or undefined where part of the range is not mapped. */
    readonly readMemory: (address: bigint, length: number) => Uint8Array | undefined
    /** Writes guest memory regardless of write permission; false where part of the range is not mapped. */
    readonly writeMemory: (address: bigint, bytes: Uint8Array) => boolean
    /** The function (or object) symbol that covers an address, loaded libraries included. */
    readonly symbol: (address: bigint) => string | undefined
    readonly disassemble: (raw: number, size: number, pc: bigint) => string
    /** Undefined before the program is loaded (in install). */
    readonly program: () => ProgramInfo | undefined
  }
>()("@emu/core/GuestAccess") {}

/** Where plugin text goes: stderr or the file of `-D`. */
export class PluginOutput extends Context.Service<PluginOutput, { readonly write: (text: string) => void }>()(
  "@emu/core/PluginOutput"
) {}

/** Memory for scoreboards, reachable by translated code. */
export class ScoreboardMemory extends Context.Service<
  ScoreboardMemory,
  {
    /** Zeroed bytes, eight-byte aligned; the result is a byte offset in `buffer`. Throws `ScoreboardMemoryExhausted` when full. */
    readonly allocate: (bytes: number) => number
    /** Gives bytes back. */
    readonly free: (byteOffset: number, bytes: number) => void
    readonly buffer: ArrayBufferLike
  }
>()("@emu/core/ScoreboardMemory") {}
