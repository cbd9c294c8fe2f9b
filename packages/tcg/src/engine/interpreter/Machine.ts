/** What the interpreter's loop and the functions around it share: one object per engine, plain fields. */
import type { MemInfo } from "@emu/core/Instrumentation"
import type { CallbackFailure } from "@emu/core/PluginError"
import type { CallbackScope } from "@emu/core/Ports"
import type { Scoreboard } from "@emu/core/Scoreboard"
import type { CpuState } from "../../CpuState.ts"
import { type Exit, ExitKind } from "../../Engine.ts"
import * as Layout from "../../Layout.ts"
import { TbCache } from "../../TbCache.ts"
import { maxInsns, type Translator } from "../../Translator.ts"
import { EngineCell } from "../cells.ts"
import type { CodeCallback } from "../calls/CodeCallback.ts"
import { ConstantPool } from "./code/ConstantPool.ts"
import { InsnTable } from "./code/InsnTable.ts"
import { DeferredQueue } from "../calls/DeferredQueue.ts"
import type { CodeBlock } from "./CodeBlock.ts"
import type { CodeKeeper, KeptCode } from "./CodeKeeper.ts"
import type { Tier } from "./Tier.ts"

/** Words of code; when they are used up, all blocks are dropped. */
export const codeWords = (Layout.codeEnd - Layout.codeBase) / 4

/** Where code begins and ends: indices of words in memory, as all places in code are. */
export const firstCode = Layout.codeBase / 4
const limitIndex = EngineCell.limit / 4

/** Value of `Machine.limit` that makes every block boundary look outside. */
export const lookOutside = 0x7fffffff

/** Invalidation asked for while code runs, to be done at the next block boundary. */
export type Pending = (blocks: TbCache<CodeBlock>) => void

/** The one `MemInfo`: makes its BigInt only for callbacks that look at it. */
export class AccessInfo implements MemInfo {
  memop = 0
  isStore = false
  low = 0
  high = 0
  readonly isBigEndian = false

  get sizeShift(): number {
    return this.memop & 7
  }

  get isSignExtended(): boolean {
    return (this.memop & 8) !== 0
  }

  get value(): bigint {
    const shift = this.memop & 7
    return shift === 3
      ? (BigInt(this.high >>> 0) << 32n) | BigInt(this.low >>> 0)
      : BigInt((this.low << (32 - (8 << shift))) >>> (32 - (8 << shift)))
  }
}

/** State of one interpreter. */
export class Machine {
  readonly state: CpuState
  readonly translator: Translator
  /** Memory as words, the code among them. */
  readonly code: Int32Array<ArrayBufferLike>
  readonly blocks: TbCache<CodeBlock>
  /** Who keeps code from run to run, and what was kept of the program that runs. */
  keeper: CodeKeeper | undefined
  kept: KeptCode | undefined
  /** Every block translated since the last flush by rising entry, for finding the one that an offset is in. */
  readonly byEntry: Array<CodeBlock> = []
  readonly constants: ConstantPool
  /** The guest instructions of all blocks. */
  readonly insns = new InsnTable()
  readonly callbacks: Array<CodeCallback> = []
  /** Callbacks that compiled code has put off: none, while anything else runs. */
  readonly deferred: DeferredQueue
  /** The compiled tier, where there is one. */
  tier: Tier | undefined
  /** How often a block is interpreted before it is compiled. */
  hotThreshold = 0
  /** When the machine was made, by `performance.now`. */
  readonly started = performance.now()
  /** Guest instructions executed in compiled code: an array, since a field that outgrows 31 bits would change the shape. */
  readonly compiledInsns = new Float64Array(1)
  /** Whether to measure `translationMilliseconds`. */
  measures = false
  translationMilliseconds = 0
  /** Fuel taken away from running compiled code so that it leaves at its next look. */
  fuelTaken = 0
  readonly access = new AccessInfo()
  scope: CallbackScope = { vcpu: -1, flags: 0, pc: 0n }
  findScoreboard: (id: number) => Scoreboard = (id) => {
    throw new Error(`no scoreboards: the code names scoreboard ${id}, but no lookup was installed`)
  }
  onFlush: () => void = () => {}
  /** Told of a callback that threw: whether the guest goes on without its plugin. */
  survives: (failure: CallbackFailure) => boolean = () => false
  /** Told before each block when set; then blocks are not chained. */
  readonly traceExec: ((vcpu: number, pc: number) => void) | undefined

  readonly exit: Exit = { kind: ExitKind.budget, address: 0n, store: false, mapped: false, error: undefined }
  vcpu = 0
  running = false
  /** Guest instructions that `run` was asked for, and how many of them are left. */
  budget = 0
  left = 0
  /** Instructions of this vCPU before `run`. */
  before = 0
  exitRequested = false
  readonly pending: Array<Pending> = []
  flushWanted = false
  /** A run never exceeds its budget: longer blocks are cut. */
  isExact = false
  /** A block that was cut, at the end of the code, with the number of callbacks before it. */
  cut: { readonly block: CodeBlock; readonly callbacks: number } | undefined
  /** Where the next block's code goes. */
  codeEnd = firstCode
  flushes = 0
  /** Blocks that were taken from what was kept. */
  keptBlocks = 0
  /** The most words of code before a flush. */
  mostCode = 0

  constructor(state: CpuState, translator: Translator, traceExec?: (vcpu: number, pc: number) => void) {
    this.state = state
    this.translator = translator
    this.code = state.i32
    this.deferred = new DeferredQueue(state)
    this.traceExec = traceExec
    this.blocks = new TbCache<CodeBlock>(
      state,
      (place) => {
        this.code[place] = -1
      },
      ({ pc }) => this.tier?.removeBlock(pc)
    )
    this.constants = new ConstantPool(state)
  }

  /** Blocks chain while more than this many instructions are left: 0, or `lookOutside` when something waits. */
  get limit(): number {
    return this.code[limitIndex]!
  }

  set limit(left: number) {
    this.code[limitIndex] = left
  }

  /** Words of code held now. */
  get codeLength(): number {
    return this.codeEnd - firstCode
  }

  /** What `limit` is while nothing waits: where budgets are exact, blocks chain only as long as none can exceed it. */
  get usualLimit(): number {
    if (this.traceExec !== undefined) return lookOutside
    return this.isExact ? maxInsns : 0
  }

  /** Drops all code now. Not while code runs. */
  flush(): void {
    this.keeper?.beforeFlush()
    this.kept = undefined
    this.blocks.flush()
    this.byEntry.length = 0
    this.callbacks.length = 0
    this.deferred.clear()
    this.constants.clear()
    this.mostCode = Math.max(this.mostCode, this.codeLength)
    this.codeEnd = firstCode
    this.insns.length = 0
    this.flushWanted = false
    this.pending.length = 0
    this.flushes++
    this.tier?.flush()
    this.onFlush()
  }

  /** Makes the callbacks of a plugin that are in code do nothing. */
  silence(plugin: bigint): void {
    this.deferred.silence(plugin)
    this.callbacks.forEach((code, index) => {
      const { callback } = code
      const isCalled = callback.kind === "exec" || callback.kind === "cond" || callback.kind === "mem"
      if (isCalled && callback.plugin === plugin) {
        this.callbacks[index] = { ...code, callback: { ...callback, callback: () => {} } }
      }
    })
  }

  /** The block that a code offset is in. */
  blockAt(at: number): CodeBlock {
    const { byEntry, kept } = this
    if (kept !== undefined && at < kept.end) return kept.blockAt(at)
    let low = 0
    let high = byEntry.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (byEntry[middle]!.entry <= at) {
        low = middle
      } else {
        high = middle - 1
      }
    }
    return byEntry[low]!
  }

  /** Makes the running code look outside at its next block boundary. */
  attend(): void {
    this.limit = lookOutside
  }
}
