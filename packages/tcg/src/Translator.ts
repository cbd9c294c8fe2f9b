/** Guest code to optimised IR: front end, plugins' instrumentation, optimiser. What every engine does on a miss. */
import type { Instrumentation, TbInfo } from "@emu/core/Instrumentation"
import type { CpuState } from "./CpuState.ts"
import type { CodeReader, FrontEnd } from "./FrontEnd.ts"
import { weave } from "./instrument/weave.ts"
import { type IrBlock, IrBuilder } from "./ir/Block.ts"
import { print } from "./ir/Print.ts"
import * as Layout from "./Layout.ts"
import { optimize } from "./optimize/optimize.ts"

/** Guest instructions of a block at most, as in QEMU. */
export const maxInsns = 512

/** Receives what `-d` asks for; what is not there costs nothing. */
export interface Trace {
  /** Guest instructions of a block being translated, as text. */
  readonly inAsm?: (text: string) => void
  /** IR as translated, with instrumentation. */
  readonly op?: (text: string) => void
  /** IR after optimisation. */
  readonly opOpt?: (text: string) => void
  /** A region of several blocks that was compiled and can be entered now. */
  readonly jit?: (text: string) => void
  /** A block is about to run. Switches block chaining off. */
  readonly exec?: (vcpu: number, pc: number) => void
}

/** Asks plugins what to weave into a block that a vCPU is about to run. */
export type Instrumenter = (vcpu: number, tb: TbInfo) => Instrumentation | undefined

/** The instrumenter threw: a plugin's fault, not the emulator's. `cause` is what it threw. */
export class InstrumenterFailed {
  readonly _tag = "InstrumenterFailed"
  readonly cause: unknown

  constructor(cause: unknown) {
    this.cause = cause
  }
}

/** How to translate. */
export interface TranslatorOptions {
  /** Every block is one guest instruction long. */
  readonly oneInsnPerTb?: boolean
  /** False runs blocks as they were translated: for finding out whose fault something is. */
  readonly optimize?: boolean
  readonly trace?: Trace
}

/** Translates blocks of one guest's code. */
export class Translator {
  readonly frontEnd: FrontEnd
  instrumenter: Instrumenter | undefined
  /** Whether the instrumenter looks at the blocks of a vCPU; where that is not known, it does. */
  isInstrumented: ((vcpu: number) => boolean) | undefined
  blocks = 0
  insns = 0
  /** What was woven into the last block translated. */
  instrumentation: Instrumentation | undefined
  /** After `translate` gave undefined: the first address that could not be fetched. */
  failedAddress = 0
  private readonly reader: CodeReader
  private readonly limit: number
  private readonly optimizes: boolean
  private readonly trace: Trace

  constructor(state: CpuState, frontEnd: FrontEnd, options: TranslatorOptions = {}) {
    const { pageTable, u16 } = state
    this.frontEnd = frontEnd
    this.limit = options.oneInsnPerTb === true ? 1 : maxInsns
    this.optimizes = options.optimize !== false
    this.trace = options.trace ?? {}
    this.reader = {
      fetch16: (address) => {
        const page = address >>> Layout.pageShift
        const { exec } = Layout.PageFlag
        if ((pageTable[page]! & exec) === 0 && !state.bringIn(page, exec)) {
          this.failedAddress = address
          return -1
        }
        return u16[address >>> 1]!
      }
    }
  }

  /**
   * The optimised IR of the block at `pc`, or undefined where its first instruction cannot be fetched (`failedAddress`).
   *
   * @param limit guest instructions at most, where an engine cannot hold a longer block
   * @throws InstrumenterFailed
   */
  translate(vcpu: number, pc: number, limit = maxInsns): IrBlock | undefined {
    this.instrumentation = undefined
    const builder = new IrBuilder(BigInt(pc))
    if (!this.frontEnd.translate(this.reader, builder, { maxInsns: Math.min(limit, this.limit) })) {
      return undefined
    }
    let block = builder.finish()
    this.blocks++
    this.insns += block.insns.length
    this.trace.inAsm?.(this.disassembly(block))
    const instrumentation = this.ask(vcpu, block)
    if (instrumentation !== undefined) {
      block = weave(block, instrumentation)
      this.instrumentation = instrumentation
    }
    this.trace.op?.(print(block, this.frontEnd.globals))
    if (this.optimizes) {
      optimize(block)
    }
    this.trace.opOpt?.(print(block, this.frontEnd.globals))
    return block
  }

  /** Whether somebody looks at the blocks of a vCPU while they are translated. */
  isWatched(vcpu: number): boolean {
    const { inAsm, op, opOpt } = this.trace
    if (inAsm !== undefined || op !== undefined || opOpt !== undefined) return true
    return this.instrumenter !== undefined && this.isInstrumented?.(vcpu) !== false
  }

  private ask(vcpu: number, tb: TbInfo): Instrumentation | undefined {
    try {
      return this.instrumenter?.(vcpu, tb)
    } catch (cause) {
      throw new InstrumenterFailed(cause)
    }
  }

  /**
   * Translates the first `limit` instructions at `pc` once more, with instrumentation that is already known. With a limit of
   * zero: the instrumentation of the block as a whole alone.
   */
  retranslate(pc: number, limit: number, instrumentation: Instrumentation | undefined): IrBlock | undefined {
    const builder = new IrBuilder(BigInt(pc))
    if (!this.frontEnd.translate(this.reader, builder, { maxInsns: Math.max(limit, 1) })) {
      return undefined
    }
    let block = builder.finish()
    if (limit === 0) {
      block.ops.length = 1
    }
    if (instrumentation !== undefined) {
      block = weave(block, instrumentation)
    }
    optimize(block)
    return block
  }

  private disassembly(block: IrBlock): string {
    const lines = block.insns.map(
      ({ pc, raw, size }) =>
        `0x${pc.toString(16).padStart(8, "0")}:  ${(raw >>> 0)
          .toString(16)
          .padStart(2 * size, "0")
          .padEnd(8)}          ${this.frontEnd.disassemble(raw, size, pc)}`
    )
    return `${lines.join("\n")}\n`
  }
}
