/** Gives the temps of a block slots behind the vCPU's state: linear scan over their lifetimes. */
import type { IrBlock } from "../../../ir/Block.ts"
import { Opcode, opTable } from "../../../ir/Opcode.ts"
import * as Layout from "../../../Layout.ts"

/** Slot that `lower` may use between two words of code. */
export const scratchSlot = Layout.cpuStateSlots + Layout.tempSlots - 1

/** Arrays with an element for each temp or label, of one block after the other: new ones for each would be dear. */
class Lifetimes {
  first = new Int32Array(0)
  last = new Int32Array(0)
  slots = new Int32Array(0)
  places = new Int32Array(0)

  begin(temps: number, labels: number): void {
    if (temps > this.first.length) {
      this.first = new Int32Array(2 * temps)
      this.last = new Int32Array(2 * temps)
      this.slots = new Int32Array(2 * temps)
    }
    if (labels > this.places.length) this.places = new Int32Array(2 * labels)
    this.first.fill(-1, 0, temps)
    this.last.fill(-1, 0, temps)
    this.slots.fill(-1, 0, temps)
    this.places.fill(0, 0, labels)
  }
}

const lifetimes = new Lifetimes()
const free: Array<number> = []

/** Finds the last operation that touches each temp, or -1. Backward branches keep what is live around the loop. */
const findLastUses = ({ labels, ops, temps }: IrBlock): void => {
  const { first, last, places } = lifetimes
  for (let index = 0; index < ops.length; index++) {
    const { args, opcode } = ops[index]!
    const { inputs, outputs } = opTable[opcode]!
    for (let i = 0; i < outputs + inputs; i++) {
      const temp = args[i]! - Layout.cpuStateSlots
      if (temp >= 0) {
        if (first[temp]! < 0) first[temp] = index
        last[temp] = index
      }
    }
    if (labels === 0) continue
    if (opcode === Opcode.set_label) places[args[0]!] = index + 1
    else if (opcode === Opcode.br || opcode === Opcode.brcond) {
      const place = places[args.at(-1)!]!
      if (place > 0) extend(temps, place - 1, index)
    }
  }
}

/** Keeps what is live at the start of a loop until its end. Inner loops come before outer ones. */
const extend = (temps: number, start: number, end: number): void => {
  const { first, last } = lifetimes
  for (let temp = 0; temp < temps; temp++) {
    if (first[temp]! >= 0 && first[temp]! < start && last[temp]! >= start && last[temp]! < end) last[temp] = end
  }
}

/**
 * Slot of each temp of a block. A temp's slot is free again after its last use, for that operation's own output too: code
 * reads all its operands before it writes.
 *
 * @returns undefined where more temps are alive at once than there are slots; good until the next call
 */
export const allocateSlots = (block: IrBlock): Int32Array | undefined => {
  lifetimes.begin(block.temps, block.labels)
  if (block.temps === 0) return lifetimes.slots
  findLastUses(block)
  const { last, slots } = lifetimes
  free.length = 0
  let fresh = Layout.cpuStateSlots
  for (let index = 0; index < block.ops.length; index++) {
    const op = block.ops[index]!
    const info = opTable[op.opcode]!
    for (let i = info.outputs; i < info.outputs + info.inputs; i++) {
      const temp = op.args[i]! - Layout.cpuStateSlots
      if (temp >= 0 && last[temp] === index) {
        last[temp] = -1
        free.push(slots[temp]!)
      }
    }
    for (let i = 0; i < info.outputs; i++) {
      const temp = op.args[i]! - Layout.cpuStateSlots
      if (temp < 0) {
        continue
      }
      if (slots[temp]! < 0) {
        const slot = free.pop() ?? fresh++
        if (slot >= scratchSlot) {
          return undefined
        }
        slots[temp] = slot
      }
      if (last[temp] === index) {
        free.push(slots[temp]!)
      }
    }
  }
  return slots
}
