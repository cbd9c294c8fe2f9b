/** Random well-formed blocks, and the machine model that says what they do. */
import { type IrBlock, IrBuilder } from "@emu/tcg/ir/Block"
import { Opcode, opTable } from "@emu/tcg/ir/Opcode"
import { fold, holds } from "@emu/tcg/optimize/fold"
import * as Arbitrary from "effect/Arbitrary"
import { codeBase, dataBase } from "./Guest.ts"
import { edges, word } from "./values.ts"

/** Registers that random blocks use: r1 to r6 are data, r10 is the data page, r11 a hole. */
const data = [1, 2, 3, 4, 5, 6]
const pure = fold.flatMap((compute, opcode) => (compute === undefined ? [] : [opcode]))

/** A stream of choices made from a list of random words. */
class Choices {
  private at = 0
  private readonly words: ReadonlyArray<number>

  constructor(words: ReadonlyArray<number>) {
    this.words = words
  }

  get done(): boolean {
    return this.at >= this.words.length
  }

  below(n: number): number {
    return (this.words[this.at++] ?? 0) % n
  }
}

/** A block described by words: short lists give short blocks, so shrinking works. */
const blockOf = (words: ReadonlyArray<number>): IrBlock => {
  const choices = new Choices(words)
  const builder = new IrBuilder(BigInt(codeBase))
  const temps: Array<number> = []
  /** Labels still to be placed, with the number of temps that exist on both paths. */
  const open: Array<{ readonly label: number; readonly temps: number }> = []
  let insns = 0
  const insn = () => builder.insnStart({ pc: BigInt(codeBase + 4 * insns++), size: 4, raw: insns })
  const place = () => {
    const { label, temps: known } = open.pop()!
    temps.length = Math.min(temps.length, known)
    builder.setLabel(label)
  }
  const input = () => {
    const kind = choices.below(4)
    return kind === 0
      ? builder.constant(edges[choices.below(edges.length)]!)
      : kind === 1 && temps.length > 0
        ? temps[choices.below(temps.length)]!
        : data[choices.below(data.length)]!
  }
  const output = () => {
    if (choices.below(2) === 0) {
      return data[choices.below(data.length)]!
    }
    if (temps.length === 0 || choices.below(3) === 0) {
      temps.push(builder.temp())
      return temps.at(-1)!
    }
    return temps[choices.below(temps.length)]!
  }
  const compute = (opcode: number) => {
    const info = opTable[opcode]!
    const inputs = Array.from({ length: info.inputs }, input)
    const tail = info.constants === 1 ? [choices.below(10)] : []
    builder.op(opcode, output(), ...inputs, ...tail)
  }
  insn()
  while (!choices.done) {
    switch (choices.below(12)) {
      case 0:
        // Branches inside a block stay inside an instruction.
        if (open.length === 0) insn()
        break
      case 1:
        builder.op(Opcode.guest_st, input(), 10, 8 * choices.below(8) + choices.below(2), choices.below(4))
        break
      case 2: {
        const [disp, memop] = [choices.below(64), choices.below(4) + 8 * choices.below(2)]
        builder.op(Opcode.guest_ld, output(), 10, disp, memop)
        break
      }
      case 3:
        if (choices.below(3) === 0) builder.op(Opcode.guest_ld, output(), 11, 0, 3)
        break
      case 4: {
        const label = builder.label()
        const [a, b] = [input(), input()]
        builder.brcond(a, b, choices.below(10) as 0, label)
        open.push({ label, temps: temps.length })
        break
      }
      case 5:
        if (open.length > 0) place()
        break
      case 6:
      case 7:
        compute(Opcode.mov)
        break
      default:
        compute(pure[choices.below(pure.length)]!)
    }
  }
  while (open.length > 0) place()
  builder.op(Opcode.exit_tb, data[choices.below(data.length)]!, 0)
  return builder.finish()
}

/** Any block. */
export const block: Arbitrary.Arbitrary<IrBlock> = Arbitrary.map(Arbitrary.array(word, { maxLength: 400 }), blockOf)

/** What is left of a block's run: registers 0 to 11, data bytes, where it ended, instructions completed. */
export interface Outcome {
  readonly registers: ReadonlyArray<bigint>
  readonly bytes: ReadonlyArray<number>
  readonly pc: bigint
  readonly instructions: number
}

export const dataBytes = 128

/** Registers at the start. */
export const initial = (seed: number): ReadonlyArray<bigint> =>
  Array.from({ length: 12 }, (_, i) =>
    i === 10 ? BigInt(dataBase) : i === 11 ? 0x900000n : edges[(seed + 7 * i) % edges.length]!
  )

/** Runs a block on BigInts, one operation after the other. */
export const model = (ir: IrBlock, start: ReadonlyArray<bigint>): Outcome => {
  const values = new Map<number, bigint>(start.map((value, i) => [i, value]))
  const bytes = new DataView(new ArrayBuffer(dataBytes))
  const get = (value: number) => (value < 0 ? ir.constants[~value]! : values.get(value)!)
  const labels = new Map(ir.ops.flatMap((op, i) => (op.opcode === Opcode.set_label ? [[op.args[0]!, i] as const] : [])))
  let insns = 0
  const outcome = (pc: bigint, instructions: number): Outcome => ({
    registers: start.map((_, i) => values.get(i)!),
    bytes: [...new Uint8Array(bytes.buffer)],
    pc: BigInt.asUintN(64, pc),
    instructions
  })
  for (let i = 0; ; i++) {
    const { args, opcode } = ir.ops[i]!
    const info = opTable[opcode]!
    const inputs = args.slice(info.outputs, info.outputs + info.inputs).map(get)
    if (opcode === Opcode.insn_start) {
      insns = ir.insns.findIndex(({ pc }) => BigInt.asIntN(32, pc) === BigInt(args[0]!)) + 1
    } else if (opcode === Opcode.brcond) {
      if (holds(inputs[0]!, inputs[1]!, args[2]!)) i = labels.get(args[3]!)!
    } else if (opcode === Opcode.guest_st || opcode === Opcode.guest_ld) {
      const [disp, memop] = args.slice(2) as [number, number]
      const base = inputs.at(-1)!
      if (base !== BigInt(dataBase)) return outcome(ir.insns[insns - 1]!.pc, insns - 1)
      const size = 1 << (memop & 7)
      let value = 0n
      for (let k = 0; k < size; k++) {
        if (opcode === Opcode.guest_st) bytes.setUint8(disp + k, Number((inputs[0]! >> BigInt(8 * k)) & 0xffn))
        value |= BigInt(bytes.getUint8(disp + k)) << BigInt(8 * k)
      }
      if (opcode === Opcode.guest_ld) {
        values.set(args[0]!, (memop & 8) !== 0 || size === 8 ? BigInt.asIntN(8 * size, value) : value)
      }
    } else if (opcode === Opcode.exit_tb) {
      return outcome(inputs[0]!, insns)
    } else if (opcode !== Opcode.set_label) {
      values.set(args[0]!, fold[opcode]!(inputs, args[info.outputs + info.inputs] ?? 0))
    }
  }
}
