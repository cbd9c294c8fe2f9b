/** What a plugin gets to work with: the API object handed to `install`, and the handles of `onTbTrans`. */
import type * as Effect from "effect/Effect"
import type { CallbackFlags, ExecCallback, InlineOp, MemCallback, MemRw, PluginCond } from "./Instrumentation.ts"
import type { PluginError } from "./PluginError.ts"
import type { ProgramInfo, RegisterInfo } from "./Ports.ts"
import type { ScoreboardU64 } from "./Scoreboard.ts"

/** What a callback off the hot path may return: nothing, or an Effect that is run before the guest goes on. */
export type ColdResult = void | Effect.Effect<void>

export type VcpuCallback = (vcpu: number) => ColdResult
/** `args` are a1 to a8 as signed 64-bit values. */
export type SyscallCallback = (vcpu: number, num: number, args: ReadonlyArray<bigint>) => ColdResult
export type SyscallRetCallback = (vcpu: number, num: number, ret: bigint) => ColdResult
/** The value that the guest gets instead of a real system call, or undefined to let it run. */
export type SyscallFilterCallback = (vcpu: number, num: number, args: ReadonlyArray<bigint>) => bigint | undefined
/** `kind` is a `DisconKind`. */
export type DisconCallback = (vcpu: number, kind: number, fromPc: bigint, toPc: bigint) => ColdResult

/** A block being translated. Valid only inside the `onTbTrans` callback that got it. */
export interface TbHandle {
  readonly pc: bigint
  readonly insns: ReadonlyArray<InsnHandle>
  readonly onExec: (callback: ExecCallback, flags?: CallbackFlags) => void
  readonly onExecCond: (
    callback: ExecCallback,
    cond: PluginCond,
    entry: ScoreboardU64,
    imm: bigint,
    flags?: CallbackFlags
  ) => void
  readonly inline: (op: InlineOp, entry: ScoreboardU64, imm: bigint) => void
}

/** An instruction of a block being translated. Valid only inside the `onTbTrans` callback that got it. */
export interface InsnHandle {
  readonly pc: bigint
  readonly size: number
  /** The instruction's bytes in memory order. */
  readonly bytes: Uint8Array
  /** The instruction as an unsigned little-endian number. */
  readonly opcode: number
  readonly disas: () => string
  readonly symbol: () => string | undefined
  readonly onExec: (callback: ExecCallback, flags?: CallbackFlags) => void
  readonly onExecCond: (
    callback: ExecCallback,
    cond: PluginCond,
    entry: ScoreboardU64,
    imm: bigint,
    flags?: CallbackFlags
  ) => void
  readonly inline: (op: InlineOp, entry: ScoreboardU64, imm: bigint) => void
  readonly onMem: (callback: MemCallback, rw: MemRw, flags?: CallbackFlags) => void
  readonly memInline: (rw: MemRw, op: InlineOp, entry: ScoreboardU64, imm: bigint) => void
}

/** A register that `readRegister` and `writeRegister` take. */
export interface RegisterHandle extends RegisterInfo {
  readonly index: number
}

/**
 * The plugin API. Registrations are Effects, for `install` and for callbacks off the hot path; what callbacks on the hot
 * path need is plain functions, which throw a `PluginError` on misuse. `runSync` runs a registration from a plain callback.
 * One handler per plugin and event: registering again replaces it, `undefined` removes it.
 */
export interface PluginApi {
  readonly id: bigint
  readonly name: string

  // events
  readonly onVcpuInit: (callback: VcpuCallback | undefined) => Effect.Effect<void, PluginError>
  readonly onVcpuExit: (callback: VcpuCallback | undefined) => Effect.Effect<void, PluginError>
  readonly onVcpuIdle: (callback: VcpuCallback | undefined) => Effect.Effect<void, PluginError>
  readonly onVcpuResume: (callback: VcpuCallback | undefined) => Effect.Effect<void, PluginError>
  /** `callback` runs inside the translator: plain and synchronous. */
  readonly onTbTrans: (callback: ((tb: TbHandle) => void) | undefined) => Effect.Effect<void, PluginError>
  readonly onSyscall: (callback: SyscallCallback | undefined) => Effect.Effect<void, PluginError>
  readonly onSyscallRet: (callback: SyscallRetCallback | undefined) => Effect.Effect<void, PluginError>
  readonly onSyscallFilter: (callback: SyscallFilterCallback | undefined) => Effect.Effect<void, PluginError>
  readonly onDiscon: (kinds: number, callback: DisconCallback | undefined) => Effect.Effect<void, PluginError>
  readonly onFlush: (callback: (() => ColdResult) | undefined) => Effect.Effect<void, PluginError>
  readonly onAtExit: (callback: (() => ColdResult) | undefined) => Effect.Effect<void, PluginError>

  // life cycle
  /** Drops this plugin's registrations and all translated code, then calls `done`; asynchronous. */
  readonly reset: (done?: () => ColdResult) => Effect.Effect<void, PluginError>
  /** Removes the plugin, then calls `done`; asynchronous. Forbidden in install. */
  readonly uninstall: (done?: () => ColdResult) => Effect.Effect<void, PluginError>

  // scoreboards
  /** Zeroed elements of `elementSize` bytes (rounded up to a multiple of eight), one per vCPU; the scoreboard's id. */
  readonly scoreboardNew: (elementSize: number) => Effect.Effect<number, PluginError>
  /** Uses of it fail from now on; code that counts in it is dropped. A plugin's boards outlive it unless it frees them. */
  readonly scoreboardFree: (scoreboard: number) => Effect.Effect<void, PluginError>
  /** As `scoreboardNew`, for plain callbacks. */
  readonly scoreboardNewUnsafe: (elementSize: number) => number
  /** A view of one vCPU's element; take it anew after vCPUs appeared. */
  readonly scoreboardFind: (scoreboard: number, vcpu: number) => DataView
  /** The 64-bit entry at a byte offset (a multiple of eight) of every element. Values are unsigned and wrap. */
  readonly u64: (scoreboard: number, offset?: number) => ScoreboardU64
  readonly u64Add: (entry: ScoreboardU64, vcpu: number, value: bigint) => void
  readonly u64Get: (entry: ScoreboardU64, vcpu: number) => bigint
  readonly u64Set: (entry: ScoreboardU64, vcpu: number, value: bigint) => void
  readonly u64Sum: (entry: ScoreboardU64) => bigint

  // registers and memory, inside callbacks
  /** Handles that stay valid. Reading needs `readRegs`, writing `readWriteRegs`; the pc is written with `setPc` only. */
  readonly getRegisters: () => ReadonlyArray<RegisterHandle>
  readonly readRegister: (register: RegisterHandle) => bigint
  readonly writeRegister: (register: RegisterHandle, value: bigint) => void
  /** Leaves the callback and its block, and goes on at `pc`. Needs `readWriteRegsPc`. */
  readonly setPc: (pc: bigint) => never
  /** A copy. Throws `GuestMemoryError` where part of the range is not mapped. */
  readonly readMemory: (address: bigint, length: number) => Uint8Array
  /** Writes regardless of write permission. Code that was translated already changes when the guest's own fence.i says so. */
  readonly writeMemory: (address: bigint, bytes: Uint8Array) => void

  // facts and output
  readonly numVcpus: () => number
  readonly vcpuForEach: (callback: (vcpu: number) => void) => void
  readonly program: () => ProgramInfo | undefined
  readonly symbol: (address: bigint) => string | undefined
  /** Writes text as it is: no newline is added. */
  readonly outs: (text: string) => void
  /** Runs a registration from a plain callback. Throws the typed error; nothing in it may wait. */
  readonly runSync: <A>(effect: Effect.Effect<A, PluginError>) => A
}
