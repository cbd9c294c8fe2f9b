/** Calls that say something about mapped ranges: mprotect, madvise, msync, mincore, mlock. */
import { writable } from "../user/UserMemory.ts"
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { isAligned, pageUp } from "./AddressSpace.ts"

/** mprotect(2): 0 or a negative errno. PROT_GROWSDOWN and PROT_GROWSUP are refused, as for mappings that don't grow. */
export const mprotect = (kernel: Kernel, address: number, length: number, prot: number): number => {
  if (!isAligned(address) || (prot & ~7) !== 0) return -Errno.EINVAL
  const end = address + pageUp(length)
  if (length === 0) return 0
  if (!kernel.memory.inRange(address, end)) return -Errno.ENOMEM
  return kernel.memory.protect(address, end, prot)
}

const Advice = { dontNeed: 4, free: 8 }
/** The values of madvise(2) that are advice only, beside the two above: normal to willneed, remove to the THP and core dump ones. */
const knownAdvice = new Set([0, 1, 2, 3, 4, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 25])

/** madvise(2): MADV_DONTNEED drops contents, the rest changes nothing that a program can see. 0 or a negative errno. */
export const madvise = (kernel: Kernel, address: number, length: number, advice: number): number => {
  if (!isAligned(address) || !knownAdvice.has(advice)) return -Errno.EINVAL
  const end = address + pageUp(length)
  if (length === 0) return 0
  if (!kernel.memory.inRange(address, end)) return -Errno.ENOMEM
  if (advice === Advice.dontNeed) kernel.memory.discard(address, end)
  return kernel.memory.regions.isFull(address, end) ? 0 : -Errno.ENOMEM
}

const MS_ASYNC = 1
const MS_SYNC = 4

/** msync(2): writes shared file mappings back. 0 or a negative errno. */
export const msync = (kernel: Kernel, address: number, length: number, flags: number): number => {
  if (!isAligned(address) || (flags & ~7) !== 0 || (flags & (MS_ASYNC | MS_SYNC)) === (MS_ASYNC | MS_SYNC)) {
    return -Errno.EINVAL
  }
  const end = address + pageUp(length)
  if (!kernel.memory.inRange(address, end)) return -Errno.ENOMEM
  kernel.memory.flushShared()
  return kernel.memory.regions.isFull(address, end) ? 0 : -Errno.ENOMEM
}

/** mincore(2): every mapped page is in core. 0 or a negative errno. */
export const mincore = (kernel: Kernel, address: number, length: number, vector: number): number => {
  if (!isAligned(address)) return -Errno.EINVAL
  const end = address + pageUp(length)
  if (!kernel.memory.inRange(address, end) || !kernel.memory.regions.isFull(address, end)) return -Errno.ENOMEM
  const bytes = writable(kernel.state, vector, (end - address) / 4096)
  if (bytes === undefined) return -Errno.EFAULT
  bytes.fill(1)
  return 0
}

/** mlock(2), mlock2(2) and munlock(2): nothing is ever swapped out, so only the range is checked. 0 or a negative errno. */
export const mlock = (kernel: Kernel, address: number, length: number): number => {
  const start = address - (address % 4096)
  const end = pageUp(address + length)
  if (!kernel.memory.inRange(start, end) || !kernel.memory.regions.isFull(start, end)) return -Errno.ENOMEM
  return 0
}
