/** New threads: clone(2), clone3(2). */
import { CpuSlot } from "@emu/tcg/Layout"
import { Errno } from "../errno.ts"
import type { Kernel } from "../Kernel.ts"
import { readable, writable } from "../UserMemory.ts"

const Flag = {
  vm: 0x100n,
  sighand: 0x800n,
  thread: 0x1_0000n,
  setTls: 0x8_0000n,
  parentSetTid: 0x10_0000n,
  childClearTid: 0x20_0000n,
  childSetTid: 0x100_0000n
}

interface Request {
  readonly flags: bigint
  /** Stack pointer of the child; 0 keeps the parent's. */
  readonly stack: number
  readonly parentTid: number
  readonly childTid: number
  readonly tls: bigint
}

/** clone, with the argument order of RISC-V: the child's tid or a negative errno. */
export const clone = (
  kernel: Kernel,
  flags: bigint,
  stack: number,
  parentTid: number,
  tls: bigint,
  childTid: number
): number => create(kernel, { flags, stack, parentTid, childTid, tls })

const minArgs = 64
const maxArgs = 4096

/** clone3: the child's tid or a negative errno. */
export const clone3 = (kernel: Kernel, args: number, size: number): number => {
  if (size < minArgs) return -Errno.EINVAL
  if (size > maxArgs) return -Errno.E2BIG
  if (readable(kernel.state, args, size) === undefined) return -Errno.EFAULT
  const field = (index: number): bigint => kernel.state.view.getBigUint64(args + 8 * index, true)
  const stack = field(5)
  return create(kernel, {
    flags: field(0),
    stack: stack === 0n ? 0 : Number(stack + field(6)),
    parentTid: Number(field(3)),
    childTid: Number(field(2)),
    tls: field(7)
  })
}

const create = (kernel: Kernel, request: Request): number => {
  const { state, threads, abi, thread: parent } = kernel
  const has = (flag: bigint): boolean => (request.flags & flag) !== 0n
  // processes of their own are not provided
  if (!has(Flag.thread)) return -Errno.ENOSYS
  if (!has(Flag.vm) || !has(Flag.sighand)) return -Errno.EINVAL
  if (has(Flag.parentSetTid) && writable(state, request.parentTid, 4) === undefined) return -Errno.EFAULT
  const child = threads.create(parent.name)
  if (typeof child === "number") return child
  kernel.shareMemory()

  const slots = child.saved
  slots.set(state.i64.subarray(0, slots.length))
  slots[abi.resultSlot] = 0n
  slots[CpuSlot.vcpuIndex] = BigInt(child.vcpu)
  slots[CpuSlot.instructions] = 0n
  slots[CpuSlot.reserveAddress] = -1n
  if (request.stack !== 0) slots[abi.stackSlot] = BigInt(request.stack)
  if (has(Flag.setTls)) slots[abi.tlsSlot] = request.tls
  child.mask = parent.mask
  if (has(Flag.parentSetTid)) state.view.setInt32(request.parentTid, child.tid, true)
  if (has(Flag.childSetTid) && writable(state, request.childTid, 4) !== undefined) {
    state.view.setInt32(request.childTid, child.tid, true)
  }
  if (has(Flag.childClearTid)) child.clearChildTid = request.childTid
  threads.start(child)
  return child.tid
}
