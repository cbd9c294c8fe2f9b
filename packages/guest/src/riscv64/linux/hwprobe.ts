/** riscv_hwprobe(2): what the processor can do, by keys (Linux, Documentation/arch/riscv/hwprobe.rst). */
import { Errno } from "../../linux/kernel/errno.ts"
import type { Kernel } from "../../linux/kernel/Kernel.ts"
import { row } from "../../linux/kernel/row.ts"
import { readable, writable } from "../../linux/user/UserMemory.ts"
import { probedExtensions } from "../isa/claims.ts"

/** Keys. */
const Key = {
  vendor: 0,
  architecture: 1,
  implementation: 2,
  base: 3,
  extensions: 4,
  misaligned: 5,
  zeroBlockSize: 6
} as const

/** Their values. Extensions come from the instruction table. */
const values: ReadonlyMap<number, bigint> = new Map<number, bigint>([
  [Key.vendor, 0n],
  [Key.architecture, 0n],
  [Key.implementation, 0n],
  // I, M and A
  [Key.base, 1n],
  [Key.extensions, probedExtensions],
  // fast
  [Key.misaligned, 3n],
  // no cbo.zero
  [Key.zeroBlockSize, 0n]
])

/** Keys whose values are sets of bits, of which a question is about some. */
const bitSets: ReadonlySet<bigint> = new Set([BigInt(Key.base), BigInt(Key.extensions)])

/** RISCV_HWPROBE_WHICH_CPUS: finds the processors that have what the pairs say. */
const whichCpus = 1

/** Most bytes of a set of processors that are looked at. */
const maxCpuBytes = 128

const valueOf = (key: bigint): bigint | undefined => (key < 0n ? undefined : values.get(Number(key)))

const riscvHwprobe = (
  kernel: Kernel,
  pairs: number,
  count: number,
  cpuBytes: number,
  cpus: number,
  flags: number
): number => {
  if ((flags & ~whichCpus) !== 0) return -Errno.EINVAL
  return flags === 0 ? fillValues(kernel, pairs, count, cpuBytes, cpus) : findCpus(kernel, pairs, count, cpuBytes, cpus)
}

/** Fills pairs of key and value, 16 bytes each; unknown keys become -1. Processors are all alike, so which are asked about doesn't matter. */
const fillValues = (kernel: Kernel, pairs: number, count: number, cpuBytes: number, cpus: number): number => {
  const { view } = kernel.state
  if (cpuBytes > 0 || cpus !== 0) {
    const set = readable(kernel.state, cpus, Math.min(cpuBytes, maxCpuBytes))
    if (set === undefined) return -Errno.EFAULT
    if (!set.some((byte, i) => (byte & onlineBits(kernel, i)) !== 0)) return -Errno.EINVAL
  }
  for (let i = 0; i < count; i++) {
    const at = pairs + 16 * i
    if (writable(kernel.state, at, 16) === undefined) return -Errno.EFAULT
    const value = valueOf(view.getBigInt64(at, true))
    if (value === undefined) view.setBigInt64(at, -1n, true)
    view.setBigUint64(at + 8, value ?? 0n, true)
  }
  return 0
}

/** The processors that there are, of the eight of one byte of a set. */
const onlineBits = ({ host }: Kernel, byte: number): number => (1 << Math.max(0, Math.min(8, host.cpus - 8 * byte))) - 1

/** Leaves those processors in a set that have what the pairs say: all of them or none. An empty set asks about all. */
const findCpus = (kernel: Kernel, pairs: number, count: number, cpuBytes: number, cpus: number): number => {
  const { view } = kernel.state
  if (cpuBytes === 0 || cpus === 0) return -Errno.EINVAL
  const set = writable(kernel.state, cpus, Math.min(cpuBytes, maxCpuBytes))
  if (set === undefined) return -Errno.EFAULT
  const asksAll = set.every((byte) => byte === 0)
  let isSo = true
  for (let i = 0; i < count; i++) {
    const at = pairs + 16 * i
    if (writable(kernel.state, at, 16) === undefined) return -Errno.EFAULT
    const key = view.getBigInt64(at, true)
    const wanted = view.getBigUint64(at + 8, true)
    const value = valueOf(key)
    if (value === undefined) {
      view.setBigInt64(at, -1n, true)
      view.setBigUint64(at + 8, 0n, true)
      isSo = false
    } else if (bitSets.has(key) ? (value & wanted) !== wanted : value !== wanted) isSo = false
  }
  set.forEach((byte, i) => (set[i] = isSo ? onlineBits(kernel, i) & (asksAll ? 0xff : byte) : 0))
  return 0
}

export const hwprobeSyscalls = [
  row(258, "riscv_hwprobe", ["pointer", "size", "size", "pointer", "flags"], riscvHwprobe, "keys 0 to 6")
]
