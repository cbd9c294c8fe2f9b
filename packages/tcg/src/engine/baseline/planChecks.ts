/**
 * Which accesses of a block share a check of guest memory: those off a value that does not change in between. The check
 * stands in front of the first. It asks for more than that access needs: where it fails, the interpreter does
 * the rest of the block and finds out what is allowed.
 */
import type { IrBlock, Op } from "../../ir/Block.ts"
import { MemOp, Opcode, opTable } from "../../ir/Opcode.ts"
import { PageFlag } from "../../Layout.ts"
import type { Check } from "../jit/analysis/Accesses.ts"
import { isBarrier } from "../jit/analysis/Dataflow.ts"

/** The checks of a block by the operation that they stand in front of, and the accesses that need none of their own. */
export interface BlockChecks {
  readonly checks: ReadonlyMap<Op, Check>
  readonly covered: ReadonlySet<Op>
}

/** A check covers no more bytes than this: a stretch of a stack frame or of an object. */
const reach = 2048

interface Group {
  readonly first: Op
  readonly ops: Array<Op>
  readonly check: Check
}

/** Plans the checks of a block's loads and stores. */
export const planChecks = (ir: IrBlock): BlockChecks => {
  const checks = new Map<Op, Check>()
  const covered = new Set<Op>()
  /** The open group of each base. */
  const groups = new Map<number, Group>()
  const settle = (group: Group): void => {
    if (group.ops.length < 2) return
    checks.set(group.first, group.check)
    for (const op of group.ops) covered.add(op)
  }
  const close = (base: number) => {
    const group = groups.get(base)
    if (group === undefined) return
    groups.delete(base)
    settle(group)
  }
  const closeAll = () => {
    if (groups.size === 0) return
    groups.forEach(settle)
    groups.clear()
  }
  for (const op of ir.ops) {
    const { args, opcode } = op
    if (opcode === Opcode.set_label || isBarrier(ir, op)) closeAll()
    if ((opcode === Opcode.guest_ld || opcode === Opcode.guest_st) && args[1]! >= 0) {
      const [, base, disp, memop] = args as [number, number, number, number]
      if ((memop & MemOp.aligned) === 0) join(groups, close, op, base, disp, disp + (1 << (memop & MemOp.sizeMask)))
    }
    if (opTable[opcode]!.outputs > 0) close(args[0]!)
  }
  closeAll()
  return { checks, covered }
}

const join = (
  groups: Map<number, Group>,
  close: (base: number) => void,
  op: Op,
  base: number,
  low: number,
  high: number
): void => {
  const needs = op.opcode === Opcode.guest_st ? PageFlag.write : PageFlag.read
  const group = groups.get(base)
  if (group !== undefined) {
    const { check } = group
    const from = Math.min(check.low, low)
    const to = Math.max(check.high, high)
    if (to - from <= reach) {
      check.low = from
      check.high = to
      check.needs |= needs
      group.ops.push(op)
      return
    }
    close(base)
  }
  groups.set(base, { first: op, ops: [op], check: { root: base, low, high, needs } })
}
