/** Algebraic identities: operations with one constant operand, or twice the same, that are just a copy or a constant. */
import { constantIn, type IrBlock, type Op, type Value } from "../ir/Block.ts"
import { Opcode } from "../ir/Opcode.ts"
import { holds } from "./fold.ts"

/** Operations with `x op 0 = x`. */
const zeroIsNeutral: ReadonlySet<number> = new Set<number>([
  Opcode.add,
  Opcode.sub,
  Opcode.or,
  Opcode.xor,
  Opcode.shl,
  Opcode.shr,
  Opcode.sar,
  Opcode.rotl,
  Opcode.rotr
])

const additions: ReadonlySet<number> = new Set<number>([Opcode.add_i32, Opcode.sub_i32])

/**
 * The value that a pure operation's result equals, or undefined. May rewrite the operation in place as a cheaper one.
 * Constants of commutative operations are the second operand.
 */
export const simplify = (block: IrBlock, op: Op): Value | undefined => {
  const [, a, b] = op.args as [number, number, number]
  const { opcode } = op
  if (opcode === Opcode.movcond) {
    return op.args[3] === op.args[4] ? op.args[3] : op.args[1] === op.args[2] ? chosen(op) : undefined
  }
  if (opcode === Opcode.setcond) {
    return a === b ? constantIn(block, holds(0n, 0n, op.args[3]!) ? 1n : 0n) : undefined
  }
  if (a === b && (opcode === Opcode.sub || opcode === Opcode.xor)) {
    return constantIn(block, 0n)
  }
  if (a === b && (opcode === Opcode.and || opcode === Opcode.or)) {
    return a
  }
  const constant = b < 0 ? block.constants[~b] : undefined
  if (constant === undefined) {
    return undefined
  }
  if (constant === 0n) {
    if (zeroIsNeutral.has(opcode)) {
      return a
    }
    if (opcode === Opcode.and || opcode === Opcode.mul) {
      return b
    }
    if (additions.has(opcode)) {
      op.opcode = Opcode.ext32s
      op.args = [op.args[0]!, a]
    }
  } else if ((constant === 1n && opcode === Opcode.mul) || (constant === -1n && opcode === Opcode.and)) {
    return a
  }
  return undefined
}

/** What a `movcond` of equal operands chooses. */
const chosen = (op: Op): Value => (holds(0n, 0n, op.args[5]!) ? op.args[3]! : op.args[4]!)
