/** Resources used: times(2), getrusage(2). */
import { Errno } from "../kernel/errno.ts"
import { putBytes, putWords } from "../user/userBuffers.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { ClockId } from "./Clock.ts"

/** Nanoseconds of a clock tick: 100 a second. */
const tick = 10_000_000n

/** times: `struct tms` of ticks used by the process (children: none); the result counts ticks since some moment. */
export const times = (kernel: Kernel, address: number): bigint | number => {
  const { user, system } = kernel.time.cpu()
  const error = address === 0 ? 0 : putWords(kernel.state, address, [user / tick, system / tick, 0n, 0n])
  return error < 0 ? error : (kernel.time.now(ClockId.MONOTONIC) ?? 0n) / tick
}

const Who = { children: -1, self: 0, thread: 1 } as const

/** getrusage: `struct rusage` of 144 bytes: times, then the largest resident size in KiB. */
export const getrusage = (kernel: Kernel, who: number, address: number): number => {
  if (who < Who.children || who > Who.thread) return -Errno.EINVAL
  const bytes = new Uint8Array(144)
  const view = new DataView(bytes.buffer)
  if (who !== Who.children) {
    const { user, system } = kernel.time.cpu()
    ;[user, system].forEach((time, i) => {
      view.setBigUint64(16 * i, time / 1_000_000_000n, true)
      view.setBigUint64(16 * i + 8, (time / 1000n) % 1_000_000n, true)
    })
    view.setBigUint64(32, BigInt(Math.floor(kernel.host.maxResidentBytes() / 1024)), true)
  }
  return putBytes(kernel.state, address, bytes)
}
