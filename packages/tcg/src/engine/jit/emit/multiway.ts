/** Branches with many ways: into the region at one of its entries, and computed jumps within it. */
import type { CodeWriter, Label } from "../../../wasm/CodeWriter.ts"
import { Insn } from "../../../wasm/Wasm.ts"
import type { DispatchCase, SwitchCase } from "../analysis/Cfg.ts"
import { Parameter } from "../Runtime.ts"

/** Widest range of halfwords that a switch covers with a jump table; beyond it compares. */
const maxJumpTable = 4096

/**
 * Branches to the case whose key the `pc` parameter is; falls through where it is none.
 *
 * @param branch writes a branch to a node
 * @param before writes what to do first in a case
 */
export const writeDispatch = (
  code: CodeWriter,
  cases: ReadonlyArray<DispatchCase>,
  branch: (node: number) => void,
  before: (c: DispatchCase) => void
): void => {
  if (cases.length === 0) return
  code.get(Parameter.pc)
  code.if()
  for (const each of cases) {
    const { key, last, node } = each
    code.get(Parameter.pc)
    code.i32(key)
    code.op(Insn.i32_eq)
    code.if()
    before(each)
    if (last) {
      code.i32(0)
      code.set(Parameter.pc)
    }
    branch(node)
    code.end()
  }
  code.end()
}

/** At the start of a region: entry at anything but its root leads to the switch, with the target in local `next`. */
export const writeWayToSwitch = (
  code: CodeWriter,
  { key, last, node }: DispatchCase,
  root: number,
  next: number,
  branch: (node: number) => void,
  before: () => void
): void => {
  code.get(Parameter.pc)
  code.i32(root)
  code.op(Insn.i32_ne)
  code.if()
  before()
  code.get(Parameter.pc)
  code.set(next)
  code.i32(last ? 0 : key)
  code.set(Parameter.pc)
  branch(node)
  code.end()
}

/** Branches by the pc in local `next`; falls through where it is none of the cases. */
export const writeSwitch = (
  code: CodeWriter,
  cases: ReadonlyArray<SwitchCase>,
  next: number,
  labelOf: (node: number) => Label
): void => {
  const pcs = cases.map(({ pc }) => pc)
  const base = Math.min(...pcs)
  const span = ((Math.max(...pcs) - base) >>> 1) + 1
  if (span > maxJumpTable) {
    for (const { pc, node } of cases) {
      code.get(next)
      code.i32(pc)
      code.op(Insn.i32_eq)
      code.brIf(labelOf(node))
    }
    return
  }
  const fallback = code.block()
  const labels = Array.from<Label>({ length: span }).fill(fallback)
  for (const { pc, node } of cases) labels[(pc - base) >>> 1] = labelOf(node)
  code.get(next)
  code.i32(base)
  code.op(Insn.i32_sub)
  code.i32(1)
  code.op(Insn.i32_shr_u)
  code.brTable(labels, fallback)
  code.end()
}
