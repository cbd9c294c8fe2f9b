/** Gives the temps of a block slots behind the vCPU's state: linear scan over their lifetimes. */
import type { IrBlock } from "../../../ir/Block.ts"
import { Opcode, opTable } from "../../../ir/Opcode.ts"
import * as Layout from "../../../Layout.ts"

/** Slot that `lower` may use between two words of code. */
export const scratchSlot = Layout.cpuStateSlots + Layout.tempSlots - 1

/** Last operation that touches each temp, or -1. Backward branches keep what is live around the loop. */
const lastUses = (block: IrBlock): Int32Array => {
  const first = new Int32Array(block.temps).fill(-1)
  const last = new Int32Array(block.temps).fill(-1)
  const places = new Int32Array(block.labels)
  const loops: Array<readonly [number, number]> = []
  block.ops.forEach((op, index) => {
    const info = opTable[op.opcode]!
    for (let i = 0; i < info.outputs + info.inputs; i++) {
      const temp = op.args[i]! - Layout.cpuStateSlots
      if (temp >= 0) {
        if (first[temp]! < 0) {
          first[temp] = index
        }
        last[temp] = index
      }
    }
    if (op.opcode === Opcode.set_label) {
      places[op.args[0]!] = index + 1
    } else if (op.opcode === Opcode.br || op.opcode === Opcode.brcond) {
      const place = places[op.args.at(-1)!]!
      if (place > 0) {
        loops.push([place - 1, index])
      }
    }
  })
  for (const [start, end] of loops) {
    for (let temp = 0; temp < block.temps; temp++) {
      if (first[temp]! < start && last[temp]! >= start && last[temp]! < end) {
        last[temp] = end
      }
    }
  }
  return last
}

/**
 * Slot of each temp of a block. A temp's slot is free again after its last use, for that operation's own output too: code
 * reads all its operands before it writes.
 *
 * @returns undefined where more temps are alive at once than there are slots
 */
export const allocateSlots = (block: IrBlock): Int32Array | undefined => {
  const last = lastUses(block)
  const slots = new Int32Array(block.temps).fill(-1)
  const free: Array<number> = []
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
