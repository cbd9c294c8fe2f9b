/** Checks that a block is well formed. For tests and debugging: translation does not pay for it. */
import { cpuStateSlots } from "../Layout.ts"
import type { IrBlock } from "./Block.ts"
import { Opcode, opTable } from "./Opcode.ts"
import { constantKinds } from "./Operand.ts"
import { formatOp } from "./Print.ts"

const ends: ReadonlySet<number> = new Set([Opcode.br, Opcode.goto_tb, Opcode.goto_ptr, Opcode.exit_tb])

const intersect = (a: Set<number> | undefined, b: ReadonlySet<number>): Set<number> =>
  a === undefined ? new Set(b) : a.intersection(b)

/**
 * What is wrong with a block, one line each; empty when it is well formed: every temp assigned on all paths before it is
 * used, every label placed once, arguments in range, no path that runs off the end.
 */
export const verify = (block: IrBlock, globals: ReadonlyArray<string> = []): ReadonlyArray<string> => {
  const problems: Array<string> = []
  const at = (index: number, text: string) => {
    problems.push(`op ${index} (${formatOp(block, globals, block.ops[index]!)}): ${text}`)
  }
  const places = new Map<number, number>()
  block.ops.forEach((op, index) => {
    const info = opTable[op.opcode]!
    const values = info.outputs + info.inputs
    if (op.args.length !== values + info.constants) {
      at(index, `has ${op.args.length} arguments instead of ${values + info.constants}`)
    }
    op.args.slice(0, values).forEach((value, i) => {
      if (value < 0 ? i < info.outputs || ~value >= block.constants.length : value >= cpuStateSlots + block.temps) {
        at(index, `argument ${i} is out of range`)
      }
    })
    if (op.opcode === Opcode.set_label) {
      if (places.has(op.args[0]!)) {
        at(index, "the label is placed twice")
      }
      places.set(op.args[0]!, index)
    }
  })
  problems.push(...checkFlow(block, places, at))
  const starts = block.ops.filter((op) => op.opcode === Opcode.insn_start).length
  if (starts !== block.insns.length) {
    problems.push(`${starts} insn_start operations for ${block.insns.length} instructions`)
  }
  return [...new Set(problems)]
}

/** Follows all paths until the sets of assigned temps no longer shrink. */
const checkFlow = (
  block: IrBlock,
  places: ReadonlyMap<number, number>,
  at: (index: number, text: string) => void
): ReadonlyArray<string> => {
  const entry = new Map<number, Set<number>>()
  const queue: Array<readonly [number, Set<number>]> = [[0, new Set()]]
  const problems: Array<string> = []
  const jump = (index: number, label: number, assigned: Set<number>) => {
    const place = places.get(label)
    if (place === undefined) {
      at(index, `label L${label} is not placed`)
      return
    }
    const old = entry.get(place)
    const merged = intersect(old, assigned)
    if (old === undefined || merged.size < old.size) {
      entry.set(place, merged)
      queue.push([place, new Set(merged)])
    }
  }
  for (let item = queue.pop(); item !== undefined; item = queue.pop()) {
    let index = item[0]
    const assigned = item[1]
    for (; ; index++) {
      const op = block.ops[index]
      if (op === undefined) {
        problems.push("a path runs off the end of the block")
        break
      }
      const info = opTable[op.opcode]!
      for (const value of op.args.slice(info.outputs, info.outputs + info.inputs)) {
        if (value >= cpuStateSlots && !assigned.has(value)) {
          at(index, `tmp${value - cpuStateSlots} may be used before it is assigned`)
        }
      }
      for (const value of op.args.slice(0, info.outputs)) {
        assigned.add(value)
      }
      const label = constantKinds[op.opcode]!.indexOf("label")
      if (op.opcode === Opcode.set_label && index !== item[0]) {
        jump(index, op.args[0]!, assigned)
        break
      }
      if (label >= 0 && op.opcode !== Opcode.set_label) {
        jump(index, op.args[info.outputs + info.inputs + label]!, new Set(assigned))
      }
      if (ends.has(op.opcode)) {
        break
      }
    }
  }
  return problems
}
