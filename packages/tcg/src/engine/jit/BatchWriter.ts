/** The blocks that wait for regions, and how modules are made of what they ask for. */
import { addFindHigh } from "../operations/findHigh.ts"
import { PageFlag } from "../../Layout.ts"
import { ModuleWriter } from "../../wasm/ModuleWriter.ts"
import { ValType } from "../../wasm/Wasm.ts"
import type { Batch, BatchRegion } from "./Batch.ts"
import type { Blocks } from "./plan/Blocks.ts"
import { shareSpent } from "./plan/Budget.ts"
import { hasFusedMultiplyAdd } from "./hostFeatures.ts"
import type { JitHost } from "./JitHost.ts"
import type { Callees } from "./emit/lower/Context.ts"
import { addCheck, addRangeCheck, addRoom } from "./emit/pageChecks.ts"
import type { Profile } from "./plan/Profile.ts"
import { regionFrom, type RegionLimits, selectRegion } from "./plan/Region.ts"
import type { RegionSource } from "./analysis/RegionAnalysis.ts"
import { type CompileOptions, compileRegion, regionParameters, regionResults } from "./emit/RegionCompiler.ts"
import type { RegionTable } from "./install/RegionTable.ts"
import { retranslateRegion } from "./plan/retranslate.ts"
import type { JitImports } from "./Runtime.ts"
import type { Site } from "./emit/SideExits.ts"
import type { Windows } from "./install/Windows.ts"

const limits: RegionLimits = { maxBlocks: 200, maxOps: 3000 }

/** Bytes of functions after which a module takes no further region. */
const maxBatchBytes = 60_000

/** Milliseconds after which a module takes no further region: the guest stands still meanwhile. */
const maxBatchMilliseconds = 8

/** How many blocks are looked at for regions ahead of time, and which share of a region's cost must have been spent then. */
const maxLooks = 256
const worthAhead = 0.5

/** A hot block on which only this share of its own cost was spent is not looked at: the blocks around it will hardly make up for it. */
const hopeless = 0.3

/**
 * How often a region is compiled for one more entry. What is to be entered at more places than that stays in baseline code, which
 * goes on in the region where a loop of it begins.
 */
const maxGrowth = 2

/** What regions are made of and compiled by. */
export interface BatchSources {
  readonly host: JitHost
  readonly imports: JitImports
  readonly blocks: Blocks
  readonly profile: Profile
  readonly table: RegionTable
  readonly windows: Windows
  /** Compile what is asked for, whether it is worth it or not. */
  readonly always: boolean
}

/** A region that is asked for. */
interface Wish {
  readonly hot: number
  readonly strictFloat: boolean
  /** The share of its cost that must have been spent on it. */
  readonly worth: number
}

/** A module under way. */
export interface Draft {
  readonly module: ModuleWriter
  readonly regionType: number
  readonly callees: Callees
}

export class BatchWriter {
  /** Places in regions where they may be left, by number. */
  readonly sites: Array<Site> = []
  private readonly sources: BatchSources
  /** Blocks that wait for a region, with `strictFloat`. */
  private readonly wanted = new Map<number, boolean>()
  /** Blocks whose regions are being compiled. */
  private readonly coming = new Set<number>()
  /** Blocks in regions, which become entries if they are asked for all the same; with how often they had been interpreted then. */
  private readonly covered = new Map<number, number>()
  /** Blocks to which the regions around them do not lead: they go on outside, behind a write of the floating-point status. */
  private readonly apart = new Set<number>()
  /** Entries for which there is a region that does not do. */
  private readonly again = new Set<number>()
  /** Blocks that asked for regions that were not worth it yet. */
  private readonly early = new Set<number>()
  /** Blocks in baseline code that samples showed to be hot: worth a region whatever the interpreter has spent on them. */
  private readonly sampled = new Set<number>()
  /** How often the region of each root was compiled for one more entry, and blocks that are no entries for that reason. */
  private readonly grown = new Map<number, number>()
  private readonly refused = new Set<number>()
  private exactFma: boolean | undefined
  /** Modules written so far. */
  private written = 0

  constructor(sources: BatchSources) {
    this.sources = sources
  }

  /** Asks for a region for a hot block, unless one is being compiled. */
  want(hot: number, strictFloat: boolean): void {
    if (!this.coming.has(hot) && !this.refused.has(hot)) this.wanted.set(hot, strictFloat)
  }

  /** Asks for a region for a block of baseline code that is hot. */
  wantSampled(hot: number): void {
    this.sampled.add(hot)
    this.want(hot, false)
  }

  /** Asks for a region for a hot block, whatever is being compiled. */
  insist(hot: number, strictFloat: boolean): void {
    this.coming.delete(hot)
    this.wanted.set(hot, strictFloat)
  }

  /** The region that is entered at a pc does not do: the next that is asked for there is to take its place. */
  replace(entry: number): void {
    this.again.add(entry)
  }

  /** A batch's regions are installed, or never will be. */
  settle({ regions }: Batch): void {
    for (const { hot } of regions) this.coming.delete(hot)
  }

  /** The regions of these blocks are gone. */
  forget(pcs: Iterable<number>): void {
    for (const pc of pcs) this.covered.delete(pc)
  }

  /** Forgets what has been asked for and compiled so far. */
  clear(): void {
    this.wanted.clear()
    this.covered.clear()
    this.apart.clear()
    this.again.clear()
    this.early.clear()
    this.sampled.clear()
    this.grown.clear()
    this.refused.clear()
    this.sites.length = 0
  }

  /**
   * Writes a module of the regions that are wanted, as many as fit; undefined if there are none.
   *
   * @param ahead also those that are likely to be asked for soon: what is called in turn becomes hot at the same time
   */
  write(ahead: boolean): Batch | undefined {
    const { imports, table } = this.sources
    // Begun by its first region: most of what asks does so too early, and gets none.
    let draft: Draft | undefined
    const begin = () => (draft ??= beginModule())
    const regions: Array<BatchRegion> = []
    const begun = performance.now()
    let now = begun
    let size = 0
    const isFull = () =>
      size > maxBatchBytes || regions.length >= table.room || (!this.sources.always && now - begun > maxBatchMilliseconds)
    const add = (hot: number, strictFloat: boolean, worth: number) => {
      const region = this.addRegion(begin, { hot, strictFloat, worth }, regions.length)
      const last = now
      now = performance.now()
      if (region === undefined) return
      this.coming.add(hot)
      regions.push({ ...region, milliseconds: now - last })
      size += region.bytes
    }
    for (const [hot, strictFloat] of this.wanted) {
      if (isFull()) break
      this.wanted.delete(hot)
      const worth = this.sampled.delete(hot) ? 0 : 1
      if (table.isStrict(hot) !== strictFloat || this.again.delete(hot)) add(hot, strictFloat, worth)
    }
    if (ahead && regions.length > 0) {
      let looks = maxLooks
      for (const pc of this.early) {
        if (isFull() || looks-- === 0) break
        this.early.delete(pc)
        if (!table.hasRegion(pc) && !this.coming.has(pc)) add(pc, false, worthAhead)
      }
    }
    if (draft === undefined || regions.length === 0) return undefined
    const bytes = draft.module.finish({ sharedMemory: table.shared, unique: true })
    return { number: ++this.written, bytes, regions, imports }
  }

  /** Compiles the region for a hot block, the module's `number`th; undefined if there is none, or it is not worth it yet. */
  private addRegion(
    begin: () => Draft,
    { hot, strictFloat, worth }: Wish,
    number: number
  ): Omit<BatchRegion, "milliseconds"> | undefined {
    const { blocks, host, profile, table } = this.sources
    const mustEnter = this.covered.has(hot)
    if (mustEnter) blocks.noteJumpTarget(hot)
    const source = this.select(hot, worth)
    if (source === undefined) return undefined
    const { callees, module, regionType } = begin()
    // What the region covers need not be compiled by itself, unless it turns out to be entered otherwise: then it asks again.
    for (const { pc } of source.blocks) {
      if (this.wanted.get(pc) === strictFloat) this.wanted.delete(pc)
      this.early.delete(pc)
    }
    const compiled = compileRegion(
      source,
      { hot, must: mustEnter },
      {
        callees,
        regionType,
        exactFma: (this.exactFma ??= hasFusedMultiplyAdd()),
        strictFloat,
        wideAt: this.wideAt,
        sharing: profile.sharing(source.blocks),
        allows: this.allows,
        callbackNumber: host.callbackNumber,
        scoreboardAddress: host.scoreboardAddress,
        window: this.sources.windows.forFunction(),
        windowSize: this.windowSize,
        firstSite: this.sites.length
      }
    )
    if (mustEnter && !compiled.entries.includes(hot)) {
      this.apart.add(hot)
      return this.addRegion(begin, { hot, strictFloat, worth }, number)
    }
    this.sites.push(...compiled.sites)
    const { root } = source
    const name = `region_${root.toString(16)}_${number}`
    module.function(regionType, name, compiled.body)
    for (const { pc } of source.blocks) this.covered.set(pc, host.runs(pc))
    if (mustEnter && !table.hasRegion(hot)) this.grown.set(root, (this.grown.get(root) ?? 0) + 1)
    return {
      name,
      root,
      hot,
      entries: compiled.entries,
      pcs: new Set(source.blocks.map(({ pc }) => pc)),
      insns: source.blocks.reduce((sum, { ir }) => sum + ir.insns.length, 0),
      bytes: compiled.body.bytes.length,
      strictFloat,
      loose: profile.isLoose(source.blocks)
    }
  }

  /** The region to compile for a hot block; without one, as it is not worth it yet, the block is to ask again. */
  private select(hot: number, worth: number): RegionSource | undefined {
    const { always, blocks, host, table } = this.sources
    const mustBeWorth = !always && worth > 0 && !table.hasRegion(hot)
    const block = blocks.get(hot)
    // Finding the region costs, too: it costs as much as its hot block at least.
    const alone = mustBeWorth && block !== undefined ? shareSpent([block], this.uncovered) : Infinity
    if (alone < hopeless * worth) return this.refuse(hot, alone, worth)
    const region = (this.apart.has(hot) ? regionFrom : selectRegion)(blocks, hot, limits, host.isWarm)
    if (!always && this.covered.has(hot) && !table.hasRegion(hot) && (this.grown.get(region.root) ?? 0) >= maxGrowth) {
      this.refused.add(hot)
      return undefined
    }
    if (mustBeWorth) {
      const spent = region.blocks.length === 1 ? alone : shareSpent(region.blocks, this.uncovered)
      if (spent < worth) return this.refuse(hot, spent, worth)
    }
    return retranslateRegion(region, blocks, host)
  }

  /** A region is not worth it yet, of whose cost only this share was spent: its block is to ask again. */
  private refuse(hot: number, spent: number, worth: number): undefined {
    // Looked at ahead of time, it will ask by itself.
    if (worth === 1) this.sources.host.askAgain(hot, (1 / spent - 1) * this.uncovered(hot))
    this.early.add(hot)
  }

  // Made once, not for every region.
  private readonly wideAt: CompileOptions["wideAt"] = (pc) => this.sources.profile.wideAt(pc)
  private readonly allows: CompileOptions["allows"] = (low, high, needs) =>
    this.sources.windows.covers(low, high, (needs & PageFlag.write) !== 0)

  private readonly windowSize: CompileOptions["windowSize"] = (window) => this.sources.windows.sizeOf(window)

  /** How often a block was interpreted since a region came for it, if one did. */
  private readonly uncovered = (pc: number): number => Math.max(0, this.sources.host.runs(pc) - (this.covered.get(pc) ?? 0))
}

/** Begins a module of regions, with the functions that they call. */
export const beginModule = (): Draft => {
  const module = new ModuleWriter()
  const { i32 } = ValType
  const imports = {
    moveWindow: module.importFunction("moveWindow", module.type([i32, i32], [])),
    bringIn: module.importFunction("bringIn", module.type([i32, i32], [i32]))
  }
  const called = {
    float: module.importFunction("float", module.type([i32], [])),
    helper: module.importFunction("helper", module.type([i32, i32], [])),
    exec: module.importFunction("exec", module.type([i32], [i32])),
    mem: module.importFunction("mem", module.type([i32], [i32]))
  }
  const checks = { ...imports, findHigh: addFindHigh(module) }
  const callees = {
    ...called,
    checkRead: addCheck(module, "check_read", PageFlag.read, checks),
    checkWrite: addCheck(module, "check_write", PageFlag.write, checks),
    misaligned: addCheck(module, "misaligned", 0, checks),
    checkRange: addRangeCheck(module, checks),
    room: addRoom(module)
  }
  return { module, callees, regionType: module.type(regionParameters, regionResults) }
}
