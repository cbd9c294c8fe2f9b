/**
 * What a region assumes of the floating-point status: inexact already set, round to nearest. Then results are the host's but
 * for rare ones (`lower/float.ts`). A region for any other status does everything out of line.
 */
import { CpuSlot, FpFlag } from "../../../Layout.ts"
import type { CodeWriter } from "../../../wasm/CodeWriter.ts"
import { Insn } from "../../../wasm/Wasm.ts"
import type { Cfg, RegionBlock } from "../analysis/Cfg.ts"
import { isBarrier } from "../analysis/Dataflow.ts"
import { usesFpStatus, writesFpStatus } from "./lower/float.ts"

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

/** Pushes 0 where the status is the usual one. */
export const pushUnusualStatus = (code: CodeWriter): void => {
  code.i32(0)
  code.memory(Insn.i32_load, CpuSlot.fpFlags * 8)
  code.i32(FpFlag.inexact)
  code.op(Insn.i32_and)
  code.op(Insn.i32_eqz)
  code.i32(0)
  code.memory(Insn.i32_load, CpuSlot.fpRound * 8)
  code.op(Insn.i32_or)
}

/** Makes blocks that write the status go on outside: the test at the region's entry decides about coming back. */
export const leaveAfterStatusWrites = (cfg: Cfg): void => {
  for (const node of cfg.nodes) {
    const { terminator } = node
    if (terminator.kind !== "goto" || !node.ir.ops.some(writesFpStatus)) continue
    const { resume } = cfg.nodes[terminator.target]!
    if (resume !== undefined) node.terminator = { kind: "leave", pc: resume }
  }
}
