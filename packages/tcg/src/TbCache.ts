/** Translated blocks: by pc, by page, with the links between them. Engines say what an entry is. */
import type { CpuState } from "./CpuState.ts"
import * as Layout from "./Layout.ts"

/** A translated block, as an engine keeps it. */
export interface Tb {
  /** Guest address of the first instruction. */
  readonly pc: number
  /** Where its code is; what that means is the engine's business. Never negative. */
  readonly entry: number
  /** Guest address behind the last instruction. */
  readonly end: number
  /** First and last guest page that its bytes touch. */
  readonly firstPage: number
  readonly lastPage: number
  /** The guest's bytes that it was translated from; undefined as long as none of its pages is writable. */
  bytes: Uint8Array<ArrayBuffer> | undefined
  /** Places that jump straight to this block: the engine undoes them when the block goes. */
  readonly incoming: Array<number>
}

/** Index in the Int32 view of a pc's pair in the cache of computed jumps. */
export const jumpCacheAt = (pc: number): number => (Layout.jumpCacheBase >>> 2) + (((pc << 2) & Layout.jumpCacheMask) >>> 2)

/**
 * The blocks that exist. Marks their pages in the page table, so that memory management knows where code came from. Keeps the cache of
 * computed jumps, which lies in memory and which all vCPUs share.
 */
export class TbCache<T extends Tb> {
  private readonly byPc = new Map<number, T>()
  private readonly byPage = new Map<number, Set<T>>()
  /** Whether there may be something in the cache of computed jumps, as there is in memory that nobody has looked at. */
  private hasJumps = true
  private readonly pageTable: Uint8Array<ArrayBufferLike>
  private readonly u8: Uint8Array<ArrayBufferLike>
  private readonly i32: Int32Array<ArrayBufferLike>
  private readonly unlink: (place: number) => void
  private readonly removed: (tb: T) => void

  /**
   * @param unlink undoes the jump at a place that `link` recorded
   * @param removed is told of each block that goes by itself (not of those that a flush of everything drops)
   */
  constructor(state: CpuState, unlink: (place: number) => void, removed: (tb: T) => void = () => {}) {
    this.pageTable = state.pageTable
    this.u8 = state.u8
    this.i32 = state.i32
    this.unlink = unlink
    this.removed = removed
    this.flushJumpCache()
  }

  get size(): number {
    return this.byPc.size
  }

  /** The block that begins at a pc. */
  get(pc: number): T | undefined {
    return this.byPc.get(pc)
  }

  /** Adds a block; one that began at the same pc is replaced. */
  add(tb: T): void {
    const old = this.byPc.get(tb.pc)
    if (old !== undefined) {
      this.remove(old)
    }
    this.byPc.set(tb.pc, tb)
    for (let page = tb.firstPage; page <= tb.lastPage; page++) {
      const blocks = this.byPage.get(page)
      if (blocks === undefined) {
        this.byPage.set(page, new Set([tb]))
        this.pageTable[page] = this.pageTable[page]! | Layout.PageFlag.code
      } else {
        blocks.add(tb)
      }
    }
  }

  /** Records that the code at `place` now jumps straight to a block. */
  link(tb: T, place: number): void {
    tb.incoming.push(place)
  }

  /** Remembers a block as what computed jumps to its pc lead to. */
  cacheJump(tb: T): void {
    this.hasJumps = true
    const at = jumpCacheAt(tb.pc)
    this.i32[at] = tb.pc
    this.i32[at + 1] = tb.entry
  }

  /** Empties the cache of computed jumps. That of a memory where nothing has run since is empty, and costs nothing. */
  flushJumpCache(): void {
    if (!this.hasJumps) return
    this.hasJumps = false
    this.i32.fill(-1, Layout.jumpCacheBase / 4, Layout.jumpCacheEnd / 4)
  }

  /** Drops every block. */
  flush(): void {
    for (const page of this.byPage.keys()) {
      this.unmark(page)
    }
    this.byPc.clear()
    this.byPage.clear()
    this.flushJumpCache()
  }

  /** Drops the blocks that contain bytes of pages `first` to `last`. */
  flushPages(first: number, last: number): void {
    for (const [page, blocks] of this.byPage) {
      if (page >= first && page <= last) {
        blocks.forEach((tb) => this.remove(tb))
      }
    }
  }

  /**
   * Drops the blocks whose bytes are no longer those that they were translated from, or not known to be. Only pages that are writable now are
   * looked at: who makes a page unwritable calls `flushPages`.
   */
  flushChanged(): void {
    for (const [page, blocks] of this.byPage) {
      if ((this.pageTable[page]! & Layout.PageFlag.write) !== 0) {
        for (const tb of blocks) {
          if (!this.isUnchanged(tb)) this.remove(tb)
        }
      }
    }
  }

  private remove(tb: T): void {
    this.byPc.delete(tb.pc)
    for (let page = tb.firstPage; page <= tb.lastPage; page++) {
      const blocks = this.byPage.get(page)
      if (blocks?.delete(tb) === true && blocks.size === 0) {
        this.byPage.delete(page)
        this.unmark(page)
      }
    }
    this.removed(tb)
    tb.incoming.forEach(this.unlink)
    tb.incoming.length = 0
    const at = jumpCacheAt(tb.pc)
    if (this.i32[at + 1] === tb.entry) this.i32.fill(-1, at, at + 2)
  }

  /** The blocks that touch a page. */
  onPage(page: number): Iterable<T> {
    return this.byPage.get(page) ?? []
  }

  /** Pages `first` to `last` are about to become writable: keeps the bytes of their blocks. */
  keepBytes(first: number, last: number): void {
    const keep = (blocks: ReadonlySet<T> | undefined) => {
      blocks?.forEach((tb) => {
        tb.bytes ??= this.u8.slice(tb.pc, tb.end)
      })
    }
    if (last - first < this.byPage.size) for (let page = first; page <= last; page++) keep(this.byPage.get(page))
    else for (const [page, blocks] of this.byPage) if (page >= first && page <= last) keep(blocks)
  }

  /** Whether one of two pages, that of a block's first byte and that of its last, is writable now. */
  isWritable(first: number, last: number): boolean {
    return ((this.pageTable[first]! | this.pageTable[last]!) & Layout.PageFlag.write) !== 0
  }

  /** Whether memory still holds the bytes that a block was translated from; where that is not known, whether it cannot have changed. */
  isUnchanged({ bytes, firstPage, lastPage, pc }: T): boolean {
    if (bytes === undefined) return !this.isWritable(firstPage, lastPage)
    for (let i = 0; i < bytes.length; i++) if (bytes[i] !== this.u8[pc + i]) return false
    return true
  }

  private unmark(page: number): void {
    this.pageTable[page] = this.pageTable[page]! & ~Layout.PageFlag.code
  }
}
