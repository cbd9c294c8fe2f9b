/** Translates a block and lays down its code. */
import type { Instrumentation } from "@emu/core/Instrumentation"
import { Opcode } from "../../../ir/Opcode.ts"
import type { IrBlock } from "../../../ir/Block.ts"
import * as Layout from "../../../Layout.ts"
import { maxInsns } from "../../../Translator.ts"
import { allocateSlots } from "./allocateSlots.ts"
import { lower } from "./lower.ts"
import { Code } from "./Code.ts"
import { publish } from "./heads.ts"
import type { CodeBlock } from "../CodeBlock.ts"
import { codeWords, type Machine } from "../Machine.ts"

/** More words than one operation can take. */
const wordsPerOp = 16

/**
 * Translates the block at `pc` and adds it to the machine's code, dropping all code first where it is full.
 *
 * @returns undefined where its first instruction cannot be fetched (`translator.failedAddress`)
 * @throws InstrumenterFailed
 */
export const addBlock = (machine: Machine, pc: number): CodeBlock | undefined => {
  const block = takeKept(machine, pc) ?? layDown(machine, pc, maxInsns)
  if (block === undefined) return undefined
  machine.blocks.add(block)
  if (machine.tier?.has(pc) === true) publish(machine, pc)
  return block
}

/** The block as it was kept from another run, unless somebody wants to see blocks translated. */
const takeKept = (machine: Machine, pc: number): CodeBlock | undefined => {
  if (machine.keeper === undefined || machine.translator.isWatched(machine.vcpu)) return undefined
  machine.keeper.beforeBlock()
  const block = machine.kept?.take(pc)
  if (block === undefined) return undefined
  machine.keptBlocks++
  machine.tier?.addBlock(block, undefined, undefined)
  return block
}

/**
 * Translates the first `limit` instructions of the block at `pc`, which exists, for this one time: for a run that must not
 * exceed its budget. Nothing may jump to its code; `dropCut` gives the room back.
 */
export const addCutBlock = (machine: Machine, pc: number, limit: number): CodeBlock => {
  const callbacks = machine.callbacks.length
  const block = layDown(machine, pc, limit)
  if (block === undefined) {
    throw new Error(`the block at 0x${pc.toString(16)} cannot be translated once more`)
  }
  machine.cut = { block, callbacks }
  return block
}

/** Takes the block that `addCutBlock` made back, if there is one. */
export const dropCut = (machine: Machine): void => {
  if (machine.cut === undefined) {
    return
  }
  const { block, callbacks } = machine.cut
  machine.cut = undefined
  if (machine.byEntry.at(-1) === block) {
    machine.byEntry.pop()
    machine.codeEnd = block.entry
    machine.insns.length = block.firstInsn
    machine.callbacks.length = callbacks
  }
}

/** Translates at most `most` instructions at `pc` and writes their code. */
const layDown = (machine: Machine, pc: number, most: number): CodeBlock | undefined => {
  for (let limit = most; limit > 0; limit >>= 1) {
    const ir = machine.translator.translate(machine.vcpu, pc, limit)
    if (ir === undefined) {
      return undefined
    }
    const slots = allocateSlots(ir)
    if (slots === undefined) {
      continue
    }
    makeRoom(machine, ir)
    const block = describe(machine, pc, ir, machine.translator.instrumentation === undefined)
    if (machine.tier !== undefined) {
      machine.code[machine.codeEnd++] = Code.hot
      machine.code[machine.codeEnd++] = machine.hotThreshold
    }
    lower(machine, ir, slots, machine.insns)
    machine.tier?.addBlock(block, ir, machine.translator.instrumentation)
    machine.byEntry.push(block)
    return block
  }
  throw new Error(
    `the instruction at 0x${pc.toString(16)} needs more temps at once than an engine has: shorten its translation`
  )
}

const makeRoom = (machine: Machine, ir: IrBlock): void => {
  if (
    machine.codeLength + ir.ops.length * wordsPerOp > codeWords ||
    !machine.constants.hasRoom(ir.constants.length + ir.callbacks.length)
  ) {
    machine.flush()
  }
}

/** The instructions of a block that was compiled, and what is woven into it. */
interface RestOf {
  readonly insnPcs: Uint32Array<ArrayBufferLike>
  readonly instrumentation: Instrumentation | undefined
}

/**
 * Lays down code for the rest of a block from the instruction at `pc` on, for compiled code that left in front of an access of
 * it. It carries the instrumentation of its instructions, but not what comes before the first one, nor the block's own: compiled
 * code has done that.
 *
 * @param of what the compiled tier knows of the block
 * @returns the code's place
 */
export const addRest = (machine: Machine, block: CodeBlock, { insnPcs, instrumentation }: RestOf, pc: number): number => {
  const done = block.rests?.get(pc)
  if (done !== undefined) return done
  const from = insnPcs.indexOf(pc)
  const rest = instrumentation && { tb: [], insns: instrumentation.insns.slice(from).map(withoutFirst) }
  const ir = machine.translator.retranslate(pc, insnPcs.length - from, rest)
  const slots = ir && allocateSlots(ir)
  // It was translated before as part of the block.
  if (ir === undefined || slots === undefined) throw new Error(`the rest of a block at 0x${pc.toString(16)} is gone`)
  makeRoom(machine, ir)
  const added = describe(machine, pc, ir, false)
  lower(machine, ir, slots, machine.insns)
  machine.byEntry.push(added)
  block.rests = (block.rests ?? new Map<number, number>()).set(pc, added.entry)
  return added.entry
}

const withoutFirst = (insn: Instrumentation["insns"][number], index: number): Instrumentation["insns"][number] =>
  index === 0 ? { ...insn, exec: [] } : insn

const describe = (machine: Machine, pc: number, ir: IrBlock, isPlain: boolean): CodeBlock => {
  let count = 0
  let end = pc + 1
  for (let i = 0; i < ir.ops.length; i++) {
    const { args, opcode } = ir.ops[i]!
    if (opcode !== Opcode.insn_start) continue
    count++
    end = (args[0]! >>> 0) + args[2]!
  }
  const firstPage = pc >>> Layout.pageShift
  const lastPage = (end - 1) >>> Layout.pageShift
  return {
    pc,
    entry: machine.codeEnd,
    end,
    armed: machine.hotThreshold,
    firstPage,
    lastPage,
    bytes: machine.blocks.isWritable(firstPage, lastPage) ? machine.state.u8.slice(pc, end) : undefined,
    incoming: [],
    rests: undefined,
    runs: 0,
    firstInsn: machine.insns.length,
    insns: count,
    isPlain
  }
}
