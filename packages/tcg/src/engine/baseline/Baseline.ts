/** The baseline tier: compiles blocks that have become warm, many at a time, with little thought. */
import type { JitHost } from "../jit/JitHost.ts"
import { beginModule } from "../jit/BatchWriter.ts"
import type { Blocks, KnownBlock } from "../jit/plan/Blocks.ts"
import { hasFusedMultiplyAdd } from "../jit/hostFeatures.ts"
import type { RegionTable } from "../jit/install/RegionTable.ts"
import type { JitImports } from "../jit/Runtime.ts"
import type { Site } from "../jit/emit/SideExits.ts"
import type { Windows } from "../jit/install/Windows.ts"
import { type BaselineBlock, UnsupportedBlock } from "./BaselineBlock.ts"
import { compileBaseline } from "./FunctionWriter.ts"

/** What a function holds at the most. Its frame and V8's compile time grow with it. */
const maxBlocks = 120
const maxOps = 2500

/** A block that was interpreted this often goes into the function of a warm one that leads to it. */
const warmRuns = 8

/** Warm blocks that share a module. Each module costs V8 some 50 microseconds beside its functions. */
const perModule = 12

/** How often the rest of a block was left to the interpreter, or a block's floating-point status was unusual, before its function goes. */
const maxRests = 100
const maxUnusual = 30

/** What functions are made of. */
export interface BaselineSources {
  readonly host: JitHost
  readonly imports: JitImports
  readonly blocks: Blocks
  readonly table: RegionTable
  readonly windows: Windows
  /** Places in compiled code where it may be left, by number: of all tiers. */
  readonly sites: Array<Site>
  /** Compile what is asked for at once: for tests. */
  readonly isEager: boolean
}

/** A function of baseline code. */
interface Compiled {
  readonly name: string
  readonly pcs: ReadonlyArray<number>
}

export class Baseline {
  /** Bytes of WebAssembly, functions and milliseconds that went into them. */
  bytes = 0
  functions = 0
  milliseconds = 0
  private readonly sources: BaselineSources
  /** Warm blocks that wait for a module. */
  private readonly waiting = new Set<number>()
  /** The function of each block, by its pc. */
  private readonly compiled = new Map<number, Compiled>()
  /** Blocks with what cannot be compiled. */
  private readonly unfit = new Set<number>()
  // What was seen of blocks outlives their code.
  private readonly rests = new Map<number, number>()
  private readonly unusual = new Map<number, number>()
  private exactFma: boolean | undefined

  constructor(sources: BaselineSources) {
    this.sources = sources
  }

  /** Where the function of a block begins; undefined where the block has no code. */
  startOf(pc: number): number | undefined {
    return this.compiled.get(pc)?.pcs[0]
  }

  /** Functions that the next module may have. */
  get mostNext(): number {
    return this.waiting.size + 1
  }

  /** Asks for code for a warm block. A block that asks twice, or a module's worth of them, does not wait any longer. */
  want(pc: number): void {
    if (this.compiled.has(pc) || this.unfit.has(pc)) return
    const isDue = this.sources.isEager || this.waiting.has(pc) || this.waiting.size >= perModule
    this.waiting.add(pc)
    if (isDue) this.compile()
  }

  /** Compiles what waits. */
  compile(): void {
    const { imports, table } = this.sources
    const started = performance.now()
    const draft = beginModule()
    const made: Array<Compiled> = []
    for (const pc of this.waiting) {
      if (this.compiled.has(pc) || this.unfit.has(pc)) continue
      const compiled = this.add(draft, pc, made.length)
      if (compiled !== undefined) made.push(compiled)
    }
    this.waiting.clear()
    if (made.length > 0) {
      const bytes = draft.module.finish({ sharedMemory: table.shared, unique: true })
      const module = new WebAssembly.Module(bytes)
      const { exports } = new WebAssembly.Instance(module, { env: { ...imports, ...table.environment() } })
      for (const { name, pcs } of made) table.addBaseline(exports[name], pcs)
      this.bytes += bytes.length
      this.functions += made.length
    }
    this.milliseconds += performance.now() - started
  }

  /** The rest of a block was left to the interpreter: where that happens often, its accesses are to be checked one by one. */
  noteRest(pc: number): void {
    this.count(this.rests, pc, maxRests)
  }

  /** A block was entered with an unusual floating-point status: where that happens often, it is to do floating point out of line. */
  noteUnusual(pc: number): void {
    this.count(this.unusual, pc, maxUnusual)
  }

  /** Forgets all code. */
  clear(): void {
    this.compiled.clear()
    this.waiting.clear()
  }

  private count(counts: Map<number, number>, pc: number, most: number): void {
    const count = (counts.get(pc) ?? 0) + 1
    counts.set(pc, count)
    if (count === most) this.withdraw(pc)
  }

  /** Lets the function of a block not be entered any more; its blocks become warm again. */
  withdraw(pc: number): void {
    const compiled = this.compiled.get(pc)
    if (compiled === undefined) return
    for (const each of compiled.pcs) {
      this.compiled.delete(each)
      this.sources.table.withdrawBaseline(each)
    }
  }

  private add(draft: ReturnType<typeof beginModule>, hot: number, number: number): Compiled | undefined {
    const { host, sites } = this.sources
    const { callees, module, regionType } = draft
    const blocks = this.select(hot)
    if (blocks.length === 0) return undefined
    try {
      const { body, sites: added } = compileBaseline(blocks, {
        callees,
        regionType,
        exactFma: (this.exactFma ??= hasFusedMultiplyAdd()),
        callbackNumber: host.callbackNumber,
        scoreboardAddress: host.scoreboardAddress,
        window: this.sources.windows.forFunction(),
        windowSize: (window) => this.sources.windows.sizeOf(window),
        firstSite: sites.length
      })
      sites.push(...added)
      const name = `baseline_${hot.toString(16)}_${number}`
      module.function(regionType, name, body)
      const compiled = { name, pcs: blocks.map(({ pc }) => pc) }
      for (const pc of compiled.pcs) this.compiled.set(pc, compiled)
      return compiled
    } catch (error) {
      if (!(error instanceof UnsupportedBlock)) throw error
      this.unfit.add(error.pc)
      return error.pc === hot ? undefined : this.add(draft, hot, number)
    }
  }

  /** The blocks to compile with a warm one: those that it leads to, and that were interpreted more than a few times, by address. */
  private select(hot: number): Array<BaselineBlock> {
    const { blocks: known, host } = this.sources
    const queue: Array<{ readonly pc: number; readonly always: boolean }> = [{ pc: hot, always: true }]
    const seen = new Set([hot])
    const found: Array<BaselineBlock> = []
    let ops = 0
    for (const { always, pc } of queue) {
      if (found.length >= maxBlocks || ops > maxOps) break
      if (this.compiled.has(pc) || this.unfit.has(pc) || (!always && host.runs(pc) < warmRuns)) continue
      const block = known.get(pc)
      if (block === undefined) continue
      const made = this.translate(block)
      if (made === undefined) continue
      found.push(made)
      ops += block.ops
      for (const exit of block.exits) {
        if (seen.has(exit.pc)) continue
        seen.add(exit.pc)
        // The block behind a call goes with it: another function would have to be entered behind each call.
        queue.push({ pc: exit.pc, always: exit.call })
      }
    }
    return found.sort((a, b) => a.pc - b.pc)
  }

  private translate({ end, insnPcs, instrumentation, pc }: KnownBlock): BaselineBlock | undefined {
    const { blocks, host } = this.sources
    const ir = blocks.takeIr(pc) ?? host.retranslate(pc, insnPcs.length, instrumentation)
    if (ir === undefined) return undefined
    return {
      pc,
      end,
      ir,
      strictFloat: (this.unusual.get(pc) ?? 0) >= maxUnusual,
      shares: (this.rests.get(pc) ?? 0) < maxRests
    }
  }
}
