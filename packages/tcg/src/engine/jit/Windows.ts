/**
 * Stretches of guest pages that allow an access now, for compiled code to test addresses against. Code has them baked in: it
 * must go when pages in one of them lose the permission.
 */
import type { CpuState } from "../../CpuState.ts"
import { PageFlag, pageShift, pageSize } from "../../Layout.ts"
import { isLocalGlobal } from "./analysis/Dataflow.ts"
import type { Window } from "./emit/lower/Context.ts"

/** No window is looked for beyond this many pages to either side. */
const reach = 1 << 16

export class Windows {
  private readonly state: CpuState
  private readonly reads: Array<Window> = []
  private readonly writes: Array<Window> = []
  /** Pages that lost a permission while a window covered them are not put into windows again: they would thrash. */
  private readonly unstable = new Set<number>()

  constructor(state: CpuState) {
    this.state = state
  }

  /** The window around an address, or undefined where the address itself does not allow it. Writable ones can be read too. */
  around(address: number, write: boolean): Window | undefined {
    const known = write ? this.writes : this.reads
    const found = known.find(({ low, size }) => address >= low && address < low + size)
    if (found !== undefined) return found
    const needs = write ? PageFlag.read | PageFlag.write : PageFlag.read
    const allows = (page: number) => (this.state.pageTable[page]! & needs) === needs && !this.unstable.has(page)
    const page = address >>> pageShift
    if (!allows(page)) return undefined
    let first = page
    while (first > 0 && page - first < reach && allows(first - 1)) first--
    let last = page
    while (last - page < reach && allows(last + 1)) last++
    const window = { low: first * pageSize, size: (last - first + 1) * pageSize }
    known.push(window)
    return window
  }

  /** Whether all of `low .. high - 1` allows accesses now. Compiled code that counts on it must go when that changes. */
  covers(low: number, high: number, write: boolean): boolean {
    const window = this.around(low, write)
    return window !== undefined && high <= window.low + window.size
  }

  /** The window that accesses off a value will be in, as a guess: around what a global holds now, else the largest so far. */
  guess(base: number, write: boolean): Window | undefined {
    if (isLocalGlobal(base)) {
      const address = this.state.i64[base]!
      if (address > 0 && address < 0x100000000n) {
        const window = this.around(Number(address), write)
        if (window !== undefined) return window
      }
    }
    return this.largest(write)
  }

  private largest(write: boolean): Window | undefined {
    let best: Window | undefined
    for (const window of write ? this.writes : this.reads) if (best === undefined || window.size > best.size) best = window
    return best
  }

  /** Takes note that pages may have lost permissions. True if a window is no longer true: then compiled code must go. */
  shrink(first: number, last: number): boolean {
    const low = first * pageSize
    const high = (last + 1) * pageSize
    const hit = [...this.reads, ...this.writes].some((w) => w.low < high && low < w.low + w.size)
    if (hit) {
      for (let page = first; page <= last && page - first < reach; page++) this.unstable.add(page)
      this.clear()
    }
    return hit
  }

  /** Forgets all windows; for when the code that has them is dropped. */
  clear(): void {
    this.reads.length = 0
    this.writes.length = 0
  }
}
