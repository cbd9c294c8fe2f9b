/** The compiled tier: regions as WebAssembly functions, the table through which they are entered, and what they call. */
import type { Instrumentation } from "@emu/core/Instrumentation"
import type { ScoreboardU64 } from "@emu/core/Scoreboard"
import type { BlockCallback, IrBlock } from "../../ir/Block.ts"
import type { CpuState } from "../../CpuState.ts"
import type { CompiledStats } from "../../Engine.ts"
import { PageFlag } from "../../Layout.ts"
import { CodeWriter } from "../../wasm/CodeWriter.ts"
import { ModuleWriter } from "../../wasm/ModuleWriter.ts"
import { Insn, ValType } from "../../wasm/Wasm.ts"
import { type Batch, type BatchRegion, describeRegion } from "./Batch.ts"
import { Blocks, cutOf, type KnownBlock } from "./Blocks.ts"
import type { RegionBlock } from "./Cfg.ts"
import { hasFusedMultiplyAdd } from "./hostFeatures.ts"
import type { Window } from "./lower/Context.ts"
import { addCheck, addRangeCheck } from "./lower/memory.ts"
import { type Region, type RegionLimits, selectRegion } from "./Region.ts"
import { compileRegion, regionParameters, regionResults } from "./RegionCompiler.ts"
import type { Site } from "./SideExits.ts"
import { Cell, entryOffset, entryTableBase, entryTableBytes, type JitImports } from "./Runtime.ts"
import { Windows } from "./Windows.ts"
import { firstMemoryGlobal, type Globals, isLocalGlobal } from "./Dataflow.ts"

/** What the compiled tier asks of the engine. */
export interface JitHost {
  readonly imports: JitImports
  /**
   * Translates the first `limit` instructions at `pc` anew with the given instrumentation, asking no plugin. Undefined where
   * the code cannot be fetched any more.
   */
  readonly retranslate: (pc: number, limit: number, instrumentation: Instrumentation | undefined) => IrBlock | undefined
  readonly callbackNumber: (ir: IrBlock, callback: BlockCallback) => number
  readonly scoreboardAddress: (entry: ScoreboardU64) => { readonly address: number; readonly stride: number }
  /** Whether the block at a pc has run more than a few times. */
  readonly isWarm: (pc: number) => boolean
  /** How often the block at a pc was interpreted; 0 for one that is compiled. */
  readonly runs: (pc: number) => number
  /** The block at a pc was not worth a region yet: it is to ask again when it has run twice as often. */
  readonly askAgain: (pc: number) => void
  /** A region can be entered at this pc now: the block's code is to lead to it. */
  readonly published: (pc: number) => void
  /** No region can be entered at this pc any more. */
  readonly withdrawn: (pc: number) => void
  /** Receives a line for each region that is installed. */
  readonly trace: ((text: string) => void) | undefined
}

const limits: RegionLimits = { maxBlocks: 200, maxOps: 3000 }

/** Bytes of functions after which a module takes no further region. */
const maxBatchBytes = 60_000
/** The share of a run's time that compilation may take, on this thread and on V8's; beyond it hot blocks have to wait. */
const compileShare = 0.4
/** Milliseconds of compilation that are always granted. */
const grace = 150

/** What it costs to compile a region and each of its instructions, in interpreted instructions. */
const costOfRegion = 5_000
const costOfInsn = 500

/** The share of a run's time, and milliseconds that are always granted, for compilation that the guest waits for. */
const stallShare = 0.1
const stallGrace = 40

/** How often the rest of a block may be left to the interpreter. */
const maxRests = 100

/** Functions that can be held at one time, unless the options say otherwise; when there are as many all regions are dropped. */
const usualSlots = 1 << 15

/** Type of the trampoline's export: calls the region in a table slot, stores the fuel left in its cell, gives `next`. */
type Enter = (slot: number, pc: number, fuel: number) => number

export class Jit {
  /** Bytes of WebAssembly made. */
  bytes = 0
  private regions = 0
  private modules = 0
  /** Milliseconds spent on writing modules, on installing them, and waiting for V8 to compile them meanwhile. */
  private writing = 0
  private installing = 0
  private waiting = 0
  private flushes = 0
  /** Slots in use before the last flush, or an earlier one. */
  private mostSlots = 0
  readonly windows: Windows
  /** Regions are compiled at once, not while the guest goes on. */
  readonly synchronous: boolean | undefined
  private readonly state: CpuState
  private readonly host: JitHost
  /** The first element stays empty. */
  /** Made when the first region is: most programs are too short for any. */
  private table: WebAssembly.Table | undefined
  private enterSlot: Enter | undefined
  private exactFma: boolean | undefined
  /** Functions that the table can hold. */
  private readonly slotCount: number
  private readonly shared: boolean
  readonly blocks = new Blocks()
  private nextSlot = 1
  private readonly slots = new Map<number, number>()
  /** Blocks in the middle of regions, which become entries if they are asked for all the same. */
  private readonly covered = new Set<number>()
  /** Globals that were seen at blocks' entries with values that are not sign-extended from 32 bits. */
  private readonly wide = new Map<number, Globals>()
  /** Blocks of regions in which checks of several accesses failed that would have been allowed each by itself: how often. */
  private readonly loose = new Map<number, number>()
  /** Entries for which there is a region that does not do. */
  private readonly again = new Set<number>()
  /** How often the rest of a block was left to the interpreter. */
  private readonly rests = new Map<number, number>()
  /** Regions by entry, for the usual floating-point status and for any other. */
  private readonly quickSlots = new Map<number, number>()
  private readonly strictSlots = new Map<number, number>()
  readonly sites: Array<Site> = []
  /** Blocks that wait for a region, with `strictFloat`. */
  private readonly wanted = new Map<number, boolean>()
  /** Blocks whose regions are being compiled. */
  private readonly coming = new Set<number>()
  private compiling = false
  /** Compilation failed in a way that it cannot fail: there is no more of it. */
  private isBroken = false
  private readonly started = performance.now()
  /** Counts how often all regions were dropped: what was begun before must not be installed. */
  private generation = 0
  /** Whether the region in a table slot does floating point out of line. */
  private readonly strict: Array<boolean> = []

  /**
   * @param synchronous for tests: whether what is asked for is compiled at once, and whatever that costs; undefined where the
   *   figures below decide
   * @param slots functions that can be held at one time
   */
  constructor(state: CpuState, host: JitHost, synchronous: boolean | undefined, slots = usualSlots) {
    this.state = state
    this.slotCount = slots + 1
    this.host = host
    this.synchronous = synchronous
    this.windows = new Windows(state)
    this.shared = typeof SharedArrayBuffer !== "undefined" && state.buffer instanceof SharedArrayBuffer
    this.guardAddressZero()
  }

  /** Whether a region can be entered at a pc. */
  has(pc: number): boolean {
    return this.slots.has(pc)
  }

  /**
   * Asks for a region for a block that has become hot. Compilation happens on V8's threads while the guest goes on in the
   * interpreter; regions that are asked for meanwhile wait and then share a module. What cannot be compiled stays with the
   * interpreter.
   */
  compile(hot: number, strictFloat = false): void {
    this.observe(hot)
    if (this.nextSlot >= this.slotCount) this.dropRegions()
    if (!this.coming.has(hot)) this.wanted.set(hot, strictFloat)
    if (this.synchronous ?? this.mayStall()) this.compileNow()
    else if (!this.compiling && this.mayCompile()) void this.compileWanted()
  }

  /** Compiles at once what has been asked for: for tests, and for hosts that give no time to promises. */
  compileNow(): void {
    try {
      const batch = this.makeBatch()
      if (batch !== undefined) {
        const started = performance.now()
        const module = new WebAssembly.Module(batch.bytes)
        const took = performance.now() - started
        this.installing += took
        this.install(module, batch, took)
      }
    } catch (cause) {
      if (this.synchronous === true) throw cause
      this.giveUp(cause)
    }
    this.coming.clear()
  }

  /** The guest can do without: a host that refuses to compile, or a mistake here, must not end its run. */
  private giveUp(cause: unknown): void {
    this.isBroken = true
    this.host.trace?.(`no more compilation: ${String(cause)}\n`)
  }

  private async compileWanted(): Promise<void> {
    this.compiling = true
    // In the next turn: by then more blocks may be hot.
    await Promise.resolve()
    try {
      for (let batch = this.nextBatch(); batch !== undefined; batch = this.nextBatch()) {
        const { generation } = this
        const started = performance.now()
        const module = await WebAssembly.compile(batch.bytes)
        const took = performance.now() - started
        this.waiting += took
        if (generation === this.generation) this.install(module, batch, took)
        this.coming.clear()
      }
    } catch (cause) {
      this.giveUp(cause)
    }
    this.compiling = false
  }

  private nextBatch(): Batch | undefined {
    return this.mayCompile() ? this.makeBatch() : undefined
  }

  /**
   * Whether the guest may wait for a compilation. It stands still for a few milliseconds then, but in the interpreter it would
   * not do in that time what compiled code does in one.
   */
  private mayStall(): boolean {
    return (
      !this.compiling &&
      !this.isBroken &&
      this.writing + this.installing < stallGrace + stallShare * (performance.now() - this.started)
    )
  }

  private mayCompile(): boolean {
    if (this.isBroken) return false
    const spent = this.writing + this.waiting
    return spent < grace + compileShare * (performance.now() - this.started)
  }

  /** Writes a module of the regions that are wanted, as many as fit; undefined if there are none. */
  private makeBatch(): Batch | undefined {
    const started = performance.now()
    const module = new ModuleWriter()
    const { i32 } = ValType
    const callees = {
      float: module.importFunction("float", module.type([i32], [])),
      helper: module.importFunction("helper", module.type([i32, i32], [])),
      exec: module.importFunction("exec", module.type([i32], [i32])),
      mem: module.importFunction("mem", module.type([i32, i32], [i32]))
    }
    const checks = {
      checkRead: addCheck(module, "check_read", PageFlag.read),
      checkWrite: addCheck(module, "check_write", PageFlag.write),
      misaligned: addCheck(module, "misaligned", 0),
      checkRange: addRangeCheck(module)
    }
    const regionType = module.type(regionParameters, regionResults)
    const { callbackNumber, imports, scoreboardAddress } = this.host
    const regions: Array<BatchRegion> = []
    let size = 0
    for (const [hot, strictFloat] of this.wanted) {
      if (size > maxBatchBytes || this.nextSlot + regions.length >= this.slotCount) break
      this.wanted.delete(hot)
      const slot = this.slots.get(hot)
      if (slot !== undefined && this.strict[slot] === strictFloat && !this.again.delete(hot)) continue
      this.coming.add(hot)
      const mustEnter = this.covered.has(hot) && !this.blocks.noteJumpTarget(hot)
      const begun = performance.now()
      const isFirst = slot === undefined && this.synchronous === undefined
      const block = this.blocks.get(hot)
      // Finding the region costs, too.
      const selected =
        isFirst && block !== undefined && !this.isWorth([block], 0)
          ? undefined
          : selectRegion(this.blocks, hot, limits, this.host.isWarm)
      if (selected === undefined || (isFirst && !this.isWorth(selected.blocks, costOfInsn))) {
        this.host.askAgain(hot)
        continue
      }
      const source = this.translated(selected)
      if (source === undefined) continue
      const loose = Math.max(...source.blocks.map(({ pc }) => this.loose.get(pc) ?? 0))
      // What the region covers need not be compiled by itself, unless it turns out to be entered otherwise: then it asks again.
      for (const { pc } of source.blocks) if (this.wanted.get(pc) === strictFloat) this.wanted.delete(pc)
      const compiled = compileRegion(
        source,
        { hot, must: mustEnter },
        {
          callees: { ...callees, ...checks },
          regionType,
          exactFma: (this.exactFma ??= hasFusedMultiplyAdd()),
          strictFloat,
          wideAt: (pc) => this.wide.get(pc) ?? 0n,
          sharing: loose === 0 ? "ranges" : loose === 1 ? "constants" : "none",
          allows: (low, high, needs) => this.windows.covers(low, high, (needs & PageFlag.write) !== 0),
          callbackNumber,
          scoreboardAddress,
          window: (base, write) => this.windowFor(base, write),
          firstSite: this.sites.length
        }
      )
      this.sites.push(...compiled.sites)
      const { blocks, root } = source
      const bytes = compiled.body.bytes.length
      const name = `region_${root.toString(16)}_${regions.length}`
      module.function(regionType, name, compiled.body)
      const insns = blocks.reduce((sum, { ir }) => sum + ir.insns.length, 0)
      const milliseconds = performance.now() - begun
      for (const { pc } of blocks) this.covered.add(pc)
      regions.push({
        name,
        root,
        entries: compiled.entries,
        blocks: blocks.length,
        insns,
        bytes,
        milliseconds,
        strictFloat,
        loose: loose > 0
      })
      size += bytes
    }
    if (regions.length === 0) return undefined
    const bytes = module.finish({ sharedMemory: this.shared })
    this.bytes += bytes.length
    this.writing += performance.now() - started
    return { bytes, regions, imports }
  }

  /** Whether the interpreter has spent about as much on a region's blocks as its compilation will cost. */
  private isWorth(blocks: ReadonlyArray<KnownBlock>, perInsn: number): boolean {
    let spent = 0
    let insns = 0
    for (const { insnPcs, pc } of blocks) {
      spent += this.host.runs(pc) * insnPcs.length
      insns += insnPcs.length
    }
    return spent >= costOfRegion + perInsn * insns
  }

  /** @param took milliseconds that the host's compiler took, for the trace */
  private install(module: WebAssembly.Module, { imports, regions }: Batch, took: number): void {
    const started = performance.now()
    const { exports } = new WebAssembly.Instance(module, { env: { ...imports, ...this.environment() } })
    const number = ++this.modules
    for (const region of regions) {
      const { entries, name, strictFloat } = region
      const slot = this.nextSlot++
      this.functions().set(slot, exports[name])
      this.strict[slot] = strictFloat
      for (const pc of entries) {
        const kind = strictFloat ? this.strictSlots : this.quickSlots
        kind.set(pc, slot)
        this.publish(pc, slot)
      }
      this.regions++
      this.host.trace?.(describeRegion(region, number, took))
    }
    this.installing += performance.now() - started
  }

  /**
   * The region entered at `pc` does not fit the floating-point status: puts the other kind in its place, compiled first if
   * there is none yet.
   */
  refit(pc: number): void {
    const slot = this.slots.get(pc)
    if (slot === undefined) return
    const strictFloat = !this.strict[slot]!
    const other = (strictFloat ? this.strictSlots : this.quickSlots).get(pc)
    if (other === undefined) this.compile(pc, strictFloat)
    else this.publish(pc, other)
  }

  /** The region entered at `pc` keeps registers in 32 bits that need more: compiles one that does not. */
  widen(pc: number): void {
    const slot = this.slots.get(pc)
    if (slot === undefined || !this.observe(pc)) return
    this.again.add(pc)
    this.compile(pc, this.strict[slot])
  }

  /** Takes note of the globals' values as a block is entered. Gives whether there is news. */
  private observe(pc: number): boolean {
    const { i32 } = this.state
    const known = this.wide.get(pc) ?? 0n
    let wide = known
    for (let global = 0; global < firstMemoryGlobal; global++) {
      if (i32[2 * global + 1] !== i32[2 * global]! >> 31) wide |= 1n << BigInt(global)
    }
    if (wide !== known) this.wide.set(pc, wide)
    return wide !== known
  }

  /** The rest of a block was left to the interpreter: where that happens often, its region is to check accesses one by one. */
  noteRest(block: number, entry: number): void {
    const count = (this.rests.get(block) ?? 0) + 1
    this.rests.set(block, count % maxRests)
    if (count === maxRests) this.loosen(block, entry)
  }

  /** Accesses in the region of the block at `pc` must be checked one by one; `entry` is where it was entered. */
  loosen(pc: number, entry: number): void {
    const level = this.loose.get(pc) ?? 0
    if (level === 2) return
    this.loose.set(pc, level + 1)
    const slot = this.slots.get(entry)
    if (slot === undefined) return
    this.again.add(entry)
    this.compile(entry, this.strict[slot])
  }

  /** The IR of a region's blocks, cut where they overlap. */
  private translated({ blocks, root }: Region): { root: number; blocks: Array<RegionBlock> } | undefined {
    // The block that was asked for may be gone by now.
    if (blocks.length === 0) return undefined
    const byPc = new Map(blocks.map((block) => [block.pc, block]))
    const result: Array<RegionBlock> = []
    for (const block of blocks) {
      const made = this.translate(block, cutOf(block, byPc))
      if (made === undefined) return undefined
      result.push(made)
    }
    return { root, blocks: result }
  }

  private translate({ end, insnPcs, instrumentation, pc }: KnownBlock, cut: number | undefined): RegionBlock | undefined {
    const { host } = this
    const ir = host.retranslate(pc, cut ?? insnPcs.length, instrumentation && { tb: [], insns: instrumentation.insns })
    const hasHead = instrumentation !== undefined && instrumentation.tb.length > 0
    const head = hasHead ? host.retranslate(pc, 0, { tb: instrumentation.tb, insns: [] }) : undefined
    if (ir === undefined || (hasHead && head === undefined)) return undefined
    return {
      pc,
      end,
      ir,
      head,
      cut: cut === undefined ? undefined : insnPcs[cut]!,
      isJumpTarget: this.blocks.isJumpTarget(pc)
    }
  }

  private publish(pc: number, slot: number): void {
    this.slots.set(pc, slot)
    const at = entryOffset(pc) >>> 2
    this.state.u32[at] = pc
    this.state.u32[at + 1] = slot
    this.host.published(pc)
  }

  /**
   * Runs the region that is entered at `pc`; all state is in memory. Gives the next pc or a `Leave`; the fuel left is in
   * `fuelLeft`.
   */
  enter(pc: number, fuel: number): number {
    return this.enterSlot!(this.slots.get(pc)!, pc, fuel)
  }

  /** What it did so far. */
  stats(): Omit<CompiledStats, "insns"> {
    const { bytes, flushes, regions } = this
    return {
      regions,
      bytes,
      milliseconds: this.writing + this.installing,
      backgroundMilliseconds: this.waiting,
      slotsUsed: Math.max(this.mostSlots, this.nextSlot - 1),
      slots: this.slotCount - 1,
      flushes
    }
  }

  /** Fuel left after `enter`. */
  get fuelLeft(): number {
    return this.state.i32[Cell.fuel >>> 2]!
  }

  /** Drops all regions and blocks. */
  flush(): void {
    this.blocks.clear()
    this.dropRegions()
  }

  /** A block is gone: so are the regions, any of which may contain it. */
  removeBlock(pc: number): void {
    this.blocks.remove(pc)
    if (this.nextSlot > 1 || this.compiling) this.dropRegions()
  }

  /** Pages `first` to `last` get other `PageFlag`s. */
  protect(first: number, last: number, flags: number): void {
    const both = PageFlag.read | PageFlag.write
    if ((flags & both) !== both && this.windows.shrink(first, last)) this.dropRegions()
  }

  /** Drops all regions, keeping the blocks they were made of. */
  dropRegions(): void {
    for (let slot = 1; slot < this.nextSlot; slot++) this.table!.set(slot, null)
    for (const pc of this.slots.keys()) this.host.withdrawn(pc)
    this.mostSlots = Math.max(this.mostSlots, this.nextSlot - 1)
    this.nextSlot = 1
    this.generation++
    this.wanted.clear()
    this.slots.clear()
    this.covered.clear()
    this.again.clear()
    this.quickSlots.clear()
    this.strictSlots.clear()
    this.sites.length = 0
    this.windows.clear()
    this.state.u8.fill(0, entryTableBase, entryTableBase + entryTableBytes)
    this.guardAddressZero()
    this.flushes++
  }

  /** An empty pair must not match a jump to address 0; only the first one could. */
  private guardAddressZero(): void {
    this.state.u32[entryTableBase >>> 2] = 1
  }

  private environment() {
    return { memory: this.state.memory, table: this.functions() }
  }

  /** The table of regions. */
  private functions(): WebAssembly.Table {
    if (this.table === undefined) {
      this.table = new WebAssembly.Table({ initial: this.slotCount, element: "anyfunc" })
      this.enterSlot = this.makeTrampoline()
    }
    return this.table
  }

  private windowFor(base: number, write: boolean): Window | undefined {
    if (isLocalGlobal(base)) {
      const address = this.state.i64[base]!
      if (address > 0 && address < 0x100000000n) {
        const window = this.windows.around(Number(address), write)
        if (window !== undefined) return window
      }
    }
    return this.windows.largest(write)
  }

  private makeTrampoline(): Enter {
    const module = new ModuleWriter()
    const i32 = ValType.i32
    const regionType = module.type(regionParameters, regionResults)
    const code = new CodeWriter(3)
    const next = code.local(i32)
    const fuel = code.local(i32)
    code.get(1)
    code.i32(0)
    code.get(2)
    code.get(0)
    code.callIndirect(regionType)
    code.set(fuel)
    code.set(next)
    code.i32(0)
    code.get(fuel)
    code.memory(Insn.i32_store, Cell.fuel)
    code.get(next)
    module.function(module.type([i32, i32, i32], [i32]), "enter", code.body())
    const bytes = module.finish({ sharedMemory: this.shared })
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: this.environment() })
    return instance.exports["enter"] as Enter
  }
}
