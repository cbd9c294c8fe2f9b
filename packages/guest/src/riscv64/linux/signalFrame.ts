/**
 * The signal frame of RISC-V Linux (arch/riscv/include/uapi/asm/ucontext.h, sigcontext.h), as QEMU lays it out:
 *
 *     0    siginfo, 128 bytes
 *     128  ucontext: flags, link, stack (24 bytes), mask, 120 bytes unused, then from 176 on
 *          pc, x1..x31, f0..f31, fcsr
 *     832  end
 */
import { CpuSlot } from "@emu/tcg/Layout"
import type { CpuState } from "@emu/tcg/CpuState"
import type { FrameContext } from "../../linux/kernel/Abi.ts"
import { readAltStack, writeAltStack } from "../../linux/signals/altStack.ts"

export const frameSize = 832
const ucontext = 128
const stackOffset = ucontext + 16
const maskOffset = ucontext + 40
/** Where `pc, x1..x31` are. */
export const registersOffset = ucontext + 176
const floatsOffset = registersOffset + 32 * 8
const fcsrOffset = floatsOffset + 32 * 8
const firstFloatSlot = 32
const stackPointer = 2
const [returnAddress, a0, a1, a2] = [1, 10, 11, 12]

export const writeContext = (state: CpuState, frame: number, context: FrameContext): void => {
  const { view, i64 } = state
  writeAltStack(view, frame + stackOffset, context.altStack)
  view.setBigUint64(frame + maskOffset, context.mask, true)
  view.setBigInt64(frame + registersOffset, i64[CpuSlot.pc]!, true)
  for (let i = 1; i < 32; i++) view.setBigInt64(frame + registersOffset + 8 * i, i64[i]!, true)
  for (let i = 0; i < 32; i++) view.setBigInt64(frame + floatsOffset + 8 * i, i64[firstFloatSlot + i]!, true)
  view.setUint32(frame + fcsrOffset, readFcsr(i64), true)
}

export const readContext = (state: CpuState, frame: number): FrameContext => {
  const { view, i64 } = state
  // hardware drops the lowest bit
  i64[CpuSlot.pc] = view.getBigInt64(frame + registersOffset, true) & ~1n
  for (let i = 1; i < 32; i++) i64[i] = view.getBigInt64(frame + registersOffset + 8 * i, true)
  for (let i = 0; i < 32; i++) i64[firstFloatSlot + i] = view.getBigInt64(frame + floatsOffset + 8 * i, true)
  writeFcsr(i64, view.getUint32(frame + fcsrOffset, true))
  return { mask: view.getBigUint64(frame + maskOffset, true), altStack: readAltStack(view, frame + stackOffset) }
}

export const enterHandler = (state: CpuState, handler: number, signal: number, frame: number, returnTo: number): void => {
  const { i64 } = state
  i64[CpuSlot.pc] = BigInt(handler)
  i64[returnAddress] = BigInt(returnTo)
  i64[stackPointer] = BigInt(frame)
  i64[a0] = BigInt(signal)
  i64[a1] = BigInt(frame)
  i64[a2] = BigInt(frame + ucontext)
}

/** fcsr: the accrued flags, and the rounding mode above them. */
const readFcsr = (slots: BigInt64Array): number =>
  (Number(slots[CpuSlot.fpRound]! & 7n) << 5) | Number(slots[CpuSlot.fpFlags]! & 31n)

const writeFcsr = (slots: BigInt64Array, value: number): void => {
  slots[CpuSlot.fpFlags] = BigInt(value & 31)
  slots[CpuSlot.fpRound] = BigInt((value >> 5) & 7)
}
