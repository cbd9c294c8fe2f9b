/** What the user is told when the engines differ. */
import type { CpuState } from "../../CpuState.ts"
import type { FrontEnd } from "../../FrontEnd.ts"
import { type GuestInsn, outputsOf } from "../../ir/Block.ts"
import { Opcode } from "../../ir/Opcode.ts"
import { Translator } from "../../Translator.ts"
import type { StateDifference } from "./compareStates.ts"

/** The engines that `--engine lockstep` runs differ: a mistake in one of them. The message is a report of several lines. */
export class EnginesDiffer extends Error {
  readonly _tag = "EnginesDiffer"
}

/** A store of the reference. */
export interface Store {
  readonly pc: number
  readonly address: number
  readonly size: number
}

/** What is known of the stretch behind which the engines differ. */
export interface Stretch {
  /** State of the reference. */
  readonly state: CpuState
  readonly frontEnd: FrontEnd
  /** Guest instructions of the vCPU before it, and in it. */
  readonly before: bigint
  readonly length: number
  readonly vcpu: bigint
  /** Blocks that the reference began, in order. */
  readonly blocks: ReadonlyArray<number>
  readonly stores: ReadonlyArray<Store>
}

const maxShown = 12

const hex = (value: number | bigint): string => `0x${value.toString(16)}`

interface Executed {
  readonly insn: GuestInsn
  readonly slots: ReadonlyArray<number>
}

/** The instructions that the reference executed, with the slots that each writes. Code that was overwritten since is left out. */
const executed = ({ blocks, frontEnd, length, state, vcpu }: Stretch): Array<Executed> => {
  const translator = new Translator(state, frontEnd, { optimize: false })
  const list: Array<Executed> = []
  for (const pc of blocks) {
    if (list.length >= length) break
    const block = translator.translate(Number(vcpu), pc)
    if (block === undefined) continue
    let starts = 0
    let slots: Array<number> = []
    for (const op of block.ops) {
      if (op.opcode === Opcode.insn_start) {
        slots = []
        list.push({ insn: block.insns[starts++]!, slots })
      }
      for (let i = 0; i < outputsOf(op); i++) slots.push(op.args[i]!)
    }
  }
  return list.slice(0, length)
}

const overlaps = ({ address, size }: Store, word: number): boolean => address < word + 8 && word < address + size

/** The report: what differs, who wrote it last, what was executed. */
export const describeDifference = (
  stretch: Stretch,
  differences: ReadonlyArray<StateDifference>,
  others: ReadonlyArray<string>
): string => {
  const { before, blocks, frontEnd, length, stores, vcpu } = stretch
  const insns = executed(stretch)
  const show = ({ pc, raw, size }: GuestInsn): string => `${hex(pc)}: ${frontEnd.disassemble(raw, size, pc)}`
  const writerOf = ({ address, slot }: StateDifference): GuestInsn | undefined => {
    if (slot !== undefined) return insns.findLast(({ slots }) => slots.includes(slot))?.insn
    const store = stores.findLast((one) => overlaps(one, address!))
    return store && insns.findLast(({ insn }) => insn.pc === BigInt(store.pc))?.insn
  }
  const lines = [
    `the JIT and the interpreter differ after ${before + BigInt(length)} instructions of vCPU ${vcpu}; they agreed ${length} instructions earlier`
  ]
  const last = insns.at(-1)
  if (last !== undefined) lines.push(`  last instruction executed: ${show(last.insn)}`)
  for (const text of others.slice(0, maxShown)) lines.push(`  ${text}`)
  for (const difference of differences.slice(0, maxShown)) {
    const { name, values } = difference
    const writer = writerOf(difference)
    const by = writer === undefined ? "not written since they agreed" : `written last at ${show(writer)}`
    lines.push(`  ${name}: JIT ${hex(values[0])}, interpreter ${hex(values[1])}; ${by}`)
  }
  if (differences.length > maxShown) lines.push(`  ... and ${differences.length - maxShown} more`)
  lines.push(`  blocks since they agreed: ${blocks.slice(-maxShown).map(hex).join(" ")}`)
  if (blocks.length > maxShown) lines[lines.length - 1] += ` (the last ${maxShown} of ${blocks.length})`
  return lines.join("\n")
}
