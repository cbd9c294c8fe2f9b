/** Resources used: times(2), getrusage(2). */
import type { HostInfoShape } from "../../HostInfo.ts"
import { Errno } from "../kernel/errno.ts"
import { putBytes, putWords } from "../user/userBuffers.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { ClockId } from "./Clock.ts"
import { addTimes, type CpuTime } from "./CpuMeter.ts"

/** Nanoseconds of a clock tick: 100 a second. */
const tick = 10_000_000n

/** times: `struct tms` of ticks used by the process and the children that it has waited for; the result counts ticks since some moment. */
export const times = (kernel: Kernel, address: number): bigint | number => {
  const ticks = [kernel.time.cpu(), kernel.node.childrenTime].flatMap(({ user, system }) => [user / tick, system / tick])
  const error = address === 0 ? 0 : putWords(kernel.state, address, ticks)
  return error < 0 ? error : (kernel.time.now(ClockId.MONOTONIC) ?? 0n) / tick
}

const Who = { children: -1, self: 0, thread: 1 } as const

/** getrusage: `struct rusage`, see `encodeUsage`. */
export const getrusage = (kernel: Kernel, who: number, address: number): number => {
  if (who < Who.children || who > Who.thread) return -Errno.EINVAL
  return putBytes(kernel.state, address, encodeUsage(timeOf(kernel, who), kernel.host))
}

const timeOf = ({ node, thread, threads, time }: Kernel, who: number): CpuTime => {
  if (who === Who.children) return node.childrenTime
  return who === Who.thread ? threads.scheduler.usedBy(thread) : time.cpu()
}

/** What a process and the children that it has waited for have used. */
export const wholeTime = ({ node, time }: Kernel): CpuTime => addTimes(time.cpu(), node.childrenTime)

/** `struct rusage` of 144 bytes: times, then the largest resident size in KiB, which is that of the whole run. */
export const encodeUsage = ({ system, user }: CpuTime, host: HostInfoShape): Uint8Array => {
  const bytes = new Uint8Array(144)
  const view = new DataView(bytes.buffer)
  ;[user, system].forEach((time, i) => {
    view.setBigUint64(16 * i, time / 1_000_000_000n, true)
    view.setBigUint64(16 * i + 8, (time / 1000n) % 1_000_000n, true)
  })
  view.setBigUint64(32, BigInt(Math.floor(host.maxResidentBytes() / 1024)), true)
  return bytes
}
