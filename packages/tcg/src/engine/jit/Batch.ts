/** Regions on their way into one module, and the lines that `-d jit` shows of them. */
import type { JitImports } from "./Runtime.ts"

/** A region that was compiled. */
export interface BatchRegion {
  /** Name of its function in the module. */
  readonly name: string
  readonly root: number
  /** The block that it was asked for. */
  readonly hot: number
  /** Guest pcs at which it can be entered. */
  readonly entries: ReadonlyArray<number>
  /** Guest pcs of its blocks. */
  readonly pcs: ReadonlySet<number>
  /** Guest instructions. */
  readonly insns: number
  /** Size of its function. */
  readonly bytes: number
  /** Time it took to write the function. */
  readonly milliseconds: number
  readonly strictFloat: boolean
  readonly loose: boolean
}

/** What becomes one module. */
export interface Batch {
  /** Counts the modules as they are written: a later one is made by what has been seen since. */
  readonly number: number
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly regions: ReadonlyArray<BatchRegion>
  readonly imports: JitImports
}

const hex = (pc: number): string => `0x${pc.toString(16)}`

/**
 * Describes a region that was installed, in one line.
 *
 * @param module number of its module, as they are installed
 * @param milliseconds time until the host had compiled the whole module
 */
export const describeRegion = (region: BatchRegion, module: number, milliseconds: number): string => {
  const { bytes, entries, insns, loose, root, strictFloat } = region
  const parts = [
    `region ${hex(root)}: entries ${entries.map(hex).join(" ")}`,
    `${region.pcs.size} blocks`,
    `${insns} insns`,
    `${bytes} bytes`,
    `${region.milliseconds.toFixed(1)} ms`,
    `module ${module} (${milliseconds.toFixed(1)} ms)`
  ]
  if (strictFloat) parts.push("exact floating-point flags")
  if (loose) parts.push("accesses checked one by one")
  return `${parts.join(", ")}\n`
}
