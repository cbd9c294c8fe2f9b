/** Sending signals: kill(2), tkill, tgkill(2), rt_sigqueueinfo(2). */
import { Errno } from "../errno.ts"
import type { Kernel } from "../Kernel.ts"
import { readable } from "../UserMemory.ts"
import { maxSignal, SigCode } from "./constants.ts"
import { readSiginfo, type SignalInfo, siginfoSize } from "./SignalInfo.ts"

const isSignal = (signal: number): boolean => signal >= 0 && signal <= maxSignal

/** kill: the process itself (its pid, its group as 0 or negative) is all that can be reached. 0 or a negative errno. */
export const kill = (kernel: Kernel, pid: number, signal: number): number => {
  if (pid !== kernel.process.pid && pid !== 0 && pid !== -kernel.process.pid) return -Errno.ESRCH
  if (!isSignal(signal)) return -Errno.EINVAL
  if (signal !== 0) kernel.signals.sendToProcess(kernel.signals.fromSelf(signal, SigCode.user))
  return 0
}

/** tkill: 0 or a negative errno. */
export const tkill = (kernel: Kernel, tid: number, signal: number): number => tgkill(kernel, kernel.process.pid, tid, signal)

/** tgkill: 0 or a negative errno. */
export const tgkill = (kernel: Kernel, pid: number, tid: number, signal: number): number => {
  if (pid <= 0 || tid <= 0 || !isSignal(signal)) return -Errno.EINVAL
  return toThread(kernel, pid, tid, signal === 0 ? undefined : kernel.signals.fromSelf(signal, SigCode.tkill))
}

/** rt_sigqueueinfo: 0 or a negative errno. */
export const queueInfo = (kernel: Kernel, pid: number, signal: number, info: number): number => {
  if (!isSignal(signal)) return -Errno.EINVAL
  if (readable(kernel.state, info, siginfoSize) === undefined) return -Errno.EFAULT
  if (pid !== kernel.process.pid) return -Errno.ESRCH
  if (signal === 0) return 0
  return kernel.signals.sendToProcess(readSiginfo(kernel.state, info, signal)) ? 0 : -Errno.EAGAIN
}

/** rt_tgsigqueueinfo: 0 or a negative errno. */
export const queueInfoToThread = (kernel: Kernel, pid: number, tid: number, signal: number, info: number): number => {
  if (pid <= 0 || tid <= 0 || !isSignal(signal)) return -Errno.EINVAL
  if (readable(kernel.state, info, siginfoSize) === undefined) return -Errno.EFAULT
  return toThread(kernel, pid, tid, signal === 0 ? undefined : readSiginfo(kernel.state, info, signal))
}

const toThread = (kernel: Kernel, pid: number, tid: number, info: SignalInfo | undefined): number => {
  const thread = pid === kernel.process.pid ? kernel.threads.find(tid) : undefined
  if (thread === undefined) return -Errno.ESRCH
  return info === undefined || kernel.signals.sendToThread(thread, info) ? 0 : -Errno.EAGAIN
}
