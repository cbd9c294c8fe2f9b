/** Copies of a process's memory and running vCPU: one on which the reference works, and one of how the last stretch began. */
import { CpuState } from "../../CpuState.ts"
import * as Layout from "../../Layout.ts"
import { memoryDifference, nextDifferentPage, type StateDifference } from "./compareStates.ts"

/** Slots that engines share; those behind are an engine's own. */
const sharedSlots = Layout.CpuSlot.instructions + 1
const pages = Layout.guestEnd / Layout.pageSize

/** Addresses from a page to another, exclusive. */
interface Range {
  readonly start: number
  readonly end: number
}

const makeMemory = (): WebAssembly.Memory => {
  const memory = new WebAssembly.Memory({
    initial: 1,
    maximum: Layout.wasmPages,
    shared: typeof SharedArrayBuffer !== "undefined"
  })
  memory.grow(Layout.wasmPages - 1)
  return memory
}

export class Shadow {
  /** What the reference works on. */
  readonly state = new CpuState(makeMemory())
  /** As memory was when the engines last agreed; `keep` and `update` bring it up to date. */
  private readonly agreed = new CpuState(makeMemory())
  private readonly original: CpuState
  private mapped: ReadonlyArray<Range> = []
  /** Page protections have changed since the last look. */
  private isStale = true

  constructor(original: CpuState) {
    this.original = original
  }

  /** Page table entries have changed. */
  protectionsChanged(): void {
    this.isStale = true
  }

  /**
   * Makes the copy equal to the original: what the kernel and plugins changed while no guest code ran.
   *
   * @param changed told of pages (numbers) that got other contents or permissions and hold code that the reference translated
   */
  update(changed: (page: number) => void): void {
    const { original, state } = this
    state.i64.set(original.i64.subarray(0, sharedSlots))
    if (this.isStale) this.updateProtections(changed)
    for (const { end, start } of this.mapped) {
      for (let page = start; (page = nextDifferentPage(original, state, page, end)) < end; page += Layout.pageSize) {
        this.copy(page, page + Layout.pageSize)
        this.tellOfCode(page >>> Layout.pageShift, changed)
      }
    }
  }

  /** Copies bytes of the original. */
  copy(start: number, end: number): void {
    const bytes = this.original.u8.subarray(start, end)
    this.state.u8.set(bytes, start)
    this.agreed.u8.set(bytes, start)
  }

  /** The engines agree: takes note of registers. */
  keepRegisters(): void {
    this.agreed.i64.set(this.original.i64.subarray(0, sharedSlots))
  }

  /** The engines agree: takes note of bytes that code has written. */
  keep(address: number, size: number): void {
    for (let at = address; at < address + size; at++) this.agreed.u8[at] = this.original.u8[at]!
  }

  /** Goes back to where the engines last agreed, on both sides. */
  restore(): void {
    for (const side of [this.original, this.state]) {
      side.i64.set(this.agreed.i64.subarray(0, sharedSlots))
      for (const { end, start } of this.mapped) {
        for (let page = start; (page = nextDifferentPage(this.agreed, side, page, end)) < end; page += Layout.pageSize) {
          side.u8.set(this.agreed.u8.subarray(page, page + Layout.pageSize), page)
        }
      }
    }
  }

  /** The first eight bytes of mapped memory that differ. */
  memoryDifference(): StateDifference | undefined {
    for (const { end, start } of this.mapped) {
      const found = memoryDifference(this.original, this.state, start, end)
      if (found !== undefined) return found
    }
    return undefined
  }

  private updateProtections(changed: (page: number) => void): void {
    const { code } = Layout.PageFlag
    const from = this.original.pageTable
    const to = this.state.pageTable
    const ranges: Array<Range> = []
    let first = -1
    for (let page = 0; page <= pages; page++) {
      const flags = page < pages ? from[page]! & ~code : 0
      const old = to[page]!
      if (page < pages && flags !== (old & ~code)) {
        this.tellOfCode(page, changed)
        to[page] = flags | (to[page]! & code)
      }
      const frameFlags = page < pages ? this.original.frameTable[page]! : 0
      this.state.frameTable[page] = frameFlags
      if (((flags | frameFlags) & Layout.PageFlag.mapped) !== 0) {
        if (first < 0) first = page
      } else if (first >= 0) {
        ranges.push({ start: first * Layout.pageSize, end: page * Layout.pageSize })
        first = -1
      }
    }
    this.mapped = ranges
    this.isStale = false
  }

  /** Where the original has no code on a page, nobody else will say that the code there has changed. */
  private tellOfCode(page: number, changed: (page: number) => void): void {
    const { code } = Layout.PageFlag
    if ((this.state.pageTable[page]! & code) !== 0 && (this.original.pageTable[page]! & code) === 0) changed(page)
  }
}
