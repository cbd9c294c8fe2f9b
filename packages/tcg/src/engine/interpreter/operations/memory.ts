/** Guest loads and stores that are not an aligned access to a permitted page: unaligned ones, faults. */
import type { CpuState } from "../../../CpuState.ts"
import { type Exit, ExitKind } from "../../../Engine.ts"
import { MemOp } from "../../../ir/Opcode.ts"
import * as Layout from "../../../Layout.ts"
import type { Machine } from "../Machine.ts"

const two32 = 4294967296

/** Makes `exit` a memory fault. */
const fault = (exit: Exit, kind: ExitKind, address: bigint, store: boolean, mapped: boolean): void => {
  exit.kind = kind
  exit.address = address
  exit.store = store
  exit.mapped = mapped
}

/**
 * Address of an access of `size` bytes at base + disp after all its checks, or -1 with `machine.exit` set to the fault.
 *
 * @param base index of the base's low word
 * @param needs `PageFlag`s that every page of the access must have
 */
export const checkedAddress = (machine: Machine, base: number, disp: number, memop: number, needs: number): number => {
  const { exit, state } = machine
  const { i32 } = state
  const size = 1 << (memop & MemOp.sizeMask)
  const store = (needs & Layout.PageFlag.write) !== 0
  const sum = (i32[base]! >>> 0) + disp
  const address = sum >>> 0
  const high = (i32[base + 1]! + Math.floor(sum / two32)) | 0
  if ((memop & MemOp.aligned) !== 0 && (address & (size - 1)) !== 0) {
    fault(exit, ExitKind.alignmentFault, wide(high, address), store, isMapped(state, numberOf(high, address)))
    return -1
  }
  if (high >>> 0 >= userEndHigh) {
    fault(exit, ExitKind.memoryFault, wide(high, address), store, false)
    return -1
  }
  const found = placeOf(state, numberOf(high, address), size, needs)
  if (found >= 0) return found
  const failed = failedAt(state, numberOf(high, address), size, needs)
  fault(exit, ExitKind.memoryFault, BigInt(failed), store, isMapped(state, failed))
  return -1
}

/** High word of the first address behind all that are ever mapped. */
const userEndHigh = Layout.userEnd / two32

const numberOf = (high: number, low: number): number => (high >>> 0) * two32 + low

const pageOf = (address: number): number => Math.floor(address / Layout.pageSize)

const permits = (state: CpuState, page: number, needs: number): boolean =>
  ((state.pageTable[page] ?? 0) & needs) === needs || state.bringIn(page, needs)

const isMapped = (state: CpuState, address: number): boolean => permits(state, pageOf(address), Layout.PageFlag.mapped)

/** Where the bytes of an access are in memory, once their pages have been brought in; -1 where it is not allowed. */
const placeOf = (state: CpuState, address: number, size: number, needs: number): number => {
  const page = pageOf(address)
  const lastPage = pageOf(address + size - 1)
  if (!permits(state, page, needs)) return -1
  // once more the first one, as getting the last page may cost it
  if (lastPage !== page && !(permits(state, lastPage, needs) && permits(state, page, needs))) return -1
  return address + size <= Layout.guestEnd ? address : state.place(address, size)
}

/** The address that a fault of an access is at: its own, or where the page begins into which it must not reach. */
const failedAt = (state: CpuState, address: number, size: number, needs: number): number => {
  const lastPage = pageOf(address + size - 1)
  return permits(state, pageOf(address), needs) && !permits(state, lastPage, needs) ? lastPage * Layout.pageSize : address
}

/**
 * What a load or store of compiled code does that it found no way to make: gives where its bytes are in memory, or 0 where it is not
 * allowed. Its address is at index `at`.
 */
export const bringIn = (state: CpuState, at: number, size: number, needs: number): number => {
  const high = state.i32[at + 1]! >>> 0
  if (high >= userEndHigh) return 0
  return Math.max(0, placeOf(state, numberOf(high, state.i32[at]! >>> 0), size, needs))
}

const wide = (high: number, low: number): bigint => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)

/** Loads what `memop` says at base + disp into `d`. False where it faults, with `machine.exit` set and nothing changed. */
export const load = (machine: Machine, d: number, base: number, disp: number, memop: number): boolean => {
  const address = checkedAddress(machine, base, disp, memop, Layout.PageFlag.read)
  if (address < 0) {
    return false
  }
  const { data: view, i32 } = machine.state
  switch (memop & (MemOp.sizeMask | MemOp.sign)) {
    case MemOp.size8:
      return put(i32, d, view.getUint8(address), 0)
    case MemOp.size16:
      return put(i32, d, view.getUint16(address, true), 0)
    case MemOp.size32:
      return put(i32, d, view.getInt32(address, true), 0)
    case MemOp.size8 | MemOp.sign: {
      const value = view.getInt8(address)
      return put(i32, d, value, value >> 31)
    }
    case MemOp.size16 | MemOp.sign: {
      const value = view.getInt16(address, true)
      return put(i32, d, value, value >> 31)
    }
    case MemOp.size32 | MemOp.sign: {
      const value = view.getInt32(address, true)
      return put(i32, d, value, value >> 31)
    }
    default:
      return put(i32, d, view.getInt32(address, true), view.getInt32(address + 4, true))
  }
}

const put = (i32: Int32Array<ArrayBufferLike>, d: number, low: number, high: number): boolean => {
  i32[d] = low
  i32[d + 1] = high
  return true
}

/** Stores the value at index `value` to base + disp. False where it faults, with `machine.exit` set and nothing stored. */
export const store = (machine: Machine, value: number, base: number, disp: number, memop: number): boolean => {
  const address = checkedAddress(machine, base, disp, memop, Layout.PageFlag.write)
  if (address < 0) {
    return false
  }
  const { data: view, i32 } = machine.state
  switch (memop & MemOp.sizeMask) {
    case MemOp.size8:
      view.setUint8(address, i32[value]!)
      break
    case MemOp.size16:
      view.setUint16(address, i32[value]!, true)
      break
    case MemOp.size32:
      view.setInt32(address, i32[value]!, true)
      break
    default:
      view.setInt32(address, i32[value]!, true)
      view.setInt32(address + 4, i32[value + 1]!, true)
  }
  return true
}
