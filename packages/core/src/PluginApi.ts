/** What a plugin gets to work with: the API object handed to `install`, and the handles of `onTbTrans`. */
import type * as Effect from "effect/Effect"
import type { CallHooks, CallTarget } from "./FunctionCalls.ts"
import type { CallbackFlags, ExecCallback, InlineOp, MemCallback, MemInfo, MemRw, PluginCond } from "./Instrumentation.ts"
import type { Channel } from "./PluginChannels.ts"
import type {
  CallbackTypeError,
  EventShapeError,
  FreedScoreboardError,
  OutOfRangeError,
  PluginCallbackError,
  PluginChannelError,
  ScoreboardMemoryExhausted,
  ScoreboardSizeError,
  TraceSizeError,
  UninstallInInstallError,
  UnknownEventError,
  UnknownPluginError
} from "./PluginError.ts"
import type { OutputFile } from "./PluginFiles.ts"
import type {
  ModuleInfo,
  ProcessDescription,
  ProgramInfo,
  RegisterInfo,
  StackFrame,
  SymbolInfo,
  VcpuInfo,
  WhenIdle
} from "./Ports.ts"
import type { ScoreboardU64 } from "./Scoreboard.ts"
import type { Trace, TraceOptions } from "./Trace.ts"

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

/** What registering a handler fails with: the plugin is gone, or it is no handler. */
export type RegistrationError = UnknownPluginError | UnknownEventError | EventShapeError

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
  /** A record of kind `block` before the block. */
  readonly traceExec: (trace: Trace) => void
}

/** An instruction of a block being translated. Valid only inside the `onTbTrans` callback that got it. */
export interface InsnHandle {
  readonly pc: bigint
  readonly size: number
  /** The instruction's bytes in memory order. */
  readonly bytes: Uint8Array
  /** The instruction as an unsigned little-endian number. */
  readonly opcode: number
  /** Where the instruction lies in the host's buffer of guest memory: a byte offset, which identifies it as QEMU's host pointer does. */
  readonly haddr: number
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
  /** A record of kind `exec` before the instruction. */
  readonly traceExec: (trace: Trace) => void
  /** A record of kind `load` or `store` after each such access. */
  readonly traceMem: (trace: Trace, rw: MemRw) => void
}

/** A physical address of an access. User mode has none. */
export interface HardwareAddress {
  readonly address: bigint
}

/** Control of the guest's time; see `requestTimeControl`. */
export interface TimeControl {
  /** Moves the guest's clocks to `ns` nanoseconds after control was given. Never backwards: smaller values change nothing. */
  readonly updateNs: (ns: bigint) => void
}

/** A register that `readRegister` and `writeRegister` take. */
export interface RegisterHandle extends RegisterInfo {
  readonly index: number
}

/**
 * The plugin API. Registrations are Effects, for `install` and for callbacks off the hot path; what callbacks on the hot
 * path need is plain functions, which throw a `PluginError` on misuse. `runSync` runs a registration from a plain callback.
 * One handler per plugin and event: registering again replaces it, `undefined` removes it.
 *
 * `Result` is what the plugin's `result` Schema describes; nothing for plugins without.
 */
export interface PluginApi<Result = never> {
  readonly id: bigint
  readonly name: string

  // events
  readonly onVcpuInit: (callback: VcpuCallback | undefined) => Effect.Effect<void, RegistrationError>
  readonly onVcpuExit: (callback: VcpuCallback | undefined) => Effect.Effect<void, RegistrationError>
  readonly onVcpuIdle: (callback: VcpuCallback | undefined) => Effect.Effect<void, RegistrationError>
  readonly onVcpuResume: (callback: VcpuCallback | undefined) => Effect.Effect<void, RegistrationError>
  /** `callback` runs inside the translator: plain and synchronous. */
  readonly onTbTrans: (callback: ((tb: TbHandle) => void) | undefined) => Effect.Effect<void, RegistrationError>
  readonly onSyscall: (callback: SyscallCallback | undefined) => Effect.Effect<void, RegistrationError>
  readonly onSyscallRet: (callback: SyscallRetCallback | undefined) => Effect.Effect<void, RegistrationError>
  readonly onSyscallFilter: (callback: SyscallFilterCallback | undefined) => Effect.Effect<void, RegistrationError>
  readonly onDiscon: (
    kinds: number,
    callback: DisconCallback | undefined
  ) => Effect.Effect<void, RegistrationError | OutOfRangeError>
  readonly onFlush: (callback: (() => ColdResult) | undefined) => Effect.Effect<void, RegistrationError>
  readonly onAtExit: (callback: (() => ColdResult) | undefined) => Effect.Effect<void, RegistrationError>

  /**
   * Watches calls of functions of the guest: `enter` before the first instruction, `exit` when the function has returned. Recursion,
   * tail calls, longjmp, threads and forks are accounted for. May be called for several targets; `reset` and `uninstall` end them.
   */
  readonly onCall: <State = void>(target: CallTarget, hooks: CallHooks<State>) => Effect.Effect<void, RegistrationError>

  // life cycle
  /** Drops this plugin's registrations and all translated code, then calls `done`; asynchronous. */
  readonly reset: (
    done?: () => ColdResult
  ) => Effect.Effect<void, UnknownPluginError | CallbackTypeError | PluginCallbackError>
  /** Removes the plugin, then calls `done`; asynchronous. Forbidden in install. */
  readonly uninstall: (
    done?: () => ColdResult
  ) => Effect.Effect<void, UnknownPluginError | CallbackTypeError | UninstallInInstallError | PluginCallbackError>

  // scoreboards
  /** Zeroed elements of `elementSize` bytes (rounded up to a multiple of eight), one per vCPU; the scoreboard's id. */
  readonly scoreboardNew: (elementSize: number) => Effect.Effect<number, ScoreboardSizeError | ScoreboardMemoryExhausted>
  /** Uses of it fail from now on; code that counts in it is dropped. A plugin's boards outlive it unless it frees them. */
  readonly scoreboardFree: (scoreboard: number) => Effect.Effect<void, FreedScoreboardError>
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

  // traces
  /** A buffer that code records into without a call, and that reaches the plugin in batches. Reset and uninstall end it. */
  readonly trace: (
    options: TraceOptions
  ) => Effect.Effect<Trace, TraceSizeError | CallbackTypeError | UnknownPluginError | ScoreboardMemoryExhausted>

  // registers and memory, inside callbacks
  /** Handles that stay valid. Reading needs `readRegs`, writing `readWriteRegs`; the pc is written with `setPc` only. */
  readonly getRegisters: () => ReadonlyArray<RegisterHandle>
  readonly readRegister: (register: RegisterHandle) => bigint
  readonly writeRegister: (register: RegisterHandle, value: bigint) => void
  /** Leaves the callback and its block, and goes on at `pc`. Needs `readWriteRegsPc`. */
  readonly setPc: (pc: bigint) => never
  /** A copy. Throws `GuestMemoryError` where part of the range is not mapped. */
  readonly readMemory: (address: bigint, length: number) => Uint8Array
  /**
   * The text up to the next zero byte, as UTF-8. Throws `GuestMemoryError` where it begins in memory that is not mapped.
   *
   * @param limit at most so many bytes (4096)
   */
  readonly readString: (address: bigint, limit?: number) => string
  /** Writes regardless of write permission. Where it is code, what was written runs from the next block on. */
  readonly writeMemory: (address: bigint, bytes: Uint8Array) => void

  // physical addresses, for plugins that QEMU's system mode has as well: user mode has none, and these say so
  readonly hwaddr: (info: MemInfo, address: number) => HardwareAddress | undefined
  readonly hwaddrIsIo: (hwaddr: HardwareAddress | undefined) => boolean
  readonly hwaddrPhysAddr: (hwaddr: HardwareAddress | undefined) => bigint
  readonly hwaddrDeviceName: (hwaddr: HardwareAddress | undefined) => string
  readonly translateVaddr: (address: bigint) => bigint | undefined
  readonly readMemoryHwaddr: (hwaddr: bigint, length: number) => Uint8Array | undefined
  readonly writeMemoryHwaddr: (hwaddr: bigint, bytes: Uint8Array) => boolean

  // time
  /**
   * Asks to decide what time it is: from then on the guest's clocks and timers follow `updateNs`. Undefined where another
   * plugin decides. Reset and uninstall give it back.
   *
   * @param whenIdle what time does while all threads sleep: goes on to the end of the first one's sleep at once ("jump", the
   *   default: runs are reproducible), or passes as the host's ("host")
   */
  readonly requestTimeControl: (whenIdle?: WhenIdle) => TimeControl | undefined

  // facts and output
  readonly numVcpus: () => number
  readonly vcpuForEach: (callback: (vcpu: number) => void) => void
  /** The guest's thread on a vCPU; undefined where none is live. */
  readonly vcpuInfo: (vcpu: number) => VcpuInfo | undefined
  readonly program: () => ProgramInfo | undefined
  /** Undefined before the program is loaded (in install). */
  readonly process: () => ProcessDescription | undefined
  readonly symbol: (address: bigint) => string | undefined
  /** The function or object that covers an address: where it begins, its size, what it is in. */
  readonly symbolAt: (address: bigint) => SymbolInfo | undefined
  /**
   * Functions and objects of a name that are mapped now, by address.
   *
   * @param library only those of one module: its path, its file name, or that up to `.so`, such as `libc`
   */
  readonly findSymbols: (name: string, library?: string) => ReadonlyArray<SymbolInfo>
  /** An address for people: `malloc+0x4`, `libc.so.6+0x8a2c0` where no symbol covers it, `0x1234` outside of modules. */
  readonly describeAddress: (address: bigint) => string
  /**
   * Where a vCPU is, and where each of its callers will go on, the innermost first. Needs `readRegs` for the callback's own vCPU.
   *
   * @param limit at most so many frames (64)
   */
  readonly backtrace: (vcpu: number, limit?: number) => ReadonlyArray<StackFrame>
  /** ELF files that are mapped now, by address: the program, its dynamic loader, libraries, the vdso. */
  readonly modules: () => ReadonlyArray<ModuleInfo>
  /** The module whose segments cover an address, or undefined (code made at run time). */
  readonly moduleAt: (address: bigint) => ModuleInfo | undefined
  /** Writes text as it is: no newline is added. */
  readonly outs: (text: string) => void
  /**
   * Gives what the plugin found out, as its `result` Schema describes it, usually in `onAtExit`. It becomes text, a table or JSON,
   * as the user has asked. A later report is printed as well, and takes the first one's place in JSON.
   */
  readonly report: (result: Result) => void
  /**
   * A file for results, relative to the current directory. It appears whole when it is closed, so close it in `onAtExit`. Throws
   * `PluginFileError`; in install that ends the run with one line.
   */
  readonly openFile: (path: string) => OutputFile
  /** Makes a directory for results, unless it is there. Throws `PluginFileError`. */
  readonly makeDirectory: (path: string) => void
  /**
   * A connection with a plugin in another emu: waits for it at a Unix socket, or connects where it waits. Its effects are for install
   * and for callbacks that may wait; see `Channel`.
   */
  readonly openChannel: (path: string) => Effect.Effect<Channel, PluginChannelError>
  /** Ends the guest at once, with the lowest eight bits as its exit status; atexit handlers run. For callbacks of a vCPU; never returns. */
  readonly exit: (status: number) => never
  /**
   * Runs a callback when the vCPU is between two blocks, soon: for what a hot callback must not do, such as waiting. The guest goes
   * on when the Effect that it returns has run. No registers.
   */
  readonly queueWork: (callback: () => ColdResult) => void
  /** Runs a registration from a plain callback. Throws the typed error; nothing in it may wait. */
  readonly runSync: <A>(effect: Effect.Effect<A, unknown>) => A
}
