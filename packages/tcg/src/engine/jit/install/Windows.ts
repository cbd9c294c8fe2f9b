/**
 * Windows: stretches of guest pages that allow an access now. Compiled code compares an address with the window of its
 * access before it asks the page table.
 *
 * Windows lie in the process's memory and change while code runs: the code names a window, not its bounds. So a page that
 * loses a permission shrinks windows, and no code goes. An access that misses its window is checked against the page
 * table, and moves the window to where it went after 1, 2, 4, 8, ... misses (`pageChecks.ts`).
 *
 * A window is three 32-bit words: its first address, the number of addresses at which an access of eight bytes may begin,
 * and the number of misses. A window of zeros is empty.
 */
import type { CpuState } from "../../../CpuState.ts"
import { PageFlag, pageShift, pageSize, windowsBase, windowsEnd } from "../../../Layout.ts"
import { isLocalGlobal } from "../analysis/Dataflow.ts"
import { Window } from "../Runtime.ts"

/** No stretch is looked for beyond this many pages to either side. */
const reach = 1 << 16

const usualCapacity = Math.floor((windowsEnd - windowsBase) / Window.bytes)

/** The first two windows are shared by what finds no other: never by loads and stores, which need different pages. */
const sharedWindows = 2

/**
 * How often code may be dropped because a page that it counted on changed. Programs that write code themselves, such as Java's
 * virtual machine, have constant addresses of pages that change again and again: there, such accesses get windows as well.
 */
const maxLosses = 4

/** Pages `first` to `last`. */
interface Run {
  readonly first: number
  readonly last: number
}

export class Windows {
  private readonly state: CpuState
  private readonly capacity: number
  /** Windows in use. */
  private used = sharedWindows
  /** Whether the accesses of each are stores. */
  private readonly writes: Uint8Array
  /** Stretches found since pages changed. */
  private readonly readable: Array<Run> = []
  private readonly writable: Array<Run> = []
  /** Pages in which code has accesses at constant addresses that it does not check, with the flags that they need. */
  private readonly constant = new Map<number, number>()
  /** How often such a page lost a flag, and which did: code does not count on these again. */
  private losses = 0
  private readonly lost = new Set<number>()

  /** @param capacity how many there can be, the two shared ones included */
  constructor(state: CpuState, capacity = usualCapacity) {
    this.state = state
    this.capacity = capacity
    this.writes = new Uint8Array(capacity)
    this.clear()
  }

  /** Gives the windows of one function: accesses off the same global share one, as loads or as stores. */
  forFunction(): (base: number, write: boolean) => number {
    const known = new Map<number, number>()
    return (base, write) => {
      if (!isLocalGlobal(base)) return this.add(base, write)
      const key = 2 * base + (write ? 1 : 0)
      let window = known.get(key)
      if (window === undefined) known.set(key, (window = this.add(base, write)))
      return window
    }
  }

  /**
   * A window for loads or stores off a value, as its address. It begins around what the value holds now, where that is a global.
   * When all are in use it is the one that all further loads, or all further stores, share.
   */
  add(base: number, write: boolean): number {
    if (this.used === this.capacity) return windowsBase + (write ? 1 : 0) * Window.bytes
    const index = this.used++
    const cell = windowsBase + index * Window.bytes
    this.writes[index] = write ? 1 : 0
    this.state.u32.fill(0, cell >>> 2, (cell + Window.bytes) >>> 2)
    if (isLocalGlobal(base)) {
      const address = this.state.i64[base]!
      if (address > 0n && address < 0x100000000n) this.move(cell, Number(address))
    }
    return cell
  }

  /** Bytes in a window now. */
  sizeOf(cell: number): number {
    const limit = this.state.u32[(cell + Window.limit) >>> 2]!
    return limit === 0 ? 0 : limit + 7
  }

  /** Moves a window to where an access went. */
  move(cell: number, address: number): void {
    const write = this.writes[(cell - windowsBase) / Window.bytes] === 1
    const run = this.around(address >>> pageShift, write)
    if (run !== undefined) this.set(cell, run)
  }

  /** Whether all of `low .. high - 1` allows accesses now. Code counts on it from now on: it must go when that changes. */
  covers(low: number, high: number, write: boolean): boolean {
    if (this.losses >= maxLosses) return false
    const needs = write ? PageFlag.write : PageFlag.read
    const looked = needs | PageFlag.volatile
    const first = Math.floor(low / pageSize)
    const last = Math.floor((high - 1) / pageSize)
    for (let page = first; page <= last; page++) {
      if ((this.state.pageTable[page]! & looked) !== needs || this.lost.has(page)) return false
    }
    for (let page = first; page <= last; page++) this.constant.set(page, (this.constant.get(page) ?? 0) | needs)
    return true
  }

  /** Pages `first` to `last` have other flags now. True if code counts on flags that are gone: it must be dropped. */
  protect(first: number, last: number, flags: number): boolean {
    this.readable.length = 0
    this.writable.length = 0
    for (let index = 0; index < this.used; index++) {
      const needs = needsOf(this.writes[index] === 1)
      this.change(windowsBase + index * Window.bytes, first, last, (flags & (needs | PageFlag.volatile)) === needs)
    }
    let isLost = false
    for (const [page, needs] of this.constant) {
      if (page < first || page > last || (flags & (needs | PageFlag.volatile)) === needs) continue
      this.lost.add(page)
      isLost = true
    }
    if (isLost) this.losses++
    return isLost
  }

  /** Forgets all windows; for when the code that has them is dropped. */
  clear(): void {
    this.state.u8.fill(0, windowsBase, windowsBase + this.used * Window.bytes)
    this.used = sharedWindows
    this.writes[1] = 1
    this.readable.length = 0
    this.writable.length = 0
    this.constant.clear()
  }

  /** Pages changed: a window that they touch grows over them, or keeps the larger part of what is left. */
  private change(cell: number, first: number, last: number, allows: boolean): void {
    const { u32 } = this.state
    const limit = u32[(cell + Window.limit) >>> 2]!
    if (limit === 0) return
    const from = u32[(cell + Window.low) >>> 2]! >>> pageShift
    const to = from + ((limit + 7) >>> pageShift) - 1
    if (allows) {
      if (first <= to + 1 && last >= from - 1) {
        this.set(cell, { first: Math.min(from, first), last: Math.max(to, last) })
      }
    } else if (first <= to && last >= from) {
      this.set(cell, first - from > to - last ? { first: from, last: first - 1 } : { first: last + 1, last: to })
    }
  }

  private set(cell: number, { first, last }: Run): void {
    const { u32 } = this.state
    const isEmpty = last < first
    u32[(cell + Window.low) >>> 2] = isEmpty ? 0 : first * pageSize
    u32[(cell + Window.limit) >>> 2] = isEmpty ? 0 : (last - first + 1) * pageSize - 7
  }

  /** The stretch around a page, or undefined where the page itself does not allow the access. */
  private around(page: number, write: boolean): Run | undefined {
    const known = write ? this.writable : this.readable
    const found = known.find(({ first, last }) => page >= first && page <= last)
    if (found !== undefined) return found
    const { pageTable } = this.state
    const needs = needsOf(write)
    const looked = needs | PageFlag.volatile
    const allows = (each: number) => (pageTable[each]! & looked) === needs
    if (!allows(page)) return undefined
    let first = page
    while (first > 0 && page - first < reach && allows(first - 1)) first--
    let last = page
    while (last - page < reach && allows(last + 1)) last++
    const run = { first, last }
    known.push(run)
    return run
  }
}

/** Windows of stores serve loads of the same value too. */
const needsOf = (write: boolean): number => (write ? PageFlag.read | PageFlag.write : PageFlag.read)
