/** Waiting for children: wait4(2), waitid(2). */
import * as Effect from "effect/Effect"
import { Errno } from "../kernel/errno.ts"
import { putBytes, putInt } from "../user/userBuffers.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { PidFd } from "../files/open/PidFd.ts"
import { Sig } from "../signals/constants.ts"
import { siginfoSize, writeSiginfo } from "../signals/SignalInfo.ts"
import type { SyscallResult } from "../kernel/Syscall.ts"
import { addTimes } from "../time/CpuMeter.ts"
import { encodeUsage, wholeTime } from "../time/usage.ts"
import { writable } from "../user/UserMemory.ts"
import { childInfo, type JobStatus, type ProcessNode, type WaitStatus } from "./ProcessTree.ts"

/** Options of waiting. `untraced` is WUNTRACED and WSTOPPED. */
const Wait = {
  noHang: 1,
  untraced: 2,
  exited: 4,
  continued: 8,
  noWait: 0x0100_0000,
  noThread: 0x2000_0000,
  all: 0x4000_0000,
  clone: 0x8000_0000
} as const

const cloneOptions = Wait.noThread | Wait.all | Wait.clone

/** The status word of wait4: WIFEXITED, WTERMSIG and their like read it. */
export const statusWord = (status: WaitStatus | JobStatus): number => {
  switch (status.kind) {
    case "exited":
      return (status.status & 0xff) << 8
    case "killed":
      return status.signal & 0x7f
    case "stopped":
      return (status.signal << 8) | 0x7f
    case "continued":
      return 0xffff
  }
}

/**
 * Whether a child is one that wait4 is asked for.
 *
 * @param which as in wait4: an id, -1 for any, 0 for the caller's group, else minus a group
 * @param group the caller's process group
 */
export const isWanted = (which: number, group: number, child: { readonly pid: number; readonly group: number }): boolean => {
  if (which === -1) return true
  if (which > 0) return child.pid === which
  return child.group === (which === 0 ? group : -which)
}

/** wait4: the id of a child that has ended, 0 with WNOHANG where none has, or a negative errno. */
export const wait4 = (kernel: Kernel, which: number, status: number, options: number, usage: number): SyscallResult => {
  const known = Wait.noHang | Wait.untraced | Wait.continued | cloneOptions
  if ((options & ~known) !== 0 || which === -0x8000_0000) return -Errno.EINVAL
  const { processGroup } = kernel.attributes
  return waitFor(kernel, {
    options: options | Wait.exited,
    wants: (child) => isWanted(which, processGroup, child),
    found: (child, change) => {
      const error = status === 0 ? 0 : putInt(kernel.state, status, statusWord(change))
      return error || putUsage(kernel, child, usage) || child.pid
    },
    none: () => 0
  })
}

const IdType = { all: 0, pid: 1, group: 2, pidfd: 3 } as const

/** waitid: 0 with a `siginfo_t` stored, or a negative errno. */
export const waitid = (
  kernel: Kernel,
  type: number,
  id: number,
  info: number,
  options: number,
  usage: number
): SyscallResult => {
  const known = Wait.noHang | Wait.untraced | Wait.exited | Wait.continued | Wait.noWait | cloneOptions
  if ((options & ~known) !== 0 || (options & (Wait.exited | Wait.untraced | Wait.continued)) === 0) return -Errno.EINVAL
  if (type === IdType.pidfd) return waitOnPidfd(kernel, id, info, options, usage)
  if (type < IdType.all || type > IdType.group || (type === IdType.pid && id <= 0) || id < 0) return -Errno.EINVAL
  const { processGroup } = kernel.attributes
  const which = type === IdType.all ? -1 : type === IdType.pid ? id : id === 0 ? 0 : -id
  return waitFor(kernel, {
    options,
    wants: (child) => isWanted(which, processGroup, child),
    found: (child, change) => putInfo(kernel, info, childInfo(child, Sig.CHLD, change)) || putUsage(kernel, child, usage),
    none: () => putInfo(kernel, info, undefined)
  })
}

/** waitid(P_PIDFD): a descriptor that must not wait gives EAGAIN where there is nothing to tell. */
const waitOnPidfd = (kernel: Kernel, fd: number, info: number, options: number, usage: number): SyscallResult => {
  if (fd < 0) return -Errno.EINVAL
  const file = kernel.files.get(fd)
  if (!(file instanceof PidFd)) return -Errno.EBADF
  const { pid } = file.target
  const isAsked = (options & Wait.noHang) !== 0
  return waitFor(kernel, {
    options: file.nonBlocking ? options | Wait.noHang : options,
    wants: (child) => child.pid === pid,
    found: (child, change) => putInfo(kernel, info, childInfo(child, Sig.CHLD, change)) || putUsage(kernel, child, usage),
    none: () => (isAsked ? putInfo(kernel, info, undefined) : -Errno.EAGAIN)
  })
}

interface Search {
  readonly options: number
  readonly wants: (child: { readonly pid: number; readonly group: number }) => boolean
  /** What the call gives for a child of which there is something to tell. */
  readonly found: (child: ProcessNode<Kernel>, change: WaitStatus | JobStatus) => number
  /** What it gives where it must not wait. */
  readonly none: () => number
}

const waitFor = (kernel: Kernel, search: Search): SyscallResult => {
  const { node } = kernel
  const attempt = (): number | undefined => {
    const wanted = node.children.filter(
      (child) =>
        isOfKind(child, search.options) && search.wants({ pid: child.pid, group: child.kernel.attributes.processGroup })
    )
    for (const child of wanted) {
      const change = changeOf(child, search.options)
      if (change === undefined) continue
      if ((search.options & Wait.noWait) === 0) tell(kernel, child)
      return search.found(child, change)
    }
    if (wanted.length === 0) return -Errno.ECHILD
    return (search.options & Wait.noHang) === 0 ? undefined : search.none()
  }
  const again = (): Effect.Effect<number> =>
    Effect.suspend(() => {
      const result = attempt()
      return result === undefined
        ? Effect.flatMap(
            node.childChanged.wait(() => Effect.void),
            again
          )
        : Effect.succeed(result)
    })
  return attempt() ?? again()
}

/** What there is to tell of a child, as far as a caller asks for it. */
const changeOf = ({ end, job }: ProcessNode<Kernel>, options: number): WaitStatus | JobStatus | undefined => {
  if (end !== undefined) return (options & Wait.exited) === 0 ? undefined : end
  const wanted = job?.kind === "stopped" ? Wait.untraced : Wait.continued
  return (options & wanted) === 0 ? undefined : job
}

/** The parent has heard of it: that is told once, and the end is the last there is. */
const tell = ({ node, processes }: Kernel, child: ProcessNode<Kernel>): void => {
  child.job = undefined
  if (child.end === undefined) return
  node.childrenTime = addTimes(node.childrenTime, wholeTime(child.kernel))
  processes.reap(child)
}

/** Children that were made with another exit signal than SIGCHLD are waited for with __WALL or __WCLONE only. */
const isOfKind = (child: ProcessNode<Kernel>, options: number): boolean => {
  if ((options & Wait.all) !== 0) return true
  return (child.exitSignal !== Sig.CHLD) === ((options & Wait.clone) !== 0)
}

const putInfo = ({ state }: Kernel, at: number, info: Parameters<typeof writeSiginfo>[2] | undefined): number => {
  if (at === 0) return 0
  const bytes = writable(state, at, siginfoSize)
  if (bytes === undefined) return -Errno.EFAULT
  bytes.fill(0)
  if (info !== undefined) writeSiginfo(state, at, info)
  return 0
}

/** `struct rusage` of what a child, and those that it has waited for, have used. */
const putUsage = ({ host, state }: Kernel, child: ProcessNode<Kernel>, at: number): number =>
  at === 0 ? 0 : putBytes(state, at, encodeUsage(wholeTime(child.kernel), host))
