/** Reading clocks: clock_gettime(2), clock_getres(2), gettimeofday(2). */
import { Errno } from "../kernel/errno.ts"
import { putWords } from "../user/userBuffers.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { ClockId } from "./Clock.ts"
import { readTimespec, writeTimespec } from "../user/timespec.ts"

export const clockGettime = (kernel: Kernel, clock: number, address: number): number => {
  const now = kernel.time.now(clock)
  return now === undefined ? -Errno.EINVAL : writeTimespec(kernel.state, address, now)
}

/** clock_getres; a null pointer only asks whether the clock exists. */
export const clockGetres = (kernel: Kernel, clock: number, address: number): number => {
  const resolution = kernel.time.resolution(clock)
  if (resolution === undefined) return -Errno.EINVAL
  return address === 0 ? 0 : writeTimespec(kernel.state, address, resolution)
}

/** clock_settime: nobody here may. Only the real-time clock can be set at all. */
export const clockSettime = (kernel: Kernel, clock: number, address: number): number => {
  if (clock !== ClockId.REALTIME) return -Errno.EINVAL
  const time = readTimespec(kernel.state, address)
  return typeof time === "number" ? time : -Errno.EPERM
}

/** gettimeofday: the time zone, if asked for, is UTC. */
export const gettimeofday = (kernel: Kernel, address: number, zone: number): number => {
  const now = kernel.time.now(ClockId.REALTIME) ?? 0n
  const error = address === 0 ? 0 : putWords(kernel.state, address, [now / 1_000_000_000n, (now / 1000n) % 1_000_000n])
  return error < 0 || zone === 0 ? error : putWords(kernel.state, zone, [0n])
}

export const settimeofday = (): number => -Errno.EPERM
