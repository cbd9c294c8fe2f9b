/** In which register class each operand of an operation is wanted: decides whether a value lives in an i64 or an f64 local. */
import type { IrBlock, Op } from "../../../ir/Block.ts"
import { MemOp, Opcode, opTable } from "../../../ir/Opcode.ts"
import { cpuStateSlots } from "../../../Layout.ts"
import type { NodeOps } from "./Narrow.ts"
import { firstWeb } from "./Webs.ts"

type OperandType = "i64" | "f64" | "any"

const f64f64f64: ReadonlyArray<OperandType> = ["f64", "f64", "f64"]

/** Operations with f64 operands; those not listed want i64 throughout. */
const table: ReadonlyMap<number, ReadonlyArray<OperandType>> = new Map<number, ReadonlyArray<OperandType>>([
  [Opcode.mov, ["any", "any"]],
  [Opcode.fadd_f64, f64f64f64],
  [Opcode.fsub_f64, f64f64f64],
  [Opcode.fmul_f64, f64f64f64],
  [Opcode.fdiv_f64, f64f64f64],
  [Opcode.fsqrt_f64, ["f64", "f64"]],
  [Opcode.fma_f64, ["f64", "f64", "f64", "f64"]],
  [Opcode.fmin_f64, f64f64f64],
  [Opcode.fmax_f64, f64f64f64],
  [Opcode.feq_f64, ["i64", "f64", "f64"]],
  [Opcode.flt_f64, ["i64", "f64", "f64"]],
  [Opcode.fle_f64, ["i64", "f64", "f64"]],
  [Opcode.fcvt_f32_f64, ["i64", "f64"]],
  [Opcode.fcvt_f64_f32, ["f64", "i64"]],
  [Opcode.fcvt_i32_f64, ["i64", "f64"]],
  [Opcode.fcvt_u32_f64, ["i64", "f64"]],
  [Opcode.fcvt_i64_f64, ["i64", "f64"]],
  [Opcode.fcvt_u64_f64, ["i64", "f64"]],
  [Opcode.fcvt_f64_i32, ["f64", "i64"]],
  [Opcode.fcvt_f64_u32, ["f64", "i64"]],
  [Opcode.trace_mem, ["i64", "i64", "i64", "any"]],
  [Opcode.fcvt_f64_i64, ["f64", "i64"]],
  [Opcode.fcvt_f64_u64, ["f64", "i64"]]
])

const load64: ReadonlyArray<OperandType> = ["any", "i64"]
const integers: ReadonlyArray<OperandType> = ["i64", "i64", "i64", "i64", "i64"]

/** The wishes for an operation's outputs and inputs, in the order of its arguments. */
const operandTypes = (op: Op): ReadonlyArray<OperandType> => {
  if (op.opcode === Opcode.guest_ld || op.opcode === Opcode.guest_st) {
    const memop = op.args[opTable[op.opcode]!.outputs + opTable[op.opcode]!.inputs + 1]!
    return (memop & MemOp.sizeMask) === MemOp.size64 ? load64 : integers
  }
  return table.get(op.opcode) ?? integers
}

/** Operations that want an operand as f64. */
const float: ReadonlySet<number> = new Set([...table].filter(([, types]) => types.includes("f64")).map(([opcode]) => opcode))

/** Values that are better kept in f64 locals: webs, and the temps of each block that has some. */
export interface F64Values {
  readonly webs: ReadonlySet<number>
  readonly temps: ReadonlyMap<IrBlock, ReadonlySet<number>>
}

const none: F64Values = { webs: new Set(), temps: new Map() }

/** Finds the values of a region that are wanted as f64 more often than as i64. */
export const findF64 = (nodes: ReadonlyArray<NodeOps>): F64Values => {
  if (!nodes.some(({ ops }) => ops.some(({ opcode }) => float.has(opcode)))) return none
  const votes = new Map<number, number>()
  const local = new Map<IrBlock, Map<number, number>>()
  for (const { ir, ops } of nodes) {
    let own = local.get(ir)
    if (own === undefined) local.set(ir, (own = new Map()))
    countVotes(ops, votes, own)
  }
  return { webs: positive(votes), temps: new Map([...local].map(([ir, own]) => [ir, positive(own)])) }
}

/** Adds, for each value, how often it is wanted as f64 less how often as i64; temps go to `temps`. */
const countVotes = (ops: ReadonlyArray<Op>, webs: Map<number, number>, temps: Map<number, number>): void => {
  for (const op of ops) {
    const info = opTable[op.opcode]!
    const types = operandTypes(op)
    for (let i = 0; i < info.outputs + info.inputs; i++) {
      const value = op.args[i]!
      const wish = types[i]
      if (value < cpuStateSlots || wish === "any" || wish === undefined) continue
      const votes = value >= firstWeb ? webs : temps
      votes.set(value, (votes.get(value) ?? 0) + (wish === "f64" ? 1 : -1))
    }
  }
}

const positive = (votes: ReadonlyMap<number, number>): ReadonlySet<number> =>
  new Set([...votes].filter(([, count]) => count > 0).map(([value]) => value))
