/** The regions that are installed: the function table that holds them, and the table of entries through which code finds them. */
import type { CpuState } from "../../../CpuState.ts"
import type { BatchRegion } from "../Batch.ts"
import type { JitHost } from "../JitHost.ts"
import { entryOffset, entryTableBase, entryTableBytes, firstIndex, indexShift, slotMask } from "../Runtime.ts"
import { type Enter, makeTrampoline } from "./trampoline.ts"

export class RegionTable {
  /** Functions that can be held at one time. */
  readonly capacity: number
  /** Whether the guest's memory is shared. */
  readonly shared: boolean
  private readonly state: CpuState
  private readonly host: Pick<JitHost, "published" | "withdrawn">
  /** Made when the first region is: most programs are too short for any. The first element stays empty. */
  private table: WebAssembly.Table | undefined
  private enterSlot: Enter | undefined
  private nextSlot = 1
  /** Slots in use before the last `clear`, or an earlier one. */
  private mostSlots = 0
  /**
   * Entries (`Runtime.ts`) by pc: those in use, those of baseline code; slots of regions for the usual floating-point status
   * and of those for any other.
   */
  private readonly entries = new Map<number, number>()
  private readonly baseline = new Map<number, number>()
  private readonly quickSlots = new Map<number, number>()
  private readonly strictSlots = new Map<number, number>()
  /** Whether the region in a slot does floating point out of line. */
  private readonly strict: Array<boolean> = []
  /** The blocks of the region in each slot that has one. */
  private readonly blocks = new Map<number, ReadonlySet<number>>()
  /** The number of the module that it came with. */
  private readonly batches: Array<number> = []

  constructor(state: CpuState, host: Pick<JitHost, "published" | "withdrawn">, capacity: number) {
    this.state = state
    this.host = host
    this.capacity = capacity
    this.shared = typeof SharedArrayBuffer !== "undefined" && state.buffer instanceof SharedArrayBuffer
    this.guardAddressZero()
  }

  /** Whether compiled code can be entered at a pc. */
  has(pc: number): boolean {
    return this.entries.has(pc)
  }

  /** Whether a region, not just baseline code, can be entered at a pc. */
  hasRegion(pc: number): boolean {
    return this.isStrict(pc) !== undefined
  }

  /** Whether the region entered at a pc does floating point out of line; undefined where there is none. */
  isStrict(pc: number): boolean | undefined {
    const entry = this.entries.get(pc)
    return entry === undefined ? undefined : this.strict[entry & slotMask]
  }

  /** Whether the same region is entered at two pcs. */
  leadAlike(a: number, b: number): boolean {
    return this.entries.get(a) === this.entries.get(b)
  }

  /** Slots that are free. */
  get room(): number {
    return this.capacity + 1 - this.nextSlot
  }

  get isEmpty(): boolean {
    return this.nextSlot === 1
  }

  /** Most slots that were in use at one time. */
  get mostUsed(): number {
    return Math.max(this.mostSlots, this.nextSlot - 1)
  }

  /** What modules of regions import besides functions. */
  environment(): WebAssembly.ModuleImports {
    if (this.table === undefined) {
      this.table = new WebAssembly.Table({ initial: this.capacity + 1, element: "anyfunc" })
      this.enterSlot = makeTrampoline(this.environment(), this.shared)
    }
    return { memory: this.state.memory, table: this.table }
  }

  /**
   * Adds a region, to be entered at `entries` from now on, where there is none that was written later: the host need not finish
   * modules in the order in which it got them.
   *
   * @param batch number of the module that it comes with, as they were written
   */
  add(
    region: unknown,
    { entries, pcs, strictFloat }: Pick<BatchRegion, "entries" | "pcs" | "strictFloat">,
    batch: number
  ): void {
    const slot = this.nextSlot++
    this.table!.set(slot, region)
    this.blocks.set(slot, pcs)
    this.strict[slot] = strictFloat
    this.batches[slot] = batch
    const kind = strictFloat ? this.strictSlots : this.quickSlots
    for (const pc of entries) {
      const known = kind.get(pc)
      if (known !== undefined && this.batches[known]! > batch) continue
      kind.set(pc, slot)
      this.publish(pc, slot)
    }
  }

  /**
   * Adds a function of baseline code, with the pcs of its blocks: each is entered there unless a region is.
   */
  addBaseline(compiled: unknown, pcs: ReadonlyArray<number>): void {
    const slot = this.nextSlot++
    this.table!.set(slot, compiled)
    pcs.forEach((pc, index) => {
      const entry = slot | ((firstIndex + index) << indexShift)
      this.baseline.set(pc, entry)
      if (!this.hasRegion(pc)) this.publish(pc, entry)
    })
  }

  /** Lets baseline code not be entered at a pc any more. */
  withdrawBaseline(pc: number): void {
    if (this.baseline.delete(pc) && !this.hasRegion(pc)) this.withdraw(pc)
  }

  /** Lets no region be entered at a pc, until one for it is added; baseline code is, if there is some. */
  withdraw(pc: number): void {
    const baseline = this.baseline.get(pc)
    if (baseline !== undefined) return this.publish(pc, baseline)
    if (!this.entries.delete(pc)) return
    const at = entryOffset(pc) >>> 2
    if (this.state.u32[at] === pc) {
      this.state.u32.fill(0, at, at + 2)
      this.guardAddressZero()
    }
    this.host.withdrawn(pc)
  }

  /** Drops the regions that contain a block, which has gone. Gives all of their blocks. */
  dropWith(pc: number): Array<number> {
    const gone: Array<number> = []
    for (const [slot, blocks] of this.blocks) {
      if (!blocks.has(pc)) continue
      gone.push(...blocks)
      this.blocks.delete(slot)
      this.table!.set(slot, null)
      for (const slots of [this.quickSlots, this.strictSlots]) {
        for (const [at, own] of slots) if (own === slot) slots.delete(at)
      }
      for (const [at, entry] of this.entries) if (entry === slot) this.withdraw(at)
    }
    return gone
  }

  /** Lets the region for the other kind of floating-point status be entered at a pc. Gives whether there is one. */
  exchange(pc: number): boolean {
    const other = (this.isStrict(pc) === true ? this.quickSlots : this.strictSlots).get(pc)
    if (other !== undefined) this.publish(pc, other)
    return other !== undefined
  }

  /** Calls the region that is entered at `pc`, with `fuel`; gives what it returns first. What fuel is left is in its cell. */
  enter(pc: number, fuel: number): number {
    const at = entryOffset(pc) >>> 2
    const { u32 } = this.state
    // Baseline code reads the number of its block there.
    if (u32[at] !== pc) {
      u32[at] = pc
      u32[at + 1] = this.entries.get(pc)!
    }
    return this.enterSlot!(u32[at + 1]! & slotMask, pc, fuel)
  }

  /** Drops all regions. */
  clear(): void {
    if (this.isEmpty) return
    for (let slot = 1; slot < this.nextSlot; slot++) this.table!.set(slot, null)
    for (const pc of this.entries.keys()) this.host.withdrawn(pc)
    this.mostSlots = this.mostUsed
    this.nextSlot = 1
    this.entries.clear()
    this.baseline.clear()
    this.strict.length = 0
    this.blocks.clear()
    this.quickSlots.clear()
    this.strictSlots.clear()
    this.state.u8.fill(0, entryTableBase, entryTableBase + entryTableBytes)
    this.guardAddressZero()
  }

  private publish(pc: number, entry: number): void {
    this.entries.set(pc, entry)
    const at = entryOffset(pc) >>> 2
    this.state.u32[at] = pc
    this.state.u32[at + 1] = entry
    this.host.published(pc)
  }

  /** An empty pair must not match a jump to address 0; only the first one could. */
  private guardAddressZero(): void {
    this.state.u32[entryTableBase >>> 2] = 1
  }
}
