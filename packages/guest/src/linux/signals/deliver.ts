/** Delivery: what happens to a thread between two slices because of signals. */
import { CpuSlot } from "@emu/tcg/Layout"
import { Errno } from "../kernel/errno.ts"
import { isOrphaned } from "../jobs/orphans.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import type { Thread } from "../threads/Thread.ts"
import { readable, writable } from "../user/UserMemory.ts"
import { AltStackFlag, isOnAltStack } from "./altStack.ts"
import { SaFlag, Sig, SigCode, signalBit, stopsByDefault } from "./constants.ts"
import { type SignalInfo, writeSiginfo } from "./SignalInfo.ts"
import { defaultAction } from "./Signals.ts"

/** A signal that took the thread elsewhere. */
export interface Delivered {
  /** Where the thread would have gone on: the pc that the handler returns to. */
  readonly from: bigint
  /** The signal, where it ends the process instead. */
  readonly fatal: SignalInfo | undefined
}

/**
 * Delivers every pending signal that the thread does not block, in the order of Linux: each gets a frame on top of the one
 * before, so the handler of the last one runs first. The thread's registers are loaded.
 *
 * @returns the signal that ends the process, if one does
 */
export const deliverPending = (kernel: Kernel, thread: Thread): SignalInfo | undefined => {
  for (;;) {
    const delivered = deliverNext(kernel, thread)
    if (delivered === undefined || delivered.fatal !== undefined) return delivered?.fatal
  }
}

/**
 * Delivers the first of the pending signals that the thread neither blocks nor ignores; see `deliverPending`.
 *
 * @returns undefined where there is none (left): the thread then goes on, and need not be looked at again, unless one has stopped the
 *   process
 */
export const deliverNext = (kernel: Kernel, thread: Thread): Delivered | undefined => {
  thread.attention = false
  while (!kernel.signals.isStopped) {
    const info = kernel.signals.take(thread, ~thread.mask)
    if (info === undefined) break
    const delivered = deliver(kernel, thread, info)
    if (delivered === undefined) continue
    thread.attention = true
    return delivered
  }
  if (kernel.signals.isStopped) {
    // what else is pending, and the call that was ended, come when the process goes on
    thread.attention = true
    return undefined
  }
  if (thread.interrupted !== undefined) {
    // nothing ran: the call goes on as if nothing had happened
    thread.interrupted = undefined
    repeatCall(kernel)
  }
  if (thread.maskAfter !== undefined) {
    thread.setMask(thread.maskAfter)
    thread.maskAfter = undefined
  }
  return undefined
}

/**
 * Delivers a signal that an instruction caused. It cannot be blocked or ignored: that ends the process.
 *
 * @returns the signal that ends the process, if one does
 */
export const deliverFault = (kernel: Kernel, thread: Thread, info: SignalInfo): SignalInfo | undefined => {
  lowerShields(kernel, thread, info.signal)
  return deliver(kernel, thread, info)?.fatal
}

/** A signal that must act now: one that is blocked or ignored gets its default action. */
const lowerShields = (kernel: Kernel, thread: Thread, signal: number): void => {
  if ((thread.mask & signalBit(signal)) === 0n && !kernel.signals.isIgnored(signal)) return
  kernel.signals.setAction(signal, defaultAction)
  thread.setMask(thread.mask & ~signalBit(signal))
}

const deliver = (kernel: Kernel, thread: Thread, info: SignalInfo): Delivered | undefined => {
  const { signals, state, abi } = kernel
  if (signals.isIgnored(info.signal)) return undefined
  if (!signals.hasHandler(info.signal)) {
    if (!stopsByDefault.has(info.signal)) return { from: state.u64[CpuSlot.pc]!, fatal: info }
    stop(kernel, info.signal)
    return undefined
  }
  const action = signals.action(info.signal)
  if (thread.interrupted !== undefined) {
    if (thread.interrupted === "restartable" && (action.flags & SaFlag.restart) !== 0) repeatCall(kernel)
    else state.i64[abi.resultSlot] = BigInt(-Errno.EINTR)
    thread.interrupted = undefined
    thread.keptDeadline = undefined
  }

  const from = state.u64[CpuSlot.pc]!
  const sp = Number(state.u64[abi.stackSlot]!)
  const { altStack } = thread
  const onAlt = isOnAltStack(altStack, sp)
  const usesAlt = (action.flags & SaFlag.onStack) !== 0 && !onAlt && (altStack.flags & AltStackFlag.disable) === 0
  const top = usesAlt ? altStack.pointer + altStack.size : sp
  const frame = top - abi.frameSize - ((top - abi.frameSize) % 16)
  const bytes = writable(state, frame, abi.frameSize)
  // an alternate stack that runs over must not go on below itself
  if (bytes === undefined || (onAlt && frame <= altStack.pointer)) {
    const overrun = { signal: Sig.SEGV, code: SigCode.kernel }
    return { from, fatal: info.signal === Sig.SEGV ? info : deliverFault(kernel, thread, overrun) }
  }
  bytes.fill(0)
  writeSiginfo(state, frame + abi.siginfoOffset, info)
  abi.writeContext(state, frame, {
    mask: thread.maskAfter ?? thread.mask,
    altStack: { ...altStack, flags: onAlt ? AltStackFlag.onStack : altStack.flags }
  })
  thread.maskAfter = undefined
  if ((altStack.flags & AltStackFlag.autoDisarm) !== 0 && usesAlt) {
    thread.altStack = { pointer: 0, flags: AltStackFlag.disable, size: 0 }
  }
  abi.enterHandler(state, action.handler, info.signal, frame, kernel.process.vdsoBase + abi.vdsoSigreturn)
  const blocked = (action.flags & SaFlag.noDefer) !== 0 ? 0n : signalBit(info.signal)
  thread.setMask(thread.mask | action.mask | blocked)
  if ((action.flags & SaFlag.resetHand) !== 0) signals.setAction(info.signal, defaultAction)
  return { from, fatal: undefined }
}

/** The default action of a stop signal. Those of terminals do nothing where nobody could make the process go on. */
const stop = (kernel: Kernel, signal: number): void => {
  if (signal !== Sig.STOP && isOrphaned(kernel.processes, kernel.attributes.processGroup)) return
  kernel.signals.stop(signal)
}

/** Goes back to the system call instruction, whose arguments are still in their registers. */
const repeatCall = (kernel: Kernel): void => {
  kernel.state.i64[CpuSlot.pc]! -= BigInt(kernel.abi.syscallSize)
}

/** rt_sigreturn: restores what the frame at the stack pointer holds; SIGSEGV where there is none. */
export const returnFromHandler = (kernel: Kernel, thread: Thread): void => {
  const { state, abi } = kernel
  const frame = Number(state.u64[abi.stackSlot]!)
  if (readable(state, frame, abi.frameSize) === undefined) {
    lowerShields(kernel, thread, Sig.SEGV)
    kernel.signals.sendToThread(thread, { signal: Sig.SEGV, code: SigCode.kernel })
    return
  }
  const context = abi.readContext(state, frame)
  thread.setMask(context.mask)
  const sp = Number(state.u64[abi.stackSlot]!)
  if (!isOnAltStack(thread.altStack, sp))
    thread.altStack = { ...context.altStack, flags: context.altStack.flags & ~AltStackFlag.onStack }
}
