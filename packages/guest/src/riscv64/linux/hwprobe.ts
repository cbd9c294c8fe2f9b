/** riscv_hwprobe(2): what the processor can do, by keys (Linux, Documentation/arch/riscv/hwprobe.rst). */
import { Errno } from "../../linux/kernel/errno.ts"
import type { Kernel } from "../../linux/kernel/Kernel.ts"
import { row } from "../../linux/kernel/row.ts"
import { writable } from "../../linux/user/UserMemory.ts"

/**
 * Values of keys 0 to 6, as QEMU's `max` processor gives them: vendor, architecture and implementation ids (0), base behaviour
 * (IMA), extensions, unaligned scalar accesses (fast), bytes that cbo.zero clears.
 */
const values: ReadonlyArray<bigint> = [0n, 0n, 0n, 1n, 0x07ff_bfff_ffff_ffffn, 3n, 64n]

/** Fills pairs of key and value, 16 bytes each; unknown keys become -1. Processors are all alike, so their set doesn't matter. */
const riscvHwprobe = (
  kernel: Kernel,
  pairs: number,
  count: number,
  _cpuCount: number,
  _cpus: number,
  flags: number
): number => {
  if (flags !== 0) return -Errno.EINVAL
  const { view } = kernel.state
  for (let i = 0; i < count; i++) {
    const at = pairs + 16 * i
    if (writable(kernel.state, at, 16) === undefined) return -Errno.EFAULT
    const key = view.getBigInt64(at, true)
    const value = key >= 0n ? values[Number(key)] : undefined
    if (value === undefined) view.setBigInt64(at, -1n, true)
    view.setBigUint64(at + 8, value ?? 0n, true)
  }
  return 0
}

export const hwprobeSyscalls = [
  row(
    258,
    "riscv_hwprobe",
    ["pointer", "size", "size", "pointer", "flags"],
    riscvHwprobe,
    "keys 0 to 6; no RISCV_HWPROBE_WHICH_CPUS"
  )
]
