/** Constant and copy propagation with folding: one pass forward over a block. */
import { CallbackFlags, type DynCallback } from "@emu/core/Instrumentation"
import { constantIn, type IrBlock, type Op, type Value } from "../ir/Block.ts"
import { Opcode, OpFlag, opTable } from "../ir/Opcode.ts"
import { cpuStateSlots, CpuSlot } from "../Layout.ts"
import { fold, holds } from "./fold.ts"
import { simplify } from "./simplify.ts"

/** A byte for each operation: 1 for these. */
const flagged = (opcodes: ReadonlyArray<number>): Uint8Array => {
  const flags = new Uint8Array(opTable.length)
  for (const opcode of opcodes) flags[opcode] = 1
  return flags
}

const commutative = flagged([
  Opcode.add,
  Opcode.mul,
  Opcode.and,
  Opcode.or,
  Opcode.xor,
  Opcode.add_i32,
  Opcode.mul_i32,
  Opcode.mulh_s,
  Opcode.mulh_u
])

/**
 * What is known of each value at one point: that it equals another value that has not changed since, or a constant. Used for
 * one block after the other: allocating and clearing it for each would cost more than the pass itself.
 */
class Known {
  private equal = new Int32Array(0)
  /** The generation in which `equal` was set; entries of older ones say nothing. */
  private generations = new Int32Array(0)
  private generation = 0
  /** How often each value was written, and how often `equal`'s had been when the entry was made. */
  private writes = new Int32Array(0)
  private stamps = new Int32Array(0)

  /** Begins a block with so many values. */
  begin(values: number): void {
    if (values > this.equal.length) {
      this.equal = new Int32Array(2 * values)
      this.generations = new Int32Array(2 * values)
      this.writes = new Int32Array(2 * values)
      this.stamps = new Int32Array(2 * values)
      this.generation = 0
    }
    this.forgetAll()
  }

  /** The best name for a value: a constant, an older value that it copies, or itself. */
  resolve(value: Value): Value {
    if (value < 0 || this.generations[value] !== this.generation) {
      return value
    }
    const other = this.equal[value]!
    return other < 0 || this.writes[other] === this.stamps[value] ? other : value
  }

  /** A value becomes something unknown. */
  write(value: Value): void {
    this.writes[value]!++
    this.generations[value] = 0
  }

  /** A value becomes a copy of another one (resolved). */
  copy(value: Value, of: Value): void {
    this.writes[value]!++
    this.generations[value] = this.generation
    this.equal[value] = of
    if (of >= 0) {
      this.stamps[value] = this.writes[of]!
    }
  }

  /** Nothing is known of the vCPU's state any more. */
  forgetGlobals(): void {
    for (let slot = 0; slot < cpuStateSlots; slot++) {
      this.write(slot)
    }
  }

  forgetAll(): void {
    this.generation++
  }
}

const known = new Known()

const mayWriteGlobals = (callback: DynCallback | undefined): boolean =>
  callback !== undefined && "flags" in callback && callback.flags >= CallbackFlags.readWriteRegs

/** Rewrites the operations of a block in place: constants and copies in operands, folded results, branches that are decided. */
export const propagate = (block: IrBlock): void => {
  known.begin(cpuStateSlots + block.temps)
  const { callbacks, ops } = block
  let kept = 0
  for (const op of ops) {
    const info = opTable[op.opcode]!
    const inputsEnd = info.outputs + info.inputs
    for (let i = info.outputs; i < inputsEnd; i++) {
      op.args[i] = known.resolve(op.args[i]!)
    }
    if (info.flags === 0) {
      evaluate(block, op, inputsEnd)
      if (op.opcode === Opcode.mov) {
        if (op.args[0] === op.args[1]) {
          continue
        }
        known.copy(op.args[0]!, op.args[1]!)
      } else {
        known.write(op.args[0]!)
      }
    } else if (op.opcode === Opcode.brcond) {
      if (!decide(block, op)) {
        continue
      }
    } else if (op.opcode === Opcode.set_label) {
      known.forgetAll()
    } else {
      for (let i = 0; i < info.outputs; i++) {
        known.write(op.args[i]!)
      }
      if ((info.flags & OpFlag.fpStatus) !== 0) {
        known.write(CpuSlot.fpFlags)
      } else if (
        op.opcode === Opcode.call ||
        ((info.flags & OpFlag.globals) !== 0 && mayWriteGlobals(callbacks[op.args.at(-1)!]?.callback))
      ) {
        known.forgetGlobals()
      }
    }
    ops[kept++] = op
  }
  ops.length = kept
}

/** Folds a pure operation or makes it simpler, in place. */
const evaluate = (block: IrBlock, op: Op, inputsEnd: number): void => {
  const { args } = op
  const compute = fold[op.opcode]
  if (compute === undefined || op.opcode === Opcode.mov) {
    return
  }
  let constants = 0
  for (let i = 1; i < inputsEnd; i++) {
    if (args[i]! < 0) {
      constants++
    }
  }
  if (constants === inputsEnd - 1) {
    const inputs = args.slice(1, inputsEnd).map((value) => block.constants[~value]!)
    become(op, constantIn(block, compute(inputs, args[inputsEnd] ?? 0)))
    return
  }
  if (constants > 0 && args[1]! < 0 && commutative[op.opcode] === 1) {
    const first = args[1]!
    args[1] = args[2]!
    args[2] = first
  }
  const simpler = simplify(block, op)
  if (simpler !== undefined) {
    become(op, simpler)
  }
}

/** Turns an operation into `mov d, value`. */
const become = (op: Op, value: Value): void => {
  op.opcode = Opcode.mov
  op.args = [op.args[0]!, value]
}

/** Turns a `brcond` whose outcome is known into `br`, or says with false that it is never taken. */
const decide = (block: IrBlock, op: Op): boolean => {
  const [a, b, cond, label] = op.args as [number, number, number, number]
  let taken: boolean
  if (a < 0 && b < 0) {
    taken = holds(block.constants[~a]!, block.constants[~b]!, cond)
  } else if (a === b) {
    taken = holds(0n, 0n, cond)
  } else {
    return true
  }
  if (taken) {
    op.opcode = Opcode.br
    op.args = [label]
  }
  return taken
}
