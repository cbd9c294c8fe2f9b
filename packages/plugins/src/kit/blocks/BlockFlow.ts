/**
 * Follows the blocks that vCPUs execute through a trace of them, and counts where control went on elsewhere than behind a block: by
 * its last instruction (a branch), or by an exception in its middle (an early exit).
 */
import type { Trace, TraceBatch } from "@emu/core/Trace"
import { EdgeCounts } from "./EdgeCounts.ts"

/** An exit from the middle of a block. */
export interface EarlyExit {
  /** The instruction that was executed last. */
  readonly at: number
  /** The last instruction of its block, and where that would have gone on. */
  readonly blockEnd: number
  readonly next: number
  /** Where it went on instead. */
  readonly to: number
}

/** No block: nothing was executed yet. */
const none = -1

export class BlockFlow {
  readonly #onEarlyExit: (exit: EarlyExit) => void
  #trace: Pick<Trace, "drain" | "site"> | undefined
  /** The last instruction of each block, by address and length. */
  readonly #ends = new Map<string, number>()
  /** Blocks by their number in the trace: first and last instruction, and the address behind. */
  #starts = new Uint32Array(1024)
  #lasts = new Uint32Array(1024)
  #nexts = new Uint32Array(1024)
  #known = 0
  #edges = new EdgeCounts()
  /** What became of edges when code changed: targets by instruction. */
  readonly #branches = new Map<number, Map<number, number>>()
  /** For each vCPU the block executed last, and the instruction there that caused an exception, if any. */
  readonly #blocks: Array<number> = []
  readonly #faults: Array<number | undefined> = []

  constructor(onEarlyExit: (exit: EarlyExit) => void) {
    this.#onEarlyExit = onEarlyExit
  }

  /** The trace whose batches `follow` gets. */
  set trace(trace: Pick<Trace, "drain" | "site">) {
    this.#trace = trace
  }

  /** A block is translated. Code may have changed: then what ran before is dealt with first. */
  define(start: number, last: number, size: number): void {
    const key = `${start} ${size}`
    const known = this.#ends.get(key)
    if (known === last) return
    if (known !== undefined) {
      this.#trace!.drain()
      this.#fold()
      this.#known = 0
    }
    this.#ends.set(key, last)
  }

  /** A vCPU begins: it comes from nowhere. */
  begin(vcpu: number): void {
    this.#blocks[vcpu] = none
    this.#faults[vcpu] = undefined
  }

  /** An exception at an instruction that a vCPU was executing. */
  fault(vcpu: number, at: number): void {
    this.#trace!.drain()
    this.#faults[vcpu] = at
  }

  /** Takes a batch of the trace into account. */
  follow({ length, sites, vcpu }: TraceBatch): void {
    if (length === 0) return
    for (let i = 0; i < length; i++) if (sites[i]! >= this.#known) this.#learn(sites[i]!)
    let block = this.#afterFault(vcpu, sites[0]!)
    const edges = this.#edges
    const starts = this.#starts
    const nexts = this.#nexts
    // A tight loop makes one pair many times in a row: these are added up first.
    let from = none
    let to = none
    let times = 0
    for (let i = 0; i < length; i++) {
      const next = sites[i]!
      if (block !== none && starts[next] !== nexts[block]) {
        if (block === from && next === to) times++
        else {
          if (times > 0) edges.add(from, to, times)
          from = block
          to = next
          times = 1
        }
      }
      block = next
    }
    if (times > 0) edges.add(from, to, times)
    this.#blocks[vcpu] = block
  }

  /** Branches by instruction and target, in the order in which they were first taken. */
  branches(): ReadonlyMap<number, ReadonlyMap<number, number>> {
    this.#fold()
    return this.#branches
  }

  #fold(): void {
    const edges = this.#edges
    for (let i = 0; i < edges.length; i++) {
      const from = this.#lasts[edges.from[i]!]!
      const to = this.#starts[edges.to[i]!]!
      const targets = this.#branches.get(from) ?? new Map<number, number>()
      this.#branches.set(from, targets.set(to, (targets.get(to) ?? 0) + edges.count(i)))
    }
    this.#edges = new EdgeCounts()
  }

  /** The block that the first block of a batch was branched to from; none where it was left in its middle. */
  #afterFault(vcpu: number, to: number): number {
    const block = this.#blocks[vcpu] ?? none
    const at = this.#faults[vcpu]
    this.#faults[vcpu] = undefined
    if (block === none || at === undefined) return block
    const blockEnd = this.#lasts[block]!
    const next = this.#nexts[block]!
    // What could not be fetched is in no block; and a block's last instruction that faults is a branch like any other.
    if (at < this.#starts[block]! || at >= blockEnd) return block
    this.#onEarlyExit({ at, blockEnd, next, to: this.#starts[to]! })
    return none
  }

  #learn(upTo: number): void {
    while (this.#starts.length <= upTo) {
      this.#starts = grown(this.#starts)
      this.#lasts = grown(this.#lasts)
      this.#nexts = grown(this.#nexts)
    }
    for (let number = this.#known; number <= upTo; number++) {
      const { pc, size } = this.#trace!.site(number)
      this.#starts[number] = pc
      this.#lasts[number] = this.#ends.get(`${pc} ${size}`)!
      this.#nexts[number] = pc + size
    }
    this.#known = upTo + 1
  }
}

const grown = (array: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> => {
  const result = new Uint32Array(2 * array.length)
  result.set(array)
  return result
}
