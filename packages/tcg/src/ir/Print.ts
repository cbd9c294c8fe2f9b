/** The text form of a block, as `-d op` shows it; `Parse` reads it back. */
import { cpuStateSlots, CpuSlot } from "../Layout.ts"
import type { IrBlock, Op, Value } from "./Block.ts"
import { Opcode, opTable } from "./Opcode.ts"
import { constantKinds, formatConstant } from "./Operand.ts"

/** Names of the state slots that every front end shares. */
export const sharedGlobals: ReadonlyMap<number, string> = new Map(
  Object.entries(CpuSlot).map(([name, slot]) => [slot, name])
)

/** Name of a state slot: what the front end calls it, or the shared slot's name, or `gN`. */
export const globalName = (globals: ReadonlyArray<string>, slot: number): string =>
  sharedGlobals.get(slot) ?? (globals[slot] || `g${slot}`)

const hex = (value: bigint): string => `$0x${BigInt.asUintN(64, value).toString(16)}`

/** Text of an input or output: `a0`, `tmp3`, `$0x10`. */
export const formatValue = (block: IrBlock, globals: ReadonlyArray<string>, value: Value): string =>
  value < 0
    ? hex(block.constants[~value] ?? 0n)
    : value < cpuStateSlots
      ? globalName(globals, value)
      : `tmp${value - cpuStateSlots}`

/** Text of one operation, e.g. `brcond a0,$0x0,ne,L1`. */
export const formatOp = (block: IrBlock, globals: ReadonlyArray<string>, op: Op): string => {
  const info = opTable[op.opcode]!
  const values = info.outputs + info.inputs
  const kinds = constantKinds[op.opcode]!
  const args = op.args.map((arg, i) =>
    i < values ? formatValue(block, globals, arg) : formatConstant(kinds[i - values]!, arg)
  )
  return args.length === 0 ? info.name : `${info.name} ${args.join(",")}`
}

/**
 * Text of a block: a heading ` ---- pc size raw` for each guest instruction (hexadecimal, decimal, hexadecimal), one
 * operation per line.
 *
 * @param globals names of the state slots, as the front end gives them
 */
export const print = (block: IrBlock, globals: ReadonlyArray<string>): string => {
  const lines: Array<string> = [`tb ${block.pc.toString(16).padStart(16, "0")}`]
  let insn = 0
  for (const op of block.ops) {
    if (op.opcode === Opcode.insn_start) {
      const { pc, raw, size } = block.insns[insn++]!
      lines.push(` ---- ${pc.toString(16).padStart(16, "0")} ${size} ${(raw >>> 0).toString(16)}`)
    } else {
      lines.push(formatOp(block, globals, op))
    }
  }
  return `${lines.join("\n")}\n`
}
