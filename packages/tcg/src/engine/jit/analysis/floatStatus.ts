/**
 * What a region assumes of the floating-point status: inexact already set, round to nearest. Then results are the host's but
 * for rare ones (`emit/lower/float.ts`). A region for any other status does everything out of line.
 */
import type { Op } from "../../../ir/Block.ts"
import { OpFlag, opTable } from "../../../ir/Opcode.ts"
import { CpuSlot } from "../../../Layout.ts"
import type { Cfg, RegionBlock } from "./Cfg.ts"
import { isBarrier } from "./Dataflow.ts"

/** Whether an operation reads or updates the floating-point status: regions with any test the status when entered. */
export const usesFpStatus = (op: Op): boolean => (opTable[op.opcode]!.flags & OpFlag.fpStatus) !== 0

/** Whether an operation sets the floating-point status outright (a CSR write). */
export const writesFpStatus = (op: Op): boolean =>
  opTable[op.opcode]!.outputs > 0 && (op.args[0] === CpuSlot.fpFlags || op.args[0] === CpuSlot.fpRound)

export interface FloatPolicy {
  /** Floating point is done out of line, and right for every status. */
  readonly strict: boolean
  /** The region is only entered with the status that it was compiled for. */
  readonly testsEntry: boolean
  /** The status must be tested again where other code may have changed it. */
  readonly testsAgain: boolean
}

/** How a region treats floating point. `strict` asks for one that is not for the usual status. */
export const floatPolicy = (blocks: ReadonlyArray<RegionBlock>, strict: boolean): FloatPolicy => {
  const uses = blocks.some(({ ir }) => ir.ops.some(usesFpStatus))
  // Where a helper or a callback may change the status in mid-block nothing can be assumed of it.
  const blind = uses && hasBarrier(blocks)
  return { strict: strict || blind, testsEntry: uses && !blind, testsAgain: uses && !strict && !blind }
}

/** Whether a helper or a callback in the blocks may write registers. */
export const hasBarrier = (blocks: ReadonlyArray<RegionBlock>): boolean =>
  blocks.some(({ head, ir }) => [ir, head].some((part) => part?.ops.some((op) => isBarrier(part, op))))

/** Makes blocks that write the status go on outside: the test at the region's entry decides about coming back. */
export const leaveAfterStatusWrites = (cfg: Cfg): void => {
  for (const node of cfg.nodes) {
    const { terminator } = node
    if (terminator.kind !== "goto" || !node.ir.ops.some(writesFpStatus)) continue
    const { resume } = cfg.nodes[terminator.target]!
    if (resume !== undefined) node.terminator = { kind: "leave", pc: resume }
  }
}
