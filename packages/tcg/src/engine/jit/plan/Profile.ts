/**
 * What was seen of blocks while they ran, for regions to be compiled by. It outlives the regions: what did not hold once is not
 * assumed again.
 */
import type { CpuState } from "../../../CpuState.ts"
import type { Sharing } from "../analysis/Accesses.ts"
import { firstMemoryGlobal, type Globals } from "../analysis/Dataflow.ts"

/** How often the rest of a block may be left to the interpreter. */
const maxRests = 100

/** By how often checks of several accesses failed that would have been allowed each by itself. */
const sharingLevels = ["strides", "ranges", "constants", "none"] as const satisfies ReadonlyArray<Sharing>

export class Profile {
  private readonly state: CpuState
  /** Globals that were seen at blocks' entries with values that are not sign-extended from 32 bits. */
  private readonly wide = new Map<number, Globals>()
  /** Levels of sharing, by block. */
  private readonly loose = new Map<number, number>()
  /** How often the rest of a block was left to the interpreter. */
  private readonly rests = new Map<number, number>()

  constructor(state: CpuState) {
    this.state = state
  }

  /** Takes note of the globals' values as a block is entered. Gives whether there is news. */
  observe(pc: number): boolean {
    const { i32 } = this.state
    const known = this.wideAt(pc)
    let wide = known
    for (let global = 0; global < firstMemoryGlobal; global++) {
      if (i32[2 * global + 1] !== i32[2 * global]! >> 31) wide |= 1n << BigInt(global)
    }
    if (wide !== known) this.wide.set(pc, wide)
    return wide !== known
  }

  /** Globals that were seen with wide values at the entry of the block at `pc`. */
  wideAt(pc: number): Globals {
    return this.wide.get(pc) ?? 0n
  }

  /** Takes note that the rest of a block was left to the interpreter. Gives whether that happens often. */
  noteRest(block: number): boolean {
    const count = (this.rests.get(block) ?? 0) + 1
    this.rests.set(block, count % maxRests)
    return count === maxRests
  }

  /** Lets accesses in regions of the block at `pc` share checks less. Gives whether they shared any. */
  loosen(pc: number): boolean {
    const level = this.loose.get(pc) ?? 0
    if (level === sharingLevels.length - 1) return false
    this.loose.set(pc, level + 1)
    return true
  }

  /** Whether accesses in a region of these blocks share less than they could. */
  isLoose(blocks: ReadonlyArray<{ readonly pc: number }>): boolean {
    return this.sharing(blocks) !== sharingLevels[0]
  }

  /** Which accesses may share a check in a region of these blocks. */
  sharing(blocks: ReadonlyArray<{ readonly pc: number }>): Sharing {
    return sharingLevels[Math.max(...blocks.map(({ pc }) => this.loose.get(pc) ?? 0))]!
  }
}
