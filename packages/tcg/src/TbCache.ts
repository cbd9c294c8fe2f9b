/** Translated blocks: by pc, by page, with the links between them. Engines say what an entry is. */
import type { CpuState } from "./CpuState.ts"
import * as Layout from "./Layout.ts"

/** A translated block, as an engine keeps it. */
export interface Tb {
  /** Guest address of the first instruction. */
  readonly pc: number
  /** Where its code is; what that means is the engine's business. Never negative. */
  readonly entry: number
  /** First and last guest page that its bytes touch. */
  readonly firstPage: number
  readonly lastPage: number
  /** The guest's bytes that it was translated from. */
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Places that jump straight to this block: the engine undoes them when the block goes. */
  readonly incoming: Array<number>
}

const jumpCacheSize = 1 << 15

/** A vCPU's cache of recent computed jumps: at 2 * `jumpCacheIndex`, the pc (as an Int32) and the block's entry. */
export type JumpCache = Int32Array<ArrayBuffer>

/** Index of a pc's pair in a jump cache. */
export const jumpCacheIndex = (pc: number): number => ((pc >>> 1) & (jumpCacheSize - 1)) << 1

/** The blocks that exist. Marks their pages in the page table, so that memory management knows where code came from. */
export class TbCache<T extends Tb> {
  private readonly byPc = new Map<number, T>()
  private readonly byPage = new Map<number, Set<T>>()
  private readonly jumpCaches: Array<JumpCache | undefined> = []
  private readonly pageTable: Uint8Array<ArrayBufferLike>
  private readonly u8: Uint8Array<ArrayBufferLike>
  private readonly unlink: (place: number) => void
  private readonly removed: (tb: T) => void

  /**
   * @param unlink undoes the jump at a place that `link` recorded
   * @param removed is told of each block that goes by itself (not of those that a flush of everything drops)
   */
  constructor(state: CpuState, unlink: (place: number) => void, removed: (tb: T) => void = () => {}) {
    this.pageTable = state.pageTable
    this.u8 = state.u8
    this.unlink = unlink
    this.removed = removed
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

  /** The jump cache of a vCPU. Lives as long as the cache; `flushJumpCache` empties it in place. */
  jumpCache(vcpu: number): JumpCache {
    return (this.jumpCaches[vcpu] ??= new Int32Array(2 * jumpCacheSize).fill(-1))
  }

  /** Empties a vCPU's jump cache. */
  flushJumpCache(vcpu: number): void {
    this.jumpCaches[vcpu]?.fill(-1)
  }

  /** Drops every block. */
  flush(): void {
    for (const page of this.byPage.keys()) {
      this.unmark(page)
    }
    this.byPc.clear()
    this.byPage.clear()
    for (const cache of this.jumpCaches) {
      cache?.fill(-1)
    }
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
   * Drops the blocks whose bytes are no longer those that they were translated from. Only pages that are writable now are
   * looked at: who makes a page unwritable calls `flushPages`.
   */
  flushChanged(): void {
    for (const [page, blocks] of this.byPage) {
      if ((this.pageTable[page]! & Layout.PageFlag.write) !== 0) {
        for (const tb of blocks) {
          if (tb.bytes.some((byte, i) => byte !== this.u8[tb.pc + i])) {
            this.remove(tb)
          }
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
    const index = jumpCacheIndex(tb.pc)
    for (const cache of this.jumpCaches) {
      if (cache?.[index + 1] === tb.entry) {
        cache.fill(-1, index, index + 2)
      }
    }
  }

  private unmark(page: number): void {
    this.pageTable[page] = this.pageTable[page]! & ~Layout.PageFlag.code
  }
}
