/** The memories that the processes of a run live in. */
import { CpuState } from "@emu/tcg/CpuState"
import type { EnginesShape } from "@emu/tcg/Engines"
import { CpuSlot } from "@emu/tcg/Layout"
import { GuestMemory } from "./GuestMemory.ts"
import { FileSegments } from "./SharedSegment.ts"

/** As many memories as there may be: each takes 4 GiB of the host's address space, and guards around it. */
const maxMemories = 1024

/** The memories of a run. Those that processes have left are used again: making one costs more than emptying it. */
export class GuestMemories {
  readonly #engines: EnginesShape
  readonly #makeMemory: () => WebAssembly.Memory
  /** Where the run begins. */
  readonly first: GuestMemory
  /** The files that processes share through mappings. */
  readonly files = new FileSegments()
  readonly #free: Array<GuestMemory> = []
  #count = 1

  /**
   * @param state the memory of the first one, which `engine` runs in
   * @param makeMemory throws RangeError where the host has no room for another one
   */
  constructor(
    { engine, state }: Pick<GuestMemory, "engine" | "state">,
    engines: EnginesShape,
    makeMemory: () => WebAssembly.Memory
  ) {
    this.#engines = engines
    this.#makeMemory = makeMemory
    this.first = new GuestMemory(state, engine, this.files)
    this.first.users = 1
  }

  /** A memory with nothing mapped, for one process; undefined where the host has no more room. */
  take(): GuestMemory | undefined {
    const guestMemory = this.#free.pop() ?? this.#make()
    if (guestMemory === undefined) return undefined
    guestMemory.users = 1
    guestMemory.state.i64.fill(0n, 0, CpuSlot.instructions + 1)
    return guestMemory
  }

  /** A process leaves its memory. The last one leaves it empty. */
  leave(guestMemory: GuestMemory): void {
    if (--guestMemory.users > 0) return
    guestMemory.engine.programEnded()
    // all code at once, before the memory goes page by page
    this.#engines.reset(guestMemory.engine)
    guestMemory.addressSpace.clear()
    guestMemory.loaded = undefined
    guestMemory.isShared = false
    this.#free.push(guestMemory)
  }

  #make(): GuestMemory | undefined {
    if (this.#count >= maxMemories) return undefined
    try {
      const state = new CpuState(this.#makeMemory())
      const engine = this.#engines.make(state)
      if (engine === undefined) return undefined
      this.#count++
      return new GuestMemory(state, engine, this.files)
    } catch (error) {
      // what WebAssembly says when there is no memory
      if (error instanceof RangeError) return undefined
      throw error
    }
  }
}
