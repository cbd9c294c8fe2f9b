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
  const { i32, pageTable } = state
  const size = 1 << (memop & MemOp.sizeMask)
  const store = (needs & Layout.PageFlag.write) !== 0
  const sum = (i32[base]! >>> 0) + disp
  const address = sum >>> 0
  const high = (i32[base + 1]! + Math.floor(sum / two32)) | 0
  if ((memop & MemOp.aligned) !== 0 && (address & (size - 1)) !== 0) {
    const mapped = high === 0 && (pageTable[address >>> Layout.pageShift]! & Layout.PageFlag.mapped) !== 0
    fault(exit, ExitKind.alignmentFault, wide(high, address), store, mapped)
    return -1
  }
  if (high !== 0) {
    fault(exit, ExitKind.memoryFault, wide(high, address), store, false)
    return -1
  }
  const page = address >>> Layout.pageShift
  const lastPage = (address + size - 1) >>> Layout.pageShift
  // in this order, as getting the last page may cost the first one
  const failed = !permits(state, page, needs)
    ? address
    : lastPage !== page && !permits(state, lastPage, needs)
      ? lastPage * Layout.pageSize
      : lastPage !== page && !permits(state, page, needs)
        ? address
        : -1
  if (failed < 0) return address
  const mapped = (pageTable[failed >>> Layout.pageShift]! & Layout.PageFlag.mapped) !== 0
  fault(exit, ExitKind.memoryFault, BigInt(failed), store, mapped)
  return -1
}

const permits = (state: CpuState, page: number, needs: number): boolean =>
  (state.pageTable[page]! & needs) === needs || state.bringIn(page, needs)

/**
 * What a load or store of compiled code does where the page table does not allow it: true where it may be made after all. Its address
 * is at index `at`.
 */
export const bringIn = (state: CpuState, at: number, size: number, needs: number): boolean => {
  const { i32 } = state
  if (i32[at + 1] !== 0) return false
  const address = i32[at]! >>> 0
  const page = address >>> Layout.pageShift
  const lastPage = (address + size - 1) >>> Layout.pageShift
  if (!permits(state, page, needs)) return false
  return lastPage === page || (permits(state, lastPage, needs) && permits(state, page, needs))
}

const wide = (high: number, low: number): bigint => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)

/** Loads what `memop` says at base + disp into `d`. False where it faults, with `machine.exit` set and nothing changed. */
export const load = (machine: Machine, d: number, base: number, disp: number, memop: number): boolean => {
  const address = checkedAddress(machine, base, disp, memop, Layout.PageFlag.read)
  if (address < 0) {
    return false
  }
  const { i32, view } = machine.state
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
  const { i32, view } = machine.state
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
