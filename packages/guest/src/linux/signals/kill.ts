/** Sending signals: kill(2), tkill, tgkill(2), rt_sigqueueinfo(2). */
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import type { ProcessNode } from "../processes/ProcessTree.ts"
import { readable } from "../user/UserMemory.ts"
import { maxSignal, SigCode } from "./constants.ts"
import { readSiginfo, type SignalInfo, siginfoSize } from "./SignalInfo.ts"

const isSignal = (signal: number): boolean => signal >= 0 && signal <= maxSignal

/** kill: 0 or a negative errno. Only processes of this run can be reached: -1 means all of them but the caller. */
export const kill = (kernel: Kernel, pid: number, signal: number): number => {
  if (!isSignal(signal)) return -Errno.EINVAL
  const targets = targetsOf(kernel, pid)
  if (targets.length === 0) return -Errno.ESRCH
  if (signal === 0) return 0
  const info = kernel.signals.fromSelf(signal, SigCode.user)
  for (const { end, kernel: target } of targets) if (end === undefined) target.signals.sendToProcess(info)
  return 0
}

const targetsOf = ({ attributes, node, processes }: Kernel, pid: number): ReadonlyArray<ProcessNode<Kernel>> => {
  if (pid === -1) return processes.live().filter((other) => other !== node)
  if (pid <= 0) return processes.group(pid === 0 ? attributes.processGroup : -pid)
  const target = processes.find(pid)
  return target === undefined ? [] : [target]
}

/** tkill: 0 or a negative errno. */
export const tkill = (kernel: Kernel, tid: number, signal: number): number => {
  const owner = kernel.processes.live().find((node) => node.kernel.threads.find(tid) !== undefined)
  return tgkill(kernel, owner?.pid ?? kernel.process.pid, tid, signal)
}

/** tgkill: 0 or a negative errno. */
export const tgkill = (kernel: Kernel, pid: number, tid: number, signal: number): number => {
  if (pid <= 0 || tid <= 0 || !isSignal(signal)) return -Errno.EINVAL
  return toThread(kernel, pid, tid, signal === 0 ? undefined : kernel.signals.fromSelf(signal, SigCode.tkill))
}

/** rt_sigqueueinfo: 0 or a negative errno. */
export const queueInfo = (kernel: Kernel, pid: number, signal: number, info: number): number => {
  if (!isSignal(signal)) return -Errno.EINVAL
  if (readable(kernel.state, info, siginfoSize) === undefined) return -Errno.EFAULT
  const target = kernel.processes.find(pid)
  if (target === undefined) return -Errno.ESRCH
  if (signal === 0 || target.end !== undefined) return 0
  return target.kernel.signals.sendToProcess(readSiginfo(kernel.state, info, signal)) ? 0 : -Errno.EAGAIN
}

/** rt_tgsigqueueinfo: 0 or a negative errno. */
export const queueInfoToThread = (kernel: Kernel, pid: number, tid: number, signal: number, info: number): number => {
  if (pid <= 0 || tid <= 0 || !isSignal(signal)) return -Errno.EINVAL
  if (readable(kernel.state, info, siginfoSize) === undefined) return -Errno.EFAULT
  return toThread(kernel, pid, tid, signal === 0 ? undefined : readSiginfo(kernel.state, info, signal))
}

const toThread = (kernel: Kernel, pid: number, tid: number, info: SignalInfo | undefined): number => {
  const target = kernel.processes.find(pid)?.kernel
  const thread = target?.threads.find(tid)
  if (target === undefined || thread === undefined) return -Errno.ESRCH
  return info === undefined || target.signals.sendToThread(thread, info) ? 0 : -Errno.EAGAIN
}
