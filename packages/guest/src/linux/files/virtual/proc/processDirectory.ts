/** /proc/PID and /proc/PID/task/TID: what the guest's processes can see of each other. */
import { Errno } from "../../../kernel/errno.ts"
import type { Kernel } from "../../../kernel/Kernel.ts"
import type { Thread } from "../../../threads/Thread.ts"
import { fromBytes, fromText, toBytes } from "../../../user/byteStrings.ts"
import { syntheticStat } from "../../open/OpenFile.ts"
import { textNode } from "../TextFile.ts"
import { directoryOf, type VirtualDirectory, type VirtualNode } from "../VirtualNode.ts"
import { MemoryAccess } from "./MemoryAccess.ts"
import { mountInfoText, mountsText } from "./mounts.ts"
import {
  commText,
  limitsText,
  schedText,
  smapsText,
  statmText,
  statText,
  statusText,
  type Task,
  zeroTerminated
} from "./status.ts"

/** Longest name of a thread. */
const nameLength = 15

/** Writing to comm names a thread. */
const setName = (task: Task, bytes: Uint8Array): number => {
  const name = fromBytes(bytes.subarray(0, nameLength)).replace(/\n$/, "")
  if (task.thread === undefined) return -Errno.ESRCH
  task.thread.name = name
  if (task.tid === task.kernel.process.pid) task.kernel.process.name = name
  return 0
}

const bytesOf = (text: string): Uint8Array => toBytes(text)

/** The files that processes and threads have alike. */
const commonFiles = (task: Task): Record<string, VirtualNode> => {
  const { kernel } = task
  const { process } = kernel
  const hasEnded = kernel.node.end !== undefined
  return {
    auxv: textNode({ read: () => process.auxv.slice(), mode: 0o400 }),
    cgroup: textNode({ read: () => "0::/\n" }),
    cmdline: textNode({ read: () => bytesOf(hasEnded ? "" : zeroTerminated(process.argv)) }),
    comm: textNode({ read: () => bytesOf(commText(task)), write: (bytes) => setName(task, bytes) }),
    environ: textNode({ read: () => bytesOf(hasEnded ? "" : zeroTerminated(process.env)), mode: 0o400 }),
    fd: descriptors(kernel),
    fdinfo: descriptorFacts(kernel),
    io: textNode({
      read: () => "rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\nread_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n",
      mode: 0o400
    }),
    limits: textNode({ read: () => limitsText(task) }),
    maps: textNode({ read: () => (hasEnded ? "" : kernel.memory.mapsText()) }),
    mem: { kind: "file", mode: 0o600, open: (request) => new MemoryAccess(kernel, request) },
    mountinfo: textNode({ read: mountInfoText }),
    mounts: textNode({ read: mountsText }),
    oom_score: textNode({ read: () => "0\n" }),
    oom_score_adj: textNode({ read: () => "0\n" }),
    personality: textNode({ read: () => `${kernel.attributes.personality.toString(16).padStart(8, "0")}\n` }),
    sched: textNode({ read: () => schedText(task) }),
    smaps: textNode({ read: () => (hasEnded ? "" : smapsText(task)), mode: 0o444 }),
    stat: textNode({ read: () => bytesOf(statText(task)) }),
    statm: textNode({ read: () => statmText(task) }),
    status: textNode({ read: () => bytesOf(statusText(task)) }),
    wchan: textNode({ read: () => "0" }),
    cwd: { kind: "link", target: kernel.files.paths.cwd, leadsTo: kernel.files.paths.cwd },
    exe: { kind: "link", target: fromText(process.executable), leadsTo: fromText(process.executable) },
    root: { kind: "link", target: "/" }
  }
}

/** /proc/PID/fd: a link per descriptor, which leads to the open file itself. */
const descriptors = (kernel: Kernel): VirtualDirectory => ({
  kind: "directory",
  entries: () => [...kernel.files.descriptors().keys()].map(String),
  child: (name) => {
    const file = /^(0|[1-9]\d*)$/.test(name) ? kernel.files.get(Number(name)) : undefined
    return file === undefined ? undefined : { kind: "link", target: file.name(), leadsTo: file }
  }
})

/** /proc/PID/fdinfo: position and flags of each descriptor. */
const descriptorFacts = (kernel: Kernel): VirtualDirectory => ({
  kind: "directory",
  entries: () => [...kernel.files.descriptors().keys()].map(String),
  child: (name) => {
    const fd = Number(name)
    const file = /^(0|[1-9]\d*)$/.test(name) ? kernel.files.get(fd) : undefined
    if (file === undefined) return undefined
    return textNode({
      read: () => {
        const flags = file.flags | (kernel.files.closeOnExec(fd) === true ? 0o2000000 : 0)
        const stat = file.stat()
        const { ino } = typeof stat === "number" ? syntheticStat(0, 0n) : stat
        return `pos:\t${Math.max(0, file.seek(0, 1))}\nflags:\t0${flags.toString(8)}\nmnt_id:\t1\nino:\t${ino}\n`
      },
      mode: 0o400
    })
  }
})

const taskOf = (kernel: Kernel, thread: Thread): Task => ({ kernel, thread, tid: thread.tid })

/** /proc/PID/task. */
const tasks = (kernel: Kernel): VirtualDirectory => ({
  kind: "directory",
  entries: () => kernel.threads.list().map(({ tid }) => String(tid)),
  child: (name) => {
    const thread = /^\d+$/.test(name) ? kernel.threads.find(Number(name)) : undefined
    return thread === undefined ? undefined : directoryOf(commonFiles(taskOf(kernel, thread)))
  }
})

/** /proc/PID of a process, also where that has ended and nobody has waited for it. */
export const processDirectory = (kernel: Kernel): VirtualDirectory => {
  const { pid } = kernel.process
  const leader = kernel.threads.find(pid) ?? kernel.threads.list()[0]
  return directoryOf({ ...commonFiles({ kernel, thread: leader, tid: pid }), task: tasks(kernel) })
}
