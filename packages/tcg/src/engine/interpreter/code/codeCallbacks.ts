/** What code needs of plugins when it is laid down: places of scoreboard entries, numbers of callbacks. */
import type { ScoreboardU64 } from "@emu/core/Scoreboard"
import type { BlockCallback, IrBlock } from "../../../ir/Block.ts"
import type { Machine } from "../Machine.ts"
import type { CodeCallback } from "../../calls/CodeCallback.ts"

/** Where vCPU 0's slot of a scoreboard entry is in memory, and the bytes to the next vCPU's. */
export const scoreboardAddress = (machine: Machine, entry: ScoreboardU64): { address: number; stride: number } => {
  const board = machine.findScoreboard(entry.scoreboard)
  return { address: board.byteOffset + entry.offset, stride: board.elementSize }
}

/** The same, with what the slot of the running vCPU holds now. */
export const scoreboardPlace = (machine: Machine, entry: ScoreboardU64) => {
  const place = scoreboardAddress(machine, entry)
  return { ...place, value: machine.state.u64[(place.address + machine.vcpu * place.stride) / 8]! }
}

/** Adds a callback of a block to the machine's list. Returns its number. */
export const registerCallback = (machine: Machine, block: IrBlock, from: BlockCallback): number =>
  machine.callbacks.push(codeCallback(machine, block, from)) - 1

/** Adds a deferred callback of a block to those that compiled code may record. Returns what stands for it in records. */
export const registerDeferred = (machine: Machine, block: IrBlock, from: BlockCallback): number =>
  machine.deferred.add(codeCallback(machine, block, from))

const codeCallback = (machine: Machine, block: IrBlock, from: BlockCallback): CodeCallback => {
  const { callback, memop, store } = from
  const pc = block.insns[from.insn]?.pc ?? block.pc
  const { address, stride } =
    callback.kind === "cond" ? scoreboardAddress(machine, callback.entry) : { address: 0, stride: 0 }
  const pcLow = Number(BigInt.asIntN(32, pc))
  return { callback, pc, pcLow, memop, store, slot: address / 4, stride: stride / 4 }
}
