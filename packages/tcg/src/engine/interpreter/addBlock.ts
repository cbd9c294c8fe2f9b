/** Translates a block and lays down its code. */
import { Opcode } from "../../ir/Opcode.ts"
import type { IrBlock } from "../../ir/Block.ts"
import * as Layout from "../../Layout.ts"
import { maxInsns } from "../../Translator.ts"
import { allocateSlots } from "./allocateSlots.ts"
import { lower } from "./lower.ts"
import { Code } from "./Code.ts"
import { publish } from "./heads.ts"
import { type CodeBlock, codeWords, type Machine } from "./Machine.ts"

/** More words than one operation can take. */
const wordsPerOp = 16

/**
 * Translates the block at `pc` and adds it to the machine's code, dropping all code first where it is full.
 *
 * @returns undefined where its first instruction cannot be fetched (`translator.failedAddress`)
 * @throws InstrumenterFailed
 */
export const addBlock = (machine: Machine, pc: number): CodeBlock | undefined => {
  for (let limit = maxInsns; limit > 0; limit >>= 1) {
    const ir = machine.translator.translate(machine.vcpu, pc, limit)
    if (ir === undefined) {
      return undefined
    }
    const slots = allocateSlots(ir)
    if (slots === undefined) {
      continue
    }
    if (
      machine.codeEnd + ir.ops.length * wordsPerOp > codeWords ||
      !machine.constants.hasRoom(ir.constants.length + ir.callbacks.length)
    ) {
      machine.flush()
    }
    const block = describe(machine, pc, ir)
    if (machine.jit !== undefined) {
      machine.code[machine.codeEnd++] = Code.hot
      machine.code[machine.codeEnd++] = machine.hotThreshold
      machine.jit.blocks.add(pc, block.end, ir, machine.translator.instrumentation)
    }
    lower(machine, ir, slots, block.insnEntries)
    machine.blocks.add(block)
    machine.byEntry.push(block)
    if (machine.jit?.has(pc) === true) publish(machine, pc)
    return block
  }
  throw new Error(
    `the instruction at 0x${pc.toString(16)} needs more temps at once than an engine has: shorten its translation`
  )
}

const describe = (machine: Machine, pc: number, ir: IrBlock): CodeBlock => {
  const starts = ir.ops.filter((op) => op.opcode === Opcode.insn_start)
  const insnPcs = Uint32Array.from(starts, (op) => op.args[0]!)
  const last = starts.at(-1)
  const end = last === undefined ? pc + 1 : (last.args[0]! >>> 0) + last.args[2]!
  return {
    pc,
    entry: machine.codeEnd,
    end,
    armed: machine.hotThreshold,
    firstPage: pc >>> Layout.pageShift,
    lastPage: (end - 1) >>> Layout.pageShift,
    bytes: new Uint8Array(machine.state.u8.slice(pc, end)),
    incoming: [],
    insnEntries: new Int32Array(insnPcs.length),
    insnPcs
  }
}
