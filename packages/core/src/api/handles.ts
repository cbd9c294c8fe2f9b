/** The handles of `onTbTrans`: what a plugin sees of a block being translated, and how it asks for callbacks. */
import * as Result from "effect/Result"
import { CallbackFlags, PluginCond } from "../Instrumentation.ts"
import type {
  DynCallback,
  ExecCallback,
  InlineOp,
  InsnInfo,
  Instrumentation,
  MemCallback,
  MemRw,
  TbInfo
} from "../Instrumentation.ts"
import type { InsnHandle, TbHandle } from "../PluginApi.ts"
import { ClosedTraceError, StaleHandleError } from "../PluginError.ts"
import type { PluginState } from "../PluginState.ts"
import type { ScoreboardU64 } from "../Scoreboard.ts"
import { type Trace, TraceKind } from "../Trace.ts"
import { TraceBuffer } from "../trace/TraceBuffer.ts"
import { checkCallback, checkCond, checkCondFlags, checkFlags, checkOp, checkRw } from "../transitions/instrumentation.ts"
import { checkEntry } from "../transitions/scoreboard.ts"

/**
 * Refuses what is no function, and an async one, as a hot callback: the guest would not wait for it, and what it throws would be lost.
 * Throws. Checked here, once, since a look at each call's result would cost more than the call.
 */
const checkHot = (operation: string, callback: unknown): void => {
  Result.getOrThrow(checkCallback(operation, callback))
  if (Object.prototype.toString.call(callback) !== "[object AsyncFunction]") return
  throw new TypeError("the callback is an async function: make it a plain one, since the guest does not wait for it")
}

/** What handles need to know beside the block. */
export interface HandleServices {
  readonly state: () => PluginState
  readonly disassemble: (raw: number, size: number, pc: bigint) => string
  readonly symbol: (address: bigint) => string | undefined
}

/** The lists that the plugins of one translation append to, in turn. */
export class InstrumentationLists {
  readonly tb: Array<DynCallback> = []
  readonly exec: Array<Array<DynCallback> | undefined> = []
  readonly mem: Array<Array<DynCallback> | undefined> = []
  readonly info: TbInfo

  constructor(info: TbInfo) {
    this.info = info
  }

  /** Forgets what a plugin asked for. */
  drop(plugin: bigint): void {
    for (const list of [this.tb, ...this.exec, ...this.mem]) {
      list?.splice(0, list.length, ...list.filter((callback) => callback.plugin !== plugin))
    }
  }

  /** What was asked for, or undefined where nothing was. */
  finish(): Instrumentation | undefined {
    const { exec, info, mem, tb } = this
    if (tb.length === 0 && exec.length === 0 && mem.length === 0) return undefined
    return { tb, insns: info.insns.map((_, i) => ({ exec: exec[i] ?? none, mem: mem[i] ?? none })) }
  }
}

const none: ReadonlyArray<DynCallback> = []

/** One plugin's turn at one block: its handles are valid while this is open. */
export class TranslationTurn {
  isOpen = true
  readonly plugin: bigint
  readonly name: string
  readonly lists: InstrumentationLists
  readonly services: HandleServices

  constructor(plugin: bigint, name: string, lists: InstrumentationLists, services: HandleServices) {
    this.plugin = plugin
    this.name = name
    this.lists = lists
    this.services = services
  }

  /** The handle of the whole block. */
  tbHandle(): TbHandle {
    return new Tb(this)
  }

  /** Throws where the turn is over. */
  check(kind: "block" | "instruction", pc: bigint): void {
    if (!this.isOpen) throw new StaleHandleError({ plugin: this.name, kind, pc })
  }

  /** An exec callback; QEMU's flags default to none. */
  exec(callback: ExecCallback, flags: CallbackFlags, operation = "onExec"): DynCallback {
    checkHot(operation, callback)
    return { kind: "exec", plugin: this.plugin, callback, flags: Result.getOrThrow(checkFlags(flags)) }
  }

  /** A conditional callback; NEVER gives nothing, ALWAYS a plain one. */
  cond(
    callback: ExecCallback,
    cond: PluginCond,
    entry: ScoreboardU64,
    imm: bigint,
    flags: CallbackFlags
  ): DynCallback | undefined {
    Result.getOrThrow(checkCond(cond))
    Result.getOrThrow(checkCondFlags(flags))
    Result.getOrThrow(checkEntry(this.services.state(), entry))
    const exec = this.exec(callback, flags, "onExecCond")
    if (cond === PluginCond.never) return undefined
    if (cond === PluginCond.always) return exec
    return { ...exec, kind: "cond", callback, flags, cond, entry, imm: BigInt.asUintN(64, imm) }
  }

  /** An inline operation. */
  inline(op: InlineOp, entry: ScoreboardU64, imm: bigint): DynCallback & { readonly kind: "inline" } {
    Result.getOrThrow(checkOp(op))
    Result.getOrThrow(checkEntry(this.services.state(), entry))
    return { kind: "inline", plugin: this.plugin, op, entry, imm: BigInt.asUintN(64, imm) }
  }

  /** A record that code at `pc` was executed. */
  traceExec(trace: Trace, pc: bigint, size: number, kind: TraceKind): DynCallback {
    const buffer = this.openTrace(trace)
    return { kind: "traceExec", plugin: this.plugin, trace: buffer, site: buffer.siteNumber(Number(pc), size, kind) }
  }

  /** The buffer of a trace. Throws where it is gone. */
  openTrace(trace: Trace): TraceBuffer {
    if (!(trace instanceof TraceBuffer) || trace.isClosed) throw new ClosedTraceError({ plugin: this.name })
    return trace
  }
}

const append = (lists: Array<Array<DynCallback> | undefined>, index: number, callback: DynCallback | undefined): void => {
  if (callback === undefined) return
  const list = lists[index]
  if (list === undefined) lists[index] = [callback]
  else list.push(callback)
}

class Tb implements TbHandle {
  readonly #turn: TranslationTurn
  #insns: ReadonlyArray<InsnHandle> | undefined

  constructor(turn: TranslationTurn) {
    this.#turn = turn
  }

  #check(): TranslationTurn {
    this.#turn.check("block", this.#turn.lists.info.pc)
    return this.#turn
  }

  get pc(): bigint {
    return this.#check().lists.info.pc
  }

  get insns(): ReadonlyArray<InsnHandle> {
    const turn = this.#check()
    this.#insns ??= turn.lists.info.insns.map((info, index) => new Insn(turn, info, index))
    return this.#insns
  }

  onExec(callback: ExecCallback, flags: CallbackFlags = CallbackFlags.noRegs): void {
    const turn = this.#check()
    turn.lists.tb.push(turn.exec(callback, flags))
  }

  onExecCond(
    callback: ExecCallback,
    cond: PluginCond,
    entry: ScoreboardU64,
    imm: bigint,
    flags: CallbackFlags = CallbackFlags.noRegs
  ): void {
    const turn = this.#check()
    const made = turn.cond(callback, cond, entry, imm, flags)
    if (made !== undefined) turn.lists.tb.push(made)
  }

  inline(op: InlineOp, entry: ScoreboardU64, imm: bigint): void {
    const turn = this.#check()
    turn.lists.tb.push(turn.inline(op, entry, imm))
  }

  traceExec(trace: Trace): void {
    const turn = this.#check()
    const { insns, pc } = turn.lists.info
    const bytes = insns.reduce((sum, { size }) => sum + size, 0)
    turn.lists.tb.push(turn.traceExec(trace, pc, bytes, TraceKind.block))
  }
}

class Insn implements InsnHandle {
  readonly #turn: TranslationTurn
  readonly #info: InsnInfo
  readonly #index: number

  constructor(turn: TranslationTurn, info: InsnInfo, index: number) {
    this.#turn = turn
    this.#info = info
    this.#index = index
  }

  #check(): TranslationTurn {
    this.#turn.check("instruction", this.#info.pc)
    return this.#turn
  }

  get pc(): bigint {
    this.#check()
    return this.#info.pc
  }

  get size(): number {
    this.#check()
    return this.#info.size
  }

  get bytes(): Uint8Array {
    this.#check()
    const { raw, size } = this.#info
    return Uint8Array.from({ length: size }, (_, i) => raw >>> (8 * i))
  }

  get opcode(): number {
    this.#check()
    return this.#info.raw >>> 0
  }

  get haddr(): number {
    this.#check()
    return Number(this.#info.pc)
  }

  disas(): string {
    const { pc, raw, size } = this.#info
    return this.#check().services.disassemble(raw, size, pc)
  }

  symbol(): string | undefined {
    return this.#check().services.symbol(this.#info.pc)
  }

  onExec(callback: ExecCallback, flags: CallbackFlags = CallbackFlags.noRegs): void {
    const turn = this.#check()
    append(turn.lists.exec, this.#index, turn.exec(callback, flags))
  }

  onExecCond(
    callback: ExecCallback,
    cond: PluginCond,
    entry: ScoreboardU64,
    imm: bigint,
    flags: CallbackFlags = CallbackFlags.noRegs
  ): void {
    const turn = this.#check()
    append(turn.lists.exec, this.#index, turn.cond(callback, cond, entry, imm, flags))
  }

  inline(op: InlineOp, entry: ScoreboardU64, imm: bigint): void {
    const turn = this.#check()
    append(turn.lists.exec, this.#index, turn.inline(op, entry, imm))
  }

  onMem(callback: MemCallback, rw: MemRw, flags: CallbackFlags = CallbackFlags.noRegs): void {
    const turn = this.#check()
    checkHot("onMem", callback)
    const checked = { flags: Result.getOrThrow(checkFlags(flags)), rw: Result.getOrThrow(checkRw(rw)) }
    append(turn.lists.mem, this.#index, { kind: "mem", plugin: turn.plugin, callback, ...checked })
  }

  memInline(rw: MemRw, op: InlineOp, entry: ScoreboardU64, imm: bigint): void {
    const turn = this.#check()
    const checked = Result.getOrThrow(checkRw(rw))
    append(turn.lists.mem, this.#index, { ...turn.inline(op, entry, imm), kind: "memInline", rw: checked })
  }

  traceExec(trace: Trace): void {
    const turn = this.#check()
    const { pc, size } = this.#info
    append(turn.lists.exec, this.#index, turn.traceExec(trace, pc, size, TraceKind.exec))
  }

  traceMem(trace: Trace, rw: MemRw): void {
    const turn = this.#check()
    const checked = { trace: turn.openTrace(trace), rw: Result.getOrThrow(checkRw(rw)) }
    append(turn.lists.mem, this.#index, { kind: "traceMem", plugin: turn.plugin, ...checked })
  }
}
