/** Where processes live: memories, each with the engine that runs its code. */
import { CpuState } from "@emu/tcg/CpuState"
import type { Engine } from "@emu/tcg/Engine"
import type { EnginesShape } from "@emu/tcg/Engines"
import { cpuStateSlots, CpuSlot } from "@emu/tcg/Layout"
import { AddressSpace } from "./AddressSpace.ts"
import type { FileSegments } from "./SharedSegment.ts"
import { Futex } from "../threads/Futex.ts"
import type { Thread } from "../threads/Thread.ts"

/** A futex: where its waiters are queued, and by which number. */
export interface Waiters {
  readonly queue: Futex
  readonly key: number
}

/** A memory with its engine. A process keeps its place until it executes a program; after vfork, parent and child share one. */
export class Place {
  readonly state: CpuState
  readonly engine: Engine["Service"]
  readonly memory: AddressSpace
  readonly futex = new Futex()
  /** The registers of the thread that runs here. */
  readonly slots: BigInt64Array<ArrayBufferLike>
  /** Whose registers they are. */
  loaded: Thread | undefined
  /** Memory is shared with another thread or process, or has been. */
  isShared = false
  /** Processes that live here. */
  users = 0

  constructor(state: CpuState, engine: Engine["Service"], fileSegments?: FileSegments) {
    this.state = state
    this.engine = engine
    this.memory = new AddressSpace(state, engine, fileSegments)
    this.slots = state.i64.subarray(0, cpuStateSlots)
  }

  /** Those who wait at an address: with all processes that share it, unless that is private to this one. */
  waitersAt(address: number, isPrivate: boolean): Waiters {
    const shared = isPrivate ? undefined : this.memory.sharedAddress(address)
    return shared === undefined ? { queue: this.futex, key: address } : { queue: shared.segment.futex, key: shared.offset }
  }

  /** Loads a thread's registers; those of the thread before it are saved. */
  load(thread: Thread): void {
    if (this.loaded === thread) return
    this.loaded?.saved.set(this.slots)
    this.slots.set(thread.saved)
    this.loaded = thread
  }
}

/** As many memories as there may be: each takes 4 GiB of the host's address space, and guards around it. */
const maxPlaces = 1024

/** The places of a run. Those that processes have left are used again: making one costs more than emptying it. */
export class Places {
  readonly #engines: EnginesShape
  readonly #makeMemory: () => WebAssembly.Memory
  /** Where the run begins. */
  readonly first: Place
  readonly #fileSegments: FileSegments = new Map()
  readonly #free: Array<Place> = []
  #count = 1

  /**
   * @param state the memory of the first place, which `engine` runs in
   * @param makeMemory throws RangeError where the host has no room for another one
   */
  constructor(
    { engine, state }: Pick<Place, "engine" | "state">,
    engines: EnginesShape,
    makeMemory: () => WebAssembly.Memory
  ) {
    this.#engines = engines
    this.#makeMemory = makeMemory
    this.first = new Place(state, engine, this.#fileSegments)
    this.first.users = 1
  }

  /** A place with nothing mapped, for one process; undefined where the host has no more room. */
  take(): Place | undefined {
    const place = this.#free.pop() ?? this.#make()
    if (place === undefined) return undefined
    place.users = 1
    place.state.i64.fill(0n, 0, CpuSlot.instructions + 1)
    return place
  }

  /** A process leaves its place. The last one leaves it empty. */
  leave(place: Place): void {
    if (--place.users > 0) return
    // all code at once, before the memory goes page by page
    this.#engines.reset(place.engine)
    place.memory.clear()
    place.loaded = undefined
    place.isShared = false
    this.#free.push(place)
  }

  #make(): Place | undefined {
    if (this.#count >= maxPlaces) return undefined
    try {
      const state = new CpuState(this.#makeMemory())
      const engine = this.#engines.make(state)
      if (engine === undefined) return undefined
      this.#count++
      return new Place(state, engine, this.#fileSegments)
    } catch (error) {
      // what WebAssembly says when there is no memory
      if (error instanceof RangeError) return undefined
      throw error
    }
  }
}
