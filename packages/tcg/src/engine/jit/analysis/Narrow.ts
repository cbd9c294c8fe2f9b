/**
 * Which values of a region are always sign-extended from 32 bits ("narrow"), so that 32-bit operations do for them, and which
 * of those are better kept in i32 locals. An optimistic fixed point over definitions. What a value is when the region is
 * entered is tested there.
 */
import type { IrBlock, Op } from "../../../ir/Block.ts"
import { MemOp, Opcode, opTable } from "../../../ir/Opcode.ts"
import { cpuStateSlots } from "../../../Layout.ts"
import { firstWeb } from "./Webs.ts"

/** Operations on 32 bits for which WebAssembly has an instruction: operands and result may as well be in i32 locals. */
const on32Bits: ReadonlyArray<number> = [
  Opcode.add_i32,
  Opcode.sub_i32,
  Opcode.mul_i32,
  Opcode.shl_i32,
  Opcode.shr_i32,
  Opcode.sar_i32,
  Opcode.rotl_i32,
  Opcode.rotr_i32,
  Opcode.clz_i32,
  Opcode.ctz_i32,
  Opcode.popcnt_i32,
  Opcode.ext8u,
  Opcode.ext16u,
  Opcode.ext32s
]

/** Operations whose result is always in the range of an i32. */
const narrowResults: ReadonlySet<number> = new Set<number>([
  ...on32Bits,
  Opcode.div_s_i32,
  Opcode.div_u_i32,
  Opcode.rem_s_i32,
  Opcode.rem_u_i32,
  Opcode.clz,
  Opcode.ctz,
  Opcode.popcnt,
  Opcode.ext8s,
  Opcode.ext16s,
  Opcode.setcond,
  Opcode.trace_reserve,
  Opcode.trace_exec,
  Opcode.trace_mem
])

/** Operations that need no more than 32 bits of their operands. */
const narrowOperands: ReadonlySet<number> = new Set<number>([...on32Bits, Opcode.mov])

/** Results that are narrow if both operands are. */
const bitwise: ReadonlySet<number> = new Set<number>([Opcode.and, Opcode.or, Opcode.xor])

/** Operations of one node, of a block. */
export interface NodeOps {
  readonly ir: IrBlock
  readonly ops: ReadonlyArray<Op>
  /** How much more often than others it runs, for weighing. */
  readonly weight: number
}

export interface NarrowValues {
  /** Operations with a narrow result. */
  readonly ops: ReadonlySet<Op>
  /** Webs that are always narrow. */
  readonly webs: ReadonlySet<number>
  /** Temps that are always narrow, by the block they belong to. */
  readonly temps: ReadonlyMap<IrBlock, ReadonlySet<number>>
  /** Those of them for which an i32 local is better than an i64 one. */
  readonly places: ReadonlySet<number>
}

/** Whether a constant is in the range of an i32. */
export const isNarrowConstant = (value: bigint): boolean => BigInt.asIntN(32, value) === value

/** Whether an operation's result has its upper 33 bits clear. */
export const isNonNegative = (ir: IrBlock, { args, opcode }: Op): boolean => {
  switch (opcode) {
    case Opcode.ext8u:
    case Opcode.ext16u:
    case Opcode.setcond:
      return true
    case Opcode.and:
      return masks(ir, args[1]!, args[2]!)
    case Opcode.guest_ld:
      return (args[3]! & MemOp.sizeMask) < MemOp.size32 && (args[3]! & MemOp.sign) === 0
    case Opcode.shr_i32:
      return args[2]! < 0 && (ir.constants[~args[2]!]! & 31n) !== 0n
    case Opcode.mov:
      return args[1]! < 0 && ir.constants[~args[1]!]! >= 0n && isNarrowConstant(ir.constants[~args[1]!]!)
    default:
      return false
  }
}

/** A definition that is narrow if its operands are, and for each of these the definition in the same node that it has its value from. */
interface Definition {
  readonly ir: IrBlock
  readonly op: Op
  readonly from: ReadonlyArray<Op | undefined>
}

/**
 * Finds the narrow values of a region.
 *
 * @param nodes its operations, with webs for globals
 * @param mayBeNarrow whether where a web is loaded from (but for operations) allows it to be narrow
 */
export const narrowValues = (nodes: ReadonlyArray<NodeOps>, mayBeNarrow: (web: number) => boolean): NarrowValues => {
  const ops = new Set<Op>()
  const webs = new Set<number>()
  const temps = new Map<IrBlock, Set<number>>()
  const definitions: Array<Definition> = []
  /** Takes note that a definition is not narrow. Gives whether the value that it defines was taken for narrow so far. */
  const widen = (ir: IrBlock, { args }: Op): boolean => (args[0]! < firstWeb ? temps.get(ir)! : webs).delete(args[0]!)

  /** Definitions that are not narrow, of values that others may define as well. */
  const wide: Array<{ readonly ir: IrBlock; readonly op: Op }> = []
  for (const { ir, ops: list } of nodes) {
    let own = temps.get(ir)
    if (own === undefined) temps.set(ir, (own = new Set()))
    if (list.length === 0) continue
    const latest = new Map<number, Op>()
    for (const op of list) {
      const d = op.args[0]!
      if (opTable[op.opcode]!.outputs === 0 || d < cpuStateSlots) continue
      const isNarrow = definesNarrow(ir, op)
      if (isNarrow === false) wide.push({ ir, op })
      else {
        ops.add(op)
        if (d < firstWeb) own.add(d)
        else if (mayBeNarrow(d)) webs.add(d)
        if (isNarrow === undefined) definitions.push({ ir, op, from: op.args.map((value) => latest.get(value)) })
      }
      latest.set(d, op)
    }
  }
  for (const { ir, op } of wide) widen(ir, op)
  for (let changed = true; changed;) {
    changed = false
    for (const { from, ir, op } of definitions) {
      if (!ops.has(op)) continue
      const isNarrow = (argument: number): boolean => {
        const value = op.args[argument]!
        if (value < 0) return isNarrowConstant(ir.constants[~value]!)
        const local = from[argument]
        if (local !== undefined) return ops.has(local)
        return value >= firstWeb ? webs.has(value) : value >= cpuStateSlots && temps.get(ir)!.has(value)
      }
      if (isNarrowByOperands(op, isNarrow)) continue
      ops.delete(op)
      // Definitions in the same node have not been looked at yet.
      if (widen(ir, op)) changed = true
    }
  }
  return { ops, webs, temps, places: choosePlaces(nodes, ops, webs) }
}

/** Whether an operation's result is narrow; undefined where that depends on its operands. */
const definesNarrow = (ir: IrBlock, { args, opcode }: Op): boolean | undefined => {
  if (narrowResults.has(opcode)) return true
  switch (opcode) {
    case Opcode.mov:
    case Opcode.movcond:
    case Opcode.or:
    case Opcode.xor:
      return undefined
    case Opcode.and:
      return masks(ir, args[1]!, args[2]!) ? true : undefined
    case Opcode.guest_ld: {
      const size = args[3]! & MemOp.sizeMask
      return size < MemOp.size32 || (size === MemOp.size32 && (args[3]! & MemOp.sign) !== 0)
    }
    case Opcode.shr:
    case Opcode.sar: {
      const count = args[2]! < 0 ? ir.constants[~args[2]!]! & 63n : 0n
      if (count > 32n) return true
      return opcode === Opcode.shr ? false : count === 32n ? true : undefined
    }
    default:
      return false
  }
}

/** The same where it depends on the operands; `isNarrow` says whether that in a place among the arguments is. */
const isNarrowByOperands = ({ opcode }: Op, isNarrow: (argument: number) => boolean): boolean => {
  switch (opcode) {
    case Opcode.movcond:
      return isNarrow(3) && isNarrow(4)
    case Opcode.mov:
    case Opcode.sar:
      return isNarrow(1)
    default:
      return isNarrow(1) && isNarrow(2)
  }
}

/**
 * Narrow webs that are better kept in i32 locals: a definition by a 32-bit operation is extended for an i64 one, a use by a
 * 64-bit operation for an i32 one.
 */
const choosePlaces = (
  nodes: ReadonlyArray<NodeOps>,
  narrow: ReadonlySet<Op>,
  webs: ReadonlySet<number>
): ReadonlySet<number> => {
  if (webs.size === 0) return webs
  const votes = new Map<number, number>()
  const vote = (web: number, weight: number) => {
    if (webs.has(web)) votes.set(web, (votes.get(web) ?? 0) + weight)
  }
  for (const { ops, weight } of nodes) {
    for (const op of ops) {
      const { args, opcode } = op
      const { inputs, outputs } = opTable[opcode]!
      // A constant costs the same in either.
      const constant = opcode === Opcode.mov && args[1]! < 0
      if (outputs > 0 && !constant) vote(args[0]!, weight)
      // The value of a store, or the base of an access, is wrapped for free.
      if (opcode === Opcode.guest_ld || opcode === Opcode.guest_st) continue
      if (narrowOperands.has(opcode) || (bitwise.has(opcode) && narrow.has(op))) continue
      const comparison = opcode === Opcode.brcond || opcode === Opcode.setcond
      if (comparison && args.slice(outputs, outputs + inputs).every((value) => value < 0 || webs.has(value))) continue
      for (let a = outputs; a < outputs + inputs; a++) vote(args[a]!, -weight)
    }
  }
  return new Set([...webs].filter((web) => (votes.get(web) ?? 0) >= 0))
}

/** Whether one of the operands is a constant that leaves at most 31 bits. */
const masks = (ir: IrBlock, a: number, b: number): boolean =>
  [a, b].some((value) => value < 0 && ir.constants[~value]! >= 0n && ir.constants[~value]! < 0x80000000n)
