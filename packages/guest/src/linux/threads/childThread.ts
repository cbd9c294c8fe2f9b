/** What a thread begins with that clone(2) makes, in the same process or as the first one of another. */
import { CpuSlot } from "@emu/tcg/Layout"
import type { Kernel } from "../kernel/Kernel.ts"
import { writable } from "../user/UserMemory.ts"
import { CloneFlag, type CloneRequest } from "./CloneRequest.ts"
import type { Thread } from "./Thread.ts"

/**
 * Prepares a thread to go on behind the call of the one that has the turn, with result 0: its registers and signal mask, and its id
 * where the request wants that stored. Where the parent stores it has been checked.
 *
 * @param kernel the parent's
 */
export const prepareChild = (kernel: Kernel, child: Thread, request: CloneRequest): void => {
  const { abi, state, thread: parent } = kernel
  const has = (flag: bigint): boolean => (request.flags & flag) !== 0n
  const slots = child.saved
  slots.set(state.i64.subarray(0, slots.length))
  slots[abi.resultSlot] = 0n
  slots[CpuSlot.vcpuIndex] = BigInt(child.vcpu)
  slots[CpuSlot.instructions] = 0n
  slots[CpuSlot.reserveAddress] = -1n
  if (request.stack !== 0) slots[abi.stackSlot] = BigInt(request.stack)
  if (has(CloneFlag.setTls)) slots[abi.tlsSlot] = request.tls
  child.mask = parent.mask
  if (has(CloneFlag.parentSetTid)) state.view.setInt32(request.parentTid, child.tid, true)
  const own = child.guestMemory.state
  if (has(CloneFlag.childSetTid) && writable(own, request.childTid, 4) !== undefined) {
    own.view.setInt32(request.childTid, child.tid, true)
  }
  if (has(CloneFlag.childClearTid)) child.clearChildTid = request.childTid
}
