/** New processes: fork(2), vfork(2), clone(2) without CLONE_THREAD. */
import * as Effect from "effect/Effect"
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { PidFd } from "../files/open/PidFd.ts"
import { isFull, watchCpuTime } from "../misc/enforceLimits.ts"
import { maxSignal } from "../signals/constants.ts"
import type { SyscallResult } from "../kernel/Syscall.ts"
import { prepareChild } from "../threads/childThread.ts"
import { CloneFlag, type CloneRequest } from "../threads/CloneRequest.ts"
import { writable } from "../user/UserMemory.ts"
import type { GuestMemory } from "../memory/GuestMemory.ts"

/** Flags that a process may be made with. CLONE_FILES, CLONE_FS, CLONE_IO and CLONE_SYSVSEM share less than they say. */
const known =
  CloneFlag.vm |
  CloneFlag.fs |
  CloneFlag.files |
  CloneFlag.sighand |
  CloneFlag.pidfd |
  CloneFlag.vfork |
  CloneFlag.sysvsem |
  CloneFlag.setTls |
  CloneFlag.parentSetTid |
  CloneFlag.childClearTid |
  CloneFlag.detached |
  CloneFlag.untraced |
  CloneFlag.childSetTid |
  CloneFlag.io |
  CloneFlag.clearSighand

/**
 * Makes a process that goes on behind the same call, with result 0.
 *
 * @returns its id (with CLONE_VFORK when it has executed a program or ended), or a negative errno: EAGAIN where the host has no room
 *   for another memory
 */
export const forkProcess = (kernel: Kernel, request: CloneRequest): SyscallResult => {
  const { runner, state, thread: caller } = kernel
  const has = (flag: bigint): boolean => (request.flags & flag) !== 0n
  if ((request.flags & ~known) !== 0n || request.exitSignal > maxSignal) return -Errno.EINVAL
  if (has(CloneFlag.sighand) && (!has(CloneFlag.vm) || has(CloneFlag.clearSighand))) return -Errno.EINVAL
  if (has(CloneFlag.parentSetTid) && writable(state, request.parentTid, 4) === undefined) return -Errno.EFAULT
  if (has(CloneFlag.pidfd)) {
    if (has(CloneFlag.detached)) return -Errno.EINVAL
    if (writable(state, request.pidfd, 4) === undefined) return -Errno.EFAULT
    if (kernel.files.isFull) return -Errno.EMFILE
  }
  if (isFull(kernel)) return -Errno.EAGAIN
  const guestMemory = has(CloneFlag.vm) ? sharedMemory(kernel, has(CloneFlag.vfork)) : copiedMemory(kernel)
  if (guestMemory === undefined) return -Errno.EAGAIN

  const child = runner.fork(kernel, {
    guestMemory,
    exitSignal: request.exitSignal,
    clearsHandlers: has(CloneFlag.clearSighand)
  })
  const thread = child.threads.create(guestMemory, caller.name)
  if (typeof thread === "number") {
    child.processes.reap(child.node)
    child.files.closeAll()
    runner.guestMemories.leave(guestMemory)
    return thread
  }
  prepareChild(kernel, thread, request)
  if (has(CloneFlag.pidfd)) state.view.setInt32(request.pidfd, kernel.files.install(new PidFd(child.node, 0), true), true)
  if (!has(CloneFlag.vm) || has(CloneFlag.vfork)) thread.altStack = caller.altStack
  child.threads.start(thread)
  watchCpuTime(child)
  return has(CloneFlag.vfork) ? untilReleased(kernel, child) : child.process.pid
}

const sharedMemory = (kernel: Kernel, isBorrowed: boolean): GuestMemory => {
  if (!isBorrowed) kernel.shareMemory()
  kernel.guestMemory.users++
  return kernel.guestMemory
}

const copiedMemory = (kernel: Kernel): GuestMemory | undefined => {
  const guestMemory = kernel.runner.guestMemories.take()
  guestMemory?.addressSpace.copyFrom(kernel.memory)
  guestMemory?.programStarted(kernel.process.executable)
  return guestMemory
}

/** Waits until a child of vfork has given its parent's memory back. No signal ends that: a handler would run on the child's stack. */
const untilReleased = ({ thread }: Kernel, { node, process }: Kernel): Effect.Effect<number> => {
  thread.isUninterruptible = true
  return Effect.callback<number>((resume) => {
    const release = (): void => {
      thread.isUninterruptible = false
      resume(Effect.succeed(process.pid))
    }
    if (node.isReleased) release()
    else node.onRelease = release
  })
}
