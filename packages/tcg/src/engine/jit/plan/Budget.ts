/** What compilation may cost, measured against what the run has cost so far. */
import type { KnownBlock } from "./Blocks.ts"

/** The share of a run's time that compilation may take, on this thread and on V8's; beyond it hot blocks have to wait. */
const compileShare = 0.4
/** Milliseconds of compilation that are always granted. */
const grace = 150

/** The share of a run's time, and milliseconds that are always granted, for compilation that the guest waits for. */
const stallShare = 0.1
const stallGrace = 40

/**
 * How often the guest may wait in a row, running for less than a pause (milliseconds) in between. Where more blocks become hot one right
 * after another, there are many: they share a module instead, in which each costs a fifth of what it does by itself.
 */
const maxRow = 12
const pause = 1

/** What it costs to compile a region and each of its instructions, in interpreted instructions. */
const costOfRegion = 500
const costOfInsn = 250

/** Milliseconds that went into compilation. */
export class Budget {
  /** Writing modules. */
  writing = 0
  /** Installing them; and compiling them, where the guest waited for it. */
  installing = 0
  private waited = 0
  private waitingSince: number | undefined
  private readonly started = performance.now()
  /** When the guest waited last, and how often in a row. */
  private stalled = -Infinity
  private row = 0

  /** V8 begins to compile while the guest goes on. */
  beginWaiting(): void {
    this.waitingSince = performance.now()
  }

  /** V8 has nothing more to compile. */
  endWaiting(): void {
    this.waited = this.waiting
    this.waitingSince = undefined
  }

  /** Waiting for V8 to compile modules while the guest went on. */
  get waiting(): number {
    return this.waited + (this.waitingSince === undefined ? 0 : performance.now() - this.waitingSince)
  }

  /**
   * Whether the guest may wait for a compilation. It stands still for a few milliseconds then, but in the interpreter it would
   * not do in that time what compiled code does in one.
   */
  mayStall(): boolean {
    if (this.row >= maxRow && performance.now() - this.stalled < pause) return false
    return this.writing + this.installing < stallGrace + stallShare * this.elapsed()
  }

  /** The guest has waited for a compilation, since `begun`. */
  noteStall(begun: number): void {
    this.row = begun - this.stalled < pause ? this.row + 1 : 1
    this.stalled = performance.now()
  }

  /** Whether there may be a compilation that the guest does not wait for. */
  mayCompile(): boolean {
    return this.writing + this.waiting / 2 < grace + compileShare * this.elapsed()
  }

  private elapsed(): number {
    return performance.now() - this.started
  }
}

/**
 * How much the interpreter has spent on a region's blocks, as a share of what its compilation will cost.
 *
 * @param runs how often the block at a pc was interpreted
 */
export const shareSpent = (blocks: ReadonlyArray<KnownBlock>, runs: (pc: number) => number): number => {
  let spent = 0
  let insns = 0
  for (const { insnPcs, pc } of blocks) {
    spent += runs(pc) * insnPcs.length
    insns += insnPcs.length
  }
  return spent / (costOfRegion + costOfInsn * insns)
}
