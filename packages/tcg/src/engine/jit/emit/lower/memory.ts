/**
 * Guest loads, stores and atomics to WebAssembly: one compare against a window of addresses known to be accessible; outside
 * of it a check of the page table; where that fails too, a precise exit.
 */
import type { Op } from "../../../../ir/Block.ts"
import { Cond, MemOp, Opcode } from "../../../../ir/Opcode.ts"
import { Insn } from "../../../../wasm/Wasm.ts"
import type { CodeWriter } from "../../../../wasm/CodeWriter.ts"
import { PageFlag } from "../../../../Layout.ts"
import type { Check } from "../../analysis/Accesses.ts"
import { Window } from "../../Runtime.ts"
import type { LowerContext } from "./Context.ts"

const loads: ReadonlyArray<number> = [Insn.i64_load8_u, Insn.i64_load16_u, Insn.i64_load32_u, Insn.i64_load]
const signedLoads: ReadonlyArray<number> = [Insn.i64_load8_s, Insn.i64_load16_s, Insn.i64_load32_s, Insn.i64_load]
const stores: ReadonlyArray<number> = [Insn.i64_store8, Insn.i64_store16, Insn.i64_store32, Insn.i64_store]

/** The same into and from i32 locals; there is no narrow load of 32 bits without sign. */
const narrowLoads: ReadonlyArray<number> = [Insn.i32_load8_u, Insn.i32_load16_u]
const narrowSignedLoads: ReadonlyArray<number> = [Insn.i32_load8_s, Insn.i32_load16_s, Insn.i32_load]
const narrowStores: ReadonlyArray<number> = [Insn.i32_store8, Insn.i32_store16, Insn.i32_store]

const loadInsn = (memop: number): number => (memop & MemOp.sign ? signedLoads : loads)[memop & MemOp.sizeMask]!

/** Pushes base + disp as i64. */
const pushAddress = ({ code, values }: LowerContext, base: number, disp: number): void => {
  values.getI64(base)
  if (disp !== 0) {
    code.i64(BigInt(disp))
    code.op(Insn.i64_add)
  }
}

/** Checks an access at base + disp and pushes where it is in memory, which is its address unless that is a high one. */
const pushChecked = (
  context: LowerContext,
  base: number,
  disp: number,
  memop: number,
  write: boolean,
  atomic = false
): void => {
  const { address, callees, code } = context
  // An atomic's load faults as its store does.
  const needs = (write && !atomic ? 0 : PageFlag.read) | (write || atomic ? PageFlag.write : 0)
  const bytes = 1 << (memop & MemOp.sizeMask)
  pushAddress(context, base, disp)
  code.tee(address)
  if (memop & MemOp.aligned && bytes > 1) {
    code.i64(BigInt(bytes - 1))
    code.op(Insn.i64_and)
    code.op(Insn.i64_eqz)
    code.op(Insn.i32_eqz)
    code.ifUnlikely()
    code.get(address)
    code.i32(bytes - 1)
    code.i32(context.faultSite(memop, needs))
    code.i32(0)
    code.call(callees.misaligned)
    code.op(Insn.i32_eqz)
    context.leaveOnFault()
    code.end()
    code.get(address)
  }
  const window = context.window(base, write)
  code.i32(0)
  code.memory(Insn.i64_load32_u, window + Window.low)
  code.op(Insn.i64_sub)
  code.i32(0)
  code.memory(Insn.i64_load32_u, window + Window.limit)
  code.op(Insn.i64_ge_u)
  code.ifUnlikely()
  code.get(address)
  code.i32(bytes - 1)
  code.i32(context.faultSite(memop, needs))
  code.i32(window)
  code.call(write ? callees.checkWrite : callees.checkRead)
  code.op(Insn.i64_extend_i32_u)
  code.tee(address)
  code.op(Insn.i64_eqz)
  context.leaveOnFault()
  code.end()
  code.get(address)
  code.op(Insn.i32_wrap_i64)
}

/** Page 0 allows nothing, so an allowed address less a displacement below this is not negative. */
const quickDisp = 4096

/** Pushes the address of an access as i32, checked unless that is done. Gives the displacement that it lacks. */
const pushPlace = (context: LowerContext, op: Op, write: boolean): number => {
  const { code, values } = context
  const [, base, disp, memop] = op.args as [number, number, number, number]
  if (!context.isCovered(op)) {
    pushChecked(context, base, disp, memop, write)
    return 0
  }
  values.getAddress(base)
  if (disp >= 0 && disp < quickDisp) return disp
  code.i32(disp)
  code.op(Insn.i32_add)
  return 0
}

/**
 * Pushes whether a stretch of `bytes` from an address on is not all in a window. One of more than eight bytes may not reach
 * into the window's last seven, which the limit leaves out.
 */
export const pushOutside = ({ code, scratch }: LowerContext, window: number, bytes: number, push: () => void): void => {
  const offset = scratch[0]!
  push()
  code.i32(0)
  code.memory(Insn.i64_load32_u, window + Window.low)
  code.op(Insn.i64_sub)
  if (bytes <= 8) {
    code.i32(0)
    code.memory(Insn.i64_load32_u, window + Window.limit)
    code.op(Insn.i64_ge_u)
    return
  }
  // Neither the offset in the window nor what is left behind the stretch may be negative.
  code.set(offset)
  code.i32(0)
  code.memory(Insn.i64_load32_u, window + Window.limit)
  code.i64(BigInt(bytes))
  code.op(Insn.i64_sub)
  code.get(offset)
  code.op(Insn.i64_sub)
  code.get(offset)
  code.op(Insn.i64_or)
  code.i64(0n)
  code.op(Insn.i64_lt_s)
}

/** Checks a stretch around a value. `leave` writes what to do where it does not allow what is needed. */
export const lowerCheck = (context: LowerContext, { high, low, needs, root }: Check, leave: () => void): void => {
  const { callees, code, values } = context
  const window = context.window(root, (needs & PageFlag.write) !== 0)
  const bytes = high - low
  pushOutside(context, window, bytes, () => {
    values.getI64(root)
    if (low !== 0) {
      code.i64(BigInt(low))
      code.op(Insn.i64_add)
    }
  })
  code.ifUnlikely()
  values.getI64(root)
  code.i64(BigInt(low))
  code.op(Insn.i64_add)
  code.i32(bytes - 1)
  code.i32(needs)
  code.i32(window)
  code.call(callees.checkRange)
  code.ifUnlikely()
  leave()
  code.end()
  code.end()
}

/** Lowers a guest memory operation; false if it is not one. */
export const lowerMemory = (context: LowerContext, op: Op): boolean => {
  const { code, values } = context
  const { args } = op
  switch (op.opcode) {
    case Opcode.guest_ld: {
      const [d, , , memop] = args as [number, number, number, number]
      values.beginSet(d)
      const offset = pushPlace(context, op, false)
      if ((memop & MemOp.sizeMask) === MemOp.size64 && values.isF64(d)) {
        code.memory(Insn.f64_load, offset)
        values.setF64(d)
      } else if (values.isI32(d)) {
        code.memory((memop & MemOp.sign ? narrowSignedLoads : narrowLoads)[memop & MemOp.sizeMask]!, offset)
        values.setI32(d)
      } else {
        code.memory(loadInsn(memop), offset)
        values.setI64(d)
      }
      return true
    }
    case Opcode.guest_st: {
      const [value, , , memop] = args as [number, number, number, number]
      const offset = pushPlace(context, op, true)
      if ((memop & MemOp.sizeMask) === MemOp.size64 && values.isF64(value)) {
        values.getF64(value)
        code.memory(Insn.f64_store, offset)
      } else if (values.isI32(value) && (memop & MemOp.sizeMask) !== MemOp.size64) {
        values.getI32(value)
        code.memory(narrowStores[memop & MemOp.sizeMask]!, offset)
      } else {
        values.getI64(value)
        code.memory(stores[memop & MemOp.sizeMask]!, offset)
      }
      return true
    }
    case Opcode.atomic_cmpxchg: {
      const [d, base, expected, replacement, memop] = args as [number, number, number, number, number]
      const old = context.scratch[0]!
      loadOld(context, base, memop, old)
      code.get(old)
      values.getI64(expected)
      extendOperand(code, memop)
      code.op(Insn.i64_eq)
      code.if()
      code.get(context.address)
      code.op(Insn.i32_wrap_i64)
      values.getI64(replacement)
      code.memory(stores[memop & MemOp.sizeMask]!, 0)
      code.end()
      values.beginSet(d)
      code.get(old)
      values.setI64(d)
      return true
    }
    default:
      return lowerReadModifyWrite(context, op)
  }
}

/** Loads the old value of an atomic at `base` into a local, after checking that it may also be written. */
const loadOld = (context: LowerContext, base: number, memop: number, old: number): void => {
  const { code } = context
  pushChecked(context, base, 0, memop, true, true)
  code.op(Insn.drop)
  pushChecked(context, base, 0, memop, false, true)
  code.memory(loadInsn(memop), 0)
  code.set(old)
}

/** Brings an operand to the form that the loaded value has, for comparisons. */
const extendOperand = (code: CodeWriter, memop: number): void => {
  if ((memop & MemOp.sizeMask) !== MemOp.size32) return
  if (memop & MemOp.sign) code.op(Insn.i64_extend32_s)
  else {
    code.i64(0xffffffffn)
    code.op(Insn.i64_and)
  }
}

const arithmetic = new Map<number, number>([
  [Opcode.atomic_fetch_add, Insn.i64_add],
  [Opcode.atomic_fetch_and, Insn.i64_and],
  [Opcode.atomic_fetch_or, Insn.i64_or],
  [Opcode.atomic_fetch_xor, Insn.i64_xor]
])

const choices = new Map<number, Cond>([
  [Opcode.atomic_fetch_smin, Cond.lt],
  [Opcode.atomic_fetch_smax, Cond.gt],
  [Opcode.atomic_fetch_umin, Cond.ltu],
  [Opcode.atomic_fetch_umax, Cond.gtu]
])

const compareInsn = {
  [Cond.lt]: Insn.i64_lt_s,
  [Cond.gt]: Insn.i64_gt_s,
  [Cond.ltu]: Insn.i64_lt_u,
  [Cond.gtu]: Insn.i64_gt_u
}

const lowerReadModifyWrite = (context: LowerContext, op: Op): boolean => {
  const { code, values } = context
  const insn = arithmetic.get(op.opcode)
  const choice = choices.get(op.opcode)
  if (insn === undefined && choice === undefined && op.opcode !== Opcode.atomic_xchg) return false
  const [d, base, value, memop] = op.args as [number, number, number, number]
  const [old, operand] = context.scratch as [number, number]
  loadOld(context, base, memop, old)
  // The sign extension of a loaded 32-bit value keeps the unsigned order too, as long as both sides have it.
  values.getI64(value)
  extendOperand(code, memop)
  code.set(operand)
  code.get(context.address)
  code.op(Insn.i32_wrap_i64)
  if (insn !== undefined) {
    code.get(old)
    code.get(operand)
    code.op(insn)
  } else if (choice !== undefined) {
    code.get(old)
    code.get(operand)
    code.get(old)
    code.get(operand)
    code.op(compareInsn[choice as keyof typeof compareInsn])
    code.op(Insn.select)
  } else code.get(operand)
  code.memory(stores[memop & MemOp.sizeMask]!, 0)
  values.beginSet(d)
  code.get(old)
  values.setI64(d)
  return true
}
