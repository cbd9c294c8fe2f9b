/** The compiled tier: what asks for regions, when they are compiled and installed, and when they are dropped. */
import type { CpuState } from "../../CpuState.ts"
import type { CompiledStats } from "../../Engine.ts"
import { type Batch, describeRegion } from "./Batch.ts"
import { BatchWriter } from "./BatchWriter.ts"
import { Blocks } from "./plan/Blocks.ts"
import { Baseline } from "../baseline/Baseline.ts"
import { Budget } from "./plan/Budget.ts"
import type { JitHost } from "./JitHost.ts"
import { Profile } from "./plan/Profile.ts"
import { RegionTable } from "./install/RegionTable.ts"
import { Cell } from "./Runtime.ts"
import type { Site } from "./emit/SideExits.ts"
import { Windows } from "./install/Windows.ts"

/** Functions that can be held at one time, unless the options say otherwise; when there are as many all regions are dropped. */
const usualSlots = 1 << 15

/** Modules that the host may compile at one time. */
const maxUnderWay = 4

/**
 * How often a region may be left where it was entered before the guest waits for another: that takes no longer. A hundred blocks of which
 * the rest was left to the interpreter cost as much, or less.
 */
const maxVain = 1000

/** How often fuel must have run out in a function of baseline code for a region. */
const samplesToOptimize = 3

/** Bytes to either side of a hot block that are likely to be of the same function. */
const around = 1024

export interface JitOptions {
  /** For tests: whether what is asked for is compiled at once, and whatever that costs; undefined where the budget decides. */
  readonly synchronous: boolean | undefined
  /** Whether warm blocks get baseline code first. */
  readonly baseline: boolean
  /** Functions that can be held at one time. */
  readonly slots?: number | undefined
}

export class Jit {
  /** Bytes of WebAssembly made. */
  bytes = 0
  readonly blocks: Blocks
  /** Places in regions where they may be left, by number. */
  readonly sites: ReadonlyArray<Site>
  private regions = 0
  private modules = 0
  private flushes = 0
  private readonly state: CpuState
  private readonly host: JitHost
  private readonly synchronous: boolean | undefined
  private readonly windows: Windows
  private readonly profile: Profile
  private readonly table: RegionTable
  private readonly writer: BatchWriter
  private readonly baseline: Baseline | undefined
  /** How often fuel ran out in each function of baseline code, and how often it must have for a region. */
  private readonly samples = new Map<number, number>()
  private readonly samplesToOptimize: number
  private readonly budget = new Budget()
  /** How often regions were left where they were entered, by entry. */
  private readonly vain = new Map<number, number>()
  /** Modules that the host compiles while the guest goes on. */
  private readonly underWay = new Set<Batch>()
  /** The next turn will begin one. */
  private isPlanned = false
  /** Compilation failed in a way that it cannot fail: there is no more of it. */
  private isBroken = false
  /** Counts how often all regions were dropped: what was begun before must not be installed. */
  private generation = 0

  constructor(state: CpuState, host: JitHost, { baseline, slots = usualSlots, synchronous }: JitOptions) {
    const blocks = new Blocks(baseline ? host.describe : undefined)
    this.blocks = blocks
    const windows = new Windows(state)
    const profile = new Profile(state)
    const table = new RegionTable(state, host, slots)
    this.state = state
    this.host = host
    this.synchronous = synchronous
    this.windows = windows
    this.profile = profile
    this.table = table
    const imports = {
      ...host.imports,
      moveWindow: (window: number, address: number) => windows.move(window >>> 0, address >>> 0)
    }
    this.writer = new BatchWriter({ imports, host, blocks, profile, table, windows, always: synchronous !== undefined })
    this.sites = this.writer.sites
    const isEager = synchronous === true
    this.samplesToOptimize = isEager ? 1 : samplesToOptimize
    if (baseline) this.baseline = new Baseline({ host, imports, blocks, table, windows, sites: this.writer.sites, isEager })
  }

  /** Whether a region can be entered at a pc. */
  has(pc: number): boolean {
    return this.table.has(pc)
  }

  // --- compiling -----------------------------------------------------------------------------------------------------

  /** A block has been interpreted often enough to be compiled. */
  warm(pc: number): void {
    if (this.baseline === undefined) return this.compile(pc)
    if (this.isBroken) return
    if (this.table.room <= this.baseline.mostNext) this.dropRegions()
    try {
      this.baseline.want(pc)
    } catch (cause) {
      if (this.synchronous === true) throw cause
      // Blocks of the functions that did not come have no code: they must not count as compiled.
      this.dropRegions()
      this.giveUp(cause)
    }
  }

  /** Fuel ran out at a pc: a function of baseline code where that happens again and again is hot, and there most likely. */
  sample(pc: number): void {
    const start = this.baseline?.startOf(pc)
    if (start === undefined || this.table.hasRegion(pc)) return
    const count = (this.samples.get(start) ?? 0) + 1
    this.samples.set(start, count)
    if (count % this.samplesToOptimize !== 0) return
    // What leads to it may have run too rarely to be described: without the code around a loop the region would begin within it.
    for (const each of this.host.translatedIn(Math.max(pc - around, 0), pc + around)) this.blocks.get(each)
    this.writer.wantSampled(pc)
    this.compile(pc)
  }

  /** A block of baseline code was entered with an unusual floating-point status. */
  noteUnusual(pc: number): void {
    this.baseline?.noteUnusual(pc)
  }

  /**
   * Asks for a region for a block that has become hot. Compilation happens on V8's threads while the guest goes on in the
   * interpreter; regions that are asked for meanwhile wait and then share a module. What cannot be compiled stays with the
   * interpreter.
   */
  compile(hot: number, strictFloat = false): void {
    this.profile.observe(hot)
    if (this.table.room <= 0) this.dropRegions()
    this.writer.want(hot, strictFloat)
    if (this.synchronous ?? this.mayStall()) this.compileNow()
    else if (!this.isPlanned && this.mayBegin()) void this.compileSoon()
  }

  /** Compiles at once what has been asked for. */
  private compileNow(): void {
    const begun = performance.now()
    try {
      const batch = this.makeBatch(false)
      if (batch === undefined) return
      const started = performance.now()
      const module = new WebAssembly.Module(batch.bytes)
      const took = performance.now() - started
      this.budget.installing += took
      this.install(module, batch, took)
      this.writer.settle(batch)
      this.budget.noteStall(begun)
    } catch (cause) {
      if (this.synchronous === true) throw cause
      this.giveUp(cause)
    }
  }

  private async compileSoon(): Promise<void> {
    this.isPlanned = true
    // In the next turn: by then more blocks may be hot.
    await Promise.resolve()
    this.isPlanned = false
    this.beginModules()
  }

  /** Lets the host compile what has been asked for: while it works on one module the next is written. */
  private beginModules(): void {
    try {
      while (this.mayBegin()) {
        const batch = this.makeBatch(true)
        if (batch === undefined) return
        void this.compileBehind(batch)
      }
    } catch (cause) {
      this.giveUp(cause)
    }
  }

  private async compileBehind(batch: Batch): Promise<void> {
    const { generation } = this
    const started = performance.now()
    if (this.underWay.size === 0) this.budget.beginWaiting()
    this.underWay.add(batch)
    try {
      const module = await WebAssembly.compile(batch.bytes)
      if (generation === this.generation) this.install(module, batch, performance.now() - started)
      else for (const { pcs } of batch.regions) this.writer.forget(pcs)
      this.writer.settle(batch)
    } catch (cause) {
      this.giveUp(cause)
    }
    this.underWay.delete(batch)
    if (this.underWay.size === 0) this.budget.endWaiting()
    this.beginModules()
  }

  /** The guest can do without: a host that refuses to compile, or a mistake here, must not end its run. */
  private giveUp(cause: unknown): void {
    this.isBroken = true
    this.host.trace?.(`no more compilation: ${String(cause)}\n`)
  }

  private mayStall(): boolean {
    return this.underWay.size === 0 && !this.isPlanned && !this.isBroken && this.budget.mayStall()
  }

  /** Whether another module may be compiled while the guest goes on. */
  private mayBegin(): boolean {
    return this.underWay.size < maxUnderWay && !this.isBroken && this.budget.mayCompile()
  }

  /** @param ahead also what is likely to be asked for soon */
  private makeBatch(ahead: boolean): Batch | undefined {
    const started = performance.now()
    const batch = this.writer.write(ahead)
    this.budget.writing += performance.now() - started
    if (batch !== undefined) this.bytes += batch.bytes.length
    return batch
  }

  /** @param took milliseconds that the host's compiler took, for the trace */
  private install(module: WebAssembly.Module, { imports, number: written, regions }: Batch, took: number): void {
    // Those that were under way at the same time need not fit together.
    if (regions.length > this.table.room) return this.dropRegions()
    const started = performance.now()
    const { exports } = new WebAssembly.Instance(module, { env: { ...imports, ...this.table.environment() } })
    const number = ++this.modules
    for (const region of regions) {
      this.table.add(exports[region.name], region, written)
      this.regions++
      this.host.trace?.(describeRegion(region, number, took))
    }
    this.budget.installing += performance.now() - started
  }

  // --- compiling otherwise -------------------------------------------------------------------------------------------

  /**
   * The region entered at `pc` does not fit the floating-point status: puts the other kind in its place, compiled first if
   * there is none yet.
   */
  refit(pc: number): void {
    const strictFloat = this.table.isStrict(pc)
    if (strictFloat === undefined || this.table.exchange(pc)) return
    this.compile(pc, !strictFloat)
    this.countVain(pc, !strictFloat)
  }

  /** The region entered at `pc` keeps registers in 32 bits that need more: compiles one that does not. */
  widen(pc: number): void {
    const strictFloat = this.table.isStrict(pc)
    if (strictFloat === undefined) return
    // Without news too: a region that was written before the last news may have come after it.
    this.compileAgain(pc)
    this.countVain(pc, strictFloat)
  }

  /**
   * Accesses in the loop at `pc` must be checked one by one: compiles a region that does.
   *
   * @param entered where the region was entered
   */
  unhoist(pc: number, entered: number): void {
    const strictFloat = this.table.isStrict(pc)
    this.loosen(pc, pc)
    if (strictFloat !== undefined && pc === entered) this.countVain(pc, strictFloat)
  }

  /**
   * The rest of a block was left to the interpreter: where that happens often, its region is to check accesses one by one.
   *
   * @param entered where compiled code was entered
   */
  noteRest({ block, isBaseline, root }: Site, entered: number): void {
    if (isBaseline) return this.baseline?.noteRest(block)
    if (!this.profile.noteRest(block)) return
    // Regions call others: the one that was entered need not be the one that was left.
    const isEntered = this.table.leadAlike(entered, root)
    const strictFloat = this.table.isStrict(entered)
    this.loosen(block, isEntered ? entered : root)
    if (isEntered && strictFloat !== undefined) this.countVain(entered, strictFloat)
  }

  /** Accesses in the region of the block at `pc` must be checked one by one; `entry` is where it was entered. */
  private loosen(pc: number, entry: number): void {
    if (this.profile.loosen(pc)) this.compileAgain(entry)
  }

  /** Compiles the region that is entered at a pc, if there is one, by what has been seen meanwhile. */
  private compileAgain(entry: number): void {
    const strictFloat = this.table.isStrict(entry)
    if (strictFloat === undefined) return
    this.writer.replace(entry)
    this.compile(entry, strictFloat)
  }

  /**
   * The region entered at `pc` was left there, and one that does is on its way. But modules are taken only between runs of the guest,
   * which hardly gets on in this one: being left costs a hundred times what the instructions do. So, where that goes on, the entry
   * is given back to the interpreter, and what is missing compiled at once.
   */
  private countVain(pc: number, strictFloat: boolean): void {
    const count = (this.vain.get(pc) ?? 0) + 1
    this.vain.set(pc, count % maxVain)
    if (count < maxVain) return
    this.table.withdraw(pc)
    this.writer.insist(pc, strictFloat)
    if (!this.isBroken) this.compileNow()
  }

  // --- running -------------------------------------------------------------------------------------------------------

  /**
   * Runs the region that is entered at `pc`; all state is in memory. Gives the next pc or a `Leave`; the fuel left is in
   * `fuelLeft`.
   */
  enter(pc: number, fuel: number): number {
    return this.table.enter(pc, fuel)
  }

  /** Fuel left after `enter`. */
  get fuelLeft(): number {
    return this.state.i32[Cell.fuel >>> 2]!
  }

  /** What it did so far. */
  stats(): Omit<CompiledStats, "insns"> {
    const { budget, bytes, flushes, regions, table } = this
    return {
      regions: regions + (this.baseline?.functions ?? 0),
      bytes: bytes + (this.baseline?.bytes ?? 0),
      milliseconds: budget.writing + budget.installing + (this.baseline?.milliseconds ?? 0),
      backgroundMilliseconds: budget.waiting,
      slotsUsed: table.mostUsed,
      slots: table.capacity,
      flushes
    }
  }

  // --- dropping ------------------------------------------------------------------------------------------------------

  /** Drops all regions and blocks. */
  flush(): void {
    this.blocks.clear()
    this.dropRegions()
  }

  /** A block is gone: so is the compiled code that contains it. Other code finds it through the table of entries only. */
  removeBlock(pc: number): void {
    this.blocks.remove(pc)
    this.baseline?.withdraw(pc)
    this.writer.forget(this.table.dropWith(pc))
    for (const { regions } of this.underWay) if (regions.some(({ pcs }) => pcs.has(pc))) this.generation++
  }

  /** Pages `first` to `last` get other `PageFlag`s. */
  protect(first: number, last: number, flags: number): void {
    if (this.windows.protect(first, last, flags)) this.dropRegions()
  }

  /** Drops all regions, keeping the blocks they were made of. */
  private dropRegions(): void {
    this.table.clear()
    this.baseline?.clear()
    this.samples.clear()
    this.vain.clear()
    this.writer.clear()
    this.windows.clear()
    this.generation++
    this.flushes++
  }
}
