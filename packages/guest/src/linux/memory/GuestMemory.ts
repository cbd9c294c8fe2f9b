/** Where a process lives: a memory, with the engine that runs its code. */
import type { CpuState } from "@emu/tcg/CpuState"
import type { Engine } from "@emu/tcg/Engine"
import { cpuStateSlots } from "@emu/tcg/Layout"
import { AddressSpace } from "./AddressSpace.ts"
import type { FileSegments } from "./SharedSegment.ts"
import { Futex } from "../threads/Futex.ts"

/** A futex: where its waiters are queued, and by which number. */
export interface Waiters {
  readonly queue: Futex
  readonly key: number
}

/** A thread, as far as its memory knows it. */
export interface RegisterOwner {
  /** Its registers, while another one's are in the memory. */
  readonly saved: BigInt64Array<ArrayBufferLike>
}

/** A memory with its engine. A process keeps its memory until it executes a program; after vfork, parent and child share one. */
export class GuestMemory {
  readonly state: CpuState
  readonly engine: Engine["Service"]
  readonly addressSpace: AddressSpace
  readonly futex = new Futex()
  /** The registers of the thread that runs here. */
  readonly slots: BigInt64Array<ArrayBufferLike>
  /** Whose registers they are. */
  loaded: RegisterOwner | undefined
  /** Memory is shared with another thread or process, or has been. */
  isShared = false
  /** Processes that live here. */
  users = 0

  constructor(state: CpuState, engine: Engine["Service"], files?: FileSegments) {
    this.state = state
    this.engine = engine
    this.addressSpace = new AddressSpace(state, engine, files)
    this.slots = state.i64.subarray(0, cpuStateSlots)
  }

  /** A program is here now, whose path in the guest is given. */
  programStarted(path: string): void {
    this.engine.programStarted({ path, isFromFile: (page) => this.addressSpace.isFromFile(page) })
  }

  /** Those who wait at an address: with all processes that share it, unless that is private to this one. */
  waitersAt(address: number, isPrivate: boolean): Waiters {
    const shared = isPrivate ? undefined : this.addressSpace.sharedAddress(address)
    return shared === undefined ? { queue: this.futex, key: address } : { queue: shared.segment.futex, key: shared.offset }
  }

  /** Loads a thread's registers; those of the thread before it are saved. */
  load(thread: RegisterOwner): void {
    if (this.loaded === thread) return
    this.loaded?.saved.set(this.slots)
    this.slots.set(thread.saved)
    this.loaded = thread
  }
}
