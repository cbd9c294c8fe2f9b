/** The alternate signal stack: sigaltstack(2). */
import type { GuestView } from "@emu/tcg/GuestView"
import type { AltStack } from "../kernel/Abi.ts"
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { readable, writable } from "../user/UserMemory.ts"

export const AltStackFlag = { onStack: 1, disable: 2, autoDisarm: 0x8000_0000 | 0 } as const
const minSize = 2048
const stackSize = 24

/** Whether a stack pointer is in the alternate stack. Never with SS_AUTODISARM, which disables it while it is used. */
export const isOnAltStack = (stack: AltStack, sp: number): boolean =>
  (stack.flags & (AltStackFlag.disable | AltStackFlag.autoDisarm)) === 0 &&
  sp > stack.pointer &&
  sp <= stack.pointer + stack.size

/** The system call: 0 or a negative errno. */
export const sigaltstack = (kernel: Kernel, next: number, old: number): number => {
  const { state, thread, abi } = kernel
  const before = thread.altStack
  const isOn = isOnAltStack(before, Number(state.u64[abi.stackSlot]!))
  if (next !== 0) {
    if (readable(state, next, stackSize) === undefined) return -Errno.EFAULT
    const flags = state.view.getInt32(next + 8, true)
    const mode = flags & ~AltStackFlag.autoDisarm
    if (isOn) return -Errno.EPERM
    if (mode !== 0 && mode !== AltStackFlag.onStack && mode !== AltStackFlag.disable) return -Errno.EINVAL
    const pointer = Number(state.view.getBigUint64(next, true))
    const size = Number(state.view.getBigUint64(next + 16, true))
    if (mode === AltStackFlag.disable) thread.altStack = { pointer: 0, flags: AltStackFlag.disable, size: 0 }
    else if (size < minSize) return -Errno.ENOMEM
    else thread.altStack = { pointer, flags: flags & AltStackFlag.autoDisarm, size }
  }
  if (old !== 0) {
    if (writable(state, old, stackSize) === undefined) return -Errno.EFAULT
    writeAltStack(state.view, old, { ...before, flags: isOn ? AltStackFlag.onStack : before.flags })
  }
  return 0
}

/** Writes `struct sigaltstack`. */
export const writeAltStack = (view: GuestView, at: number, stack: AltStack): void => {
  view.setBigUint64(at, BigInt(stack.pointer), true)
  view.setInt32(at + 8, stack.flags, true)
  view.setBigUint64(at + 16, BigInt(stack.size), true)
}

/** Reads `struct sigaltstack`. */
export const readAltStack = (view: GuestView, at: number): AltStack => ({
  pointer: Number(view.getBigUint64(at, true)),
  flags: view.getInt32(at + 8, true),
  size: Number(view.getBigUint64(at + 16, true))
})
