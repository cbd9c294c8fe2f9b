/** Atomic operations on guest memory. vCPUs share one host thread, so plain loads and stores are atomic. */
import { MemOp, Opcode } from "../../../ir/Opcode.ts"
import * as Layout from "../../../Layout.ts"
import type { Machine } from "../Machine.ts"
import { checkedAddress } from "./memory.ts"

const readWrite = Layout.PageFlag.read | Layout.PageFlag.write

/** The value that an atomic operation stores, from the old one and the operand, both signed or both unsigned as it compares. */
const combine = (opcode: number, old: bigint, operand: bigint): bigint => {
  switch (opcode) {
    case Opcode.atomic_xchg:
      return operand
    case Opcode.atomic_fetch_add:
      return old + operand
    case Opcode.atomic_fetch_and:
      return old & operand
    case Opcode.atomic_fetch_or:
      return old | operand
    case Opcode.atomic_fetch_xor:
      return old ^ operand
    case Opcode.atomic_fetch_smin:
    case Opcode.atomic_fetch_umin:
      return old < operand ? old : operand
    case Opcode.atomic_fetch_smax:
    case Opcode.atomic_fetch_umax:
      return old > operand ? old : operand
    default:
      throw new Error(`operation ${opcode} is not atomic`)
  }
}

const read = (view: DataView<ArrayBufferLike>, address: number, memop: number): bigint => {
  switch (memop & MemOp.sizeMask) {
    case MemOp.size8:
      return BigInt(view.getInt8(address))
    case MemOp.size16:
      return BigInt(view.getInt16(address, true))
    case MemOp.size32:
      return BigInt(view.getInt32(address, true))
    default:
      return view.getBigInt64(address, true)
  }
}

const write = (view: DataView<ArrayBufferLike>, address: number, memop: number, value: bigint): void => {
  switch (memop & MemOp.sizeMask) {
    case MemOp.size8:
      return view.setInt8(address, Number(BigInt.asIntN(8, value)))
    case MemOp.size16:
      return view.setInt16(address, Number(BigInt.asIntN(16, value)), true)
    case MemOp.size32:
      return view.setInt32(address, Number(BigInt.asIntN(32, value)), true)
    default:
      return view.setBigInt64(address, value, true)
  }
}

/** What the destination gets: the old value, extended as the access says. `old` is signed. */
const extended = (old: bigint, memop: number): bigint =>
  (memop & MemOp.sign) !== 0 ? old : BigInt.asUintN(8 << (memop & MemOp.sizeMask), old)

/** `atomic_xchg` and `atomic_fetch_*`. False where it faults (as a store), with `machine.exit` set and nothing changed. */
export const atomic = (machine: Machine, d: number, addr: number, value: number, memop: number, opcode: number): boolean => {
  const address = checkedAddress(machine, addr, 0, memop, readWrite)
  if (address < 0) {
    return false
  }
  const { data: view, i64 } = machine.state
  const bits = 8 << (memop & MemOp.sizeMask)
  const old = read(view, address, memop)
  const operand = BigInt.asIntN(bits, i64[value >> 1]!)
  const unsigned = opcode === Opcode.atomic_fetch_umin || opcode === Opcode.atomic_fetch_umax
  const result = unsigned
    ? combine(opcode, BigInt.asUintN(bits, old), BigInt.asUintN(bits, operand))
    : combine(opcode, old, operand)
  write(view, address, memop, result)
  i64[d >> 1] = extended(old, memop)
  return true
}

/** `atomic_cmpxchg`: compares as many low bits as the access has. False where it faults, as `atomic`. */
export const compareExchange = (
  machine: Machine,
  d: number,
  addr: number,
  expected: number,
  value: number,
  memop: number
): boolean => {
  const address = checkedAddress(machine, addr, 0, memop, readWrite)
  if (address < 0) {
    return false
  }
  const { data: view, i64 } = machine.state
  const old = read(view, address, memop)
  if (old === BigInt.asIntN(8 << (memop & MemOp.sizeMask), i64[expected >> 1]!)) {
    write(view, address, memop, i64[value >> 1]!)
  }
  i64[d >> 1] = extended(old, memop)
  return true
}
