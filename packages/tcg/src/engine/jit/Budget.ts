/** What compilation may cost, measured against what the run has cost so far. */
import type { KnownBlock } from "./Blocks.ts"

/** The share of a run's time that compilation may take, on this thread and on V8's; beyond it hot blocks have to wait. */
const compileShare = 0.4
/** Milliseconds of compilation that are always granted. */
const grace = 150

/** The share of a run's time, and milliseconds that are always granted, for compilation that the guest waits for. */
const stallShare = 0.1
const stallGrace = 40

/** What it costs to compile a region and each of its instructions, in interpreted instructions. */
const costOfRegion = 5_000
const costOfInsn = 500

/** Milliseconds that went into compilation. */
export class Budget {
  /** Writing modules. */
  writing = 0
  /** Installing them; and compiling them, where the guest waited for it. */
  installing = 0
  /** Waiting for V8 to compile them while the guest went on. */
  waiting = 0
  private readonly started = performance.now()

  /**
   * Whether the guest may wait for a compilation. It stands still for a few milliseconds then, but in the interpreter it would
   * not do in that time what compiled code does in one.
   */
  mayStall(): boolean {
    return this.writing + this.installing < stallGrace + stallShare * this.elapsed()
  }

  /** Whether there may be a compilation that the guest does not wait for. */
  mayCompile(): boolean {
    return this.writing + this.waiting < grace + compileShare * this.elapsed()
  }

  private elapsed(): number {
    return performance.now() - this.started
  }
}

/** Whether the interpreter has spent about as much on a block as a region costs, however small. */
export const isWorthLooking = (block: KnownBlock, runs: (pc: number) => number): boolean =>
  spentOn(block, runs) >= costOfRegion

/**
 * Whether the interpreter has spent about as much on a region's blocks as its compilation will cost.
 *
 * @param runs how often the block at a pc was interpreted
 */
export const isWorthCompiling = (blocks: ReadonlyArray<KnownBlock>, runs: (pc: number) => number): boolean => {
  let spent = 0
  let insns = 0
  for (const block of blocks) {
    spent += spentOn(block, runs)
    insns += block.insnPcs.length
  }
  return spent >= costOfRegion + costOfInsn * insns
}

const spentOn = ({ insnPcs, pc }: KnownBlock, runs: (pc: number) => number): number => runs(pc) * insnPcs.length
