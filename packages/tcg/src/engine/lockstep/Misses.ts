/**
 * Pages that move while code runs (`CpuState.bringIn`): the tested engine gets them from whoever manages the memory, the reference gets
 * at the same access what the tested one got.
 */
import type { CpuState } from "../../CpuState.ts"
import { guestEnd, PageFlag, pageSize } from "../../Layout.ts"

/** A page that changed hands: its flags, and its contents where it can be accessed. */
interface Moved {
  readonly page: number
  readonly flags: number
  /** Its flags as a part of a frame. */
  readonly frameFlags: number
  readonly bytes: Uint8Array
}

/** The page that was missed, and all that changed by getting it. */
interface Miss {
  readonly page: number
  readonly moved: ReadonlyArray<Moved>
}

const firstHigh = guestEnd / pageSize

export class Misses {
  private readonly tested: CpuState
  private readonly reference: CpuState
  private readonly dropCode: (page: number) => void
  private readonly queue: Array<Miss> = []
  private changed: Set<number> | undefined
  private isRunning = false
  private watched: CpuState["bringIn"] | undefined

  /** @param dropCode drops the reference's code of a page */
  constructor(tested: CpuState, reference: CpuState, dropCode: (page: number) => void) {
    this.tested = tested
    this.reference = reference
    this.dropCode = dropCode
    // The reference's frames are where the tested engine has its own.
    reference.place = (address, length) => tested.place(address, length)
    reference.bringIn = (page, needs) => {
      if (page >= firstHigh) {
        const place = tested.place(page * pageSize, 1)
        if (needs === PageFlag.mapped) return tested.bringIn(page, needs)
        if (place >= 0 && (reference.frameTable[place / pageSize]! & needs) === needs) return true
      }
      const at = this.queue.findIndex((miss) => miss.page === page)
      const [miss] = at < 0 ? [] : this.queue.splice(at, 1)
      if (miss !== undefined) this.apply(miss)
      return miss !== undefined
    }
  }

  /** Runs the tested engine. Misses meanwhile are written down. */
  watch<A>(run: () => A): A {
    if (this.tested.bringIn !== this.watched) this.tested.bringIn = this.watched = this.recorder(this.tested.bringIn)
    this.isRunning = true
    try {
      return run()
    } finally {
      this.isRunning = false
    }
  }

  /** Pages get other flags. */
  protect(first: number, last: number): void {
    for (let page = first; page <= last && this.changed !== undefined; page++) this.changed.add(page)
  }

  get isEmpty(): boolean {
    return this.queue.length === 0
  }

  /** Applies what the reference has not missed: it may fetch code at other times. */
  settle(): void {
    for (const miss of this.queue.splice(0)) this.apply(miss)
  }

  private recorder(bringIn: CpuState["bringIn"]): CpuState["bringIn"] {
    return (page, needs) => {
      // whether something is mapped is asked for reports only, and moves nothing
      if (!this.isRunning || needs === PageFlag.mapped) return bringIn(page, needs)
      const changed = (this.changed = new Set<number>())
      const isFine = bringIn(page, needs)
      this.changed = undefined
      if (isFine) this.queue.push({ page, moved: [...changed].map((one) => this.look(one)) })
      return isFine
    }
  }

  private look(page: number): Moved {
    const start = page * pageSize
    return {
      page,
      flags: this.tested.pageTable[page]! & ~PageFlag.code,
      frameFlags: this.tested.frameTable[page]!,
      bytes: this.tested.u8.slice(start, start + pageSize)
    }
  }

  private apply({ moved }: Miss): void {
    const { frameTable, pageTable, u8 } = this.reference
    for (const { bytes, flags, frameFlags, page } of moved) {
      if ((pageTable[page]! & PageFlag.code) !== 0) this.dropCode(page)
      pageTable[page] = flags
      frameTable[page] = frameFlags
      u8.set(bytes, page * pageSize)
    }
  }
}
