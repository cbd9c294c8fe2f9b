/**
 * What plugins ask for while a block is translated: the callbacks and inline operations of its points, and the handles
 * through which they ask. Plain data and plain functions: this is read by the engines' translators.
 */
import type { ScoreboardU64 } from "./Scoreboard.ts"
import type { TraceBuffer } from "./trace/TraceBuffer.ts"

/**
 * Which registers a callback may touch: values are QEMU's, save for `deferred`.
 *
 * `deferred` is a promise: the callback looks only at its arguments and at what its plugin keeps, and shares no scoreboard entry
 * with inline operations and conditions. It may then be called later, but each time, in order among all callbacks of all plugins, and
 * before anything outside of translated code happens. Registers, guest memory, the pc and the guest's end are out of its reach.
 */
export const CallbackFlags = { deferred: -1, noRegs: 0, readRegs: 1, readWriteRegs: 2, readWriteRegsPc: 3 } as const
export type CallbackFlags = (typeof CallbackFlags)[keyof typeof CallbackFlags]

/** Which accesses a memory callback is for; a bit mask. */
export const MemRw = { read: 1, write: 2, readWrite: 3 } as const
export type MemRw = (typeof MemRw)[keyof typeof MemRw]

/** Conditions of conditional callbacks, compared unsigned: `entry[vcpu] cond imm`. */
export const PluginCond = { never: 0, always: 1, eq: 2, ne: 3, lt: 4, le: 5, gt: 6, ge: 7 } as const
export type PluginCond = (typeof PluginCond)[keyof typeof PluginCond]

/**
 * Inline operations on the vCPU's own slot of a scoreboard. `markU64` is a store that needs to be made only once, on one vCPU:
 * compiled code leaves it out where the slot has the value already, so that coverage costs hot code nothing.
 */
export const InlineOp = { addU64: 0, storeU64: 1, markU64: 2 } as const
export type InlineOp = (typeof InlineOp)[keyof typeof InlineOp]

/** Called before a block or an instruction. Runs inside the engine: a plain, synchronous function. */
export type ExecCallback = (vcpu: number) => void

/** A guest memory access, as a memory callback sees it. One object is reused: copy what you keep. */
export interface MemInfo {
  /** log2 of the size in bytes. */
  readonly sizeShift: number
  readonly isSignExtended: boolean
  readonly isBigEndian: boolean
  readonly isStore: boolean
  /** Loaded or stored value, zero-extended from the access size. */
  readonly value: bigint
}

/** Called after a successful access. `address` is the guest virtual address as a number (always below 2^32). */
export type MemCallback = (vcpu: number, info: MemInfo, address: number) => void

/** One thing to do at a point of a block. All kinds share one list per point, in the order of registration. */
export type DynCallback =
  | { readonly kind: "exec"; readonly plugin: bigint; readonly callback: ExecCallback; readonly flags: CallbackFlags }
  | {
      readonly kind: "cond"
      readonly plugin: bigint
      readonly callback: ExecCallback
      readonly flags: CallbackFlags
      readonly cond: PluginCond
      readonly entry: ScoreboardU64
      readonly imm: bigint
    }
  | {
      readonly kind: "inline"
      readonly plugin: bigint
      readonly op: InlineOp
      readonly entry: ScoreboardU64
      readonly imm: bigint
    }
  | {
      readonly kind: "mem"
      readonly plugin: bigint
      readonly callback: MemCallback
      readonly flags: CallbackFlags
      readonly rw: MemRw
    }
  | {
      readonly kind: "memInline"
      readonly plugin: bigint
      readonly rw: MemRw
      readonly op: InlineOp
      readonly entry: ScoreboardU64
      readonly imm: bigint
    }
  /** A record of the site; its address is that of the instruction (or block). */
  | { readonly kind: "traceExec"; readonly plugin: bigint; readonly trace: TraceBuffer; readonly site: number }
  /** A record of each access. */
  | { readonly kind: "traceMem"; readonly plugin: bigint; readonly trace: TraceBuffer; readonly rw: MemRw }

/** A block about to be translated, as the front end decoded it. What a `TbHandle` shows. */
export interface TbInfo {
  readonly pc: bigint
  readonly insns: ReadonlyArray<InsnInfo>
}

/** One instruction of a `TbInfo`. */
export interface InsnInfo {
  readonly pc: bigint
  readonly size: number
  readonly raw: number
}

/** What to weave into one block: lists for the block and, per instruction, before it and after each of its accesses. */
export interface Instrumentation {
  readonly tb: ReadonlyArray<DynCallback>
  readonly insns: ReadonlyArray<{ readonly exec: ReadonlyArray<DynCallback>; readonly mem: ReadonlyArray<DynCallback> }>
}
