/** Memory of another process, or one's own: process_vm_readv(2), process_vm_writev(2). */
import * as Layout from "@emu/tcg/Layout"
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { gather, scatter, totalLength, type UserBuffer, usableLength, userVector } from "../user/userBuffers.ts"
import { allowed } from "../user/UserMemory.ts"

/** Bytes that one call moves at most. */
const maxBytes = 2 ** 30

/** The first `length` bytes of buffers. */
const first = (buffers: ReadonlyArray<UserBuffer>, length: number): ReadonlyArray<UserBuffer> => {
  const parts: Array<UserBuffer> = []
  let left = length
  for (const { address, length: own } of buffers) {
    if (left === 0) break
    parts.push({ address, length: Math.min(own, left) })
    left -= Math.min(own, left)
  }
  return parts
}

/**
 * Moves bytes between the caller and a process.
 *
 * @param writes whether the caller's bytes go to the process
 * @returns bytes moved, or a negative errno
 */
const move = (
  kernel: Kernel,
  pid: number,
  local: readonly [number, number],
  remote: readonly [number, number],
  flags: number,
  writes: boolean
): number => {
  if (flags !== 0) return -Errno.EINVAL
  const own = userVector(kernel.state, ...local)
  if (typeof own === "number") return own
  const [at, count] = remote
  if (count > 1024) return -Errno.EINVAL
  if (!allowed(kernel.state, at, count * 16, Layout.PageFlag.read)) return -Errno.EFAULT
  const theirs = userVector(kernel.state, at, count)
  if (typeof theirs === "number") return theirs
  const target = kernel.processes.find(pid)
  if (target === undefined || target.end !== undefined) return -Errno.ESRCH
  const { euid } = kernel.process
  if (euid !== 0 && euid !== target.kernel.process.uid) return -Errno.EPERM
  const length = Math.min(totalLength(own), totalLength(theirs), maxBytes)
  if (length === 0) return 0
  const { state } = target.kernel
  return writes
    ? transfer({ state: kernel.state, buffers: first(own, length) }, { state, buffers: first(theirs, length) })
    : transfer({ state, buffers: first(theirs, length) }, { state: kernel.state, buffers: first(own, length) })
}

interface Side {
  readonly state: Kernel["state"]
  readonly buffers: ReadonlyArray<UserBuffer>
}

/** Moves what can be read on one side, as far as it can be stored on the other. */
const transfer = (from: Side, to: Side): number => {
  const bytes = gather(from.state, from.buffers)
  if (typeof bytes === "number") return bytes
  const room = Math.min(usableLength(to.state, to.buffers), bytes.length)
  if (room === 0) return -Errno.EFAULT
  scatter(to.state, to.buffers, bytes.subarray(0, room), 0)
  return room
}

const call =
  (writes: boolean) =>
  (
    kernel: Kernel,
    pid: number,
    local: number,
    localCount: number,
    remote: number,
    remoteCount: number,
    flags: number
  ): number =>
    move(kernel, pid, [local, localCount], [remote, remoteCount], flags, writes)

export const processVmReadv = call(false)
export const processVmWritev = call(true)
