/** Which processes there are, who made whom, and what becomes of those that have ended. */
import { WaitQueue } from "../files/open/WaitQueue.ts"
import type { Attributes } from "../misc/Attributes.ts"
import { isOrphaned } from "../jobs/orphans.ts"
import { Disposition, SaFlag, Sig, SigCode } from "../signals/constants.ts"
import type { SignalInfo } from "../signals/SignalInfo.ts"
import type { Signals } from "../signals/Signals.ts"
import type { Thread } from "../threads/Thread.ts"
import type { ThreadIds, Threads } from "../threads/Threads.ts"
import { noTime } from "../time/CpuMeter.ts"
import type { ProcessInfo } from "./ProcessInfo.ts"

/** How a process ended. */
export type WaitStatus =
  | { readonly kind: "exited"; readonly status: number }
  | { readonly kind: "killed"; readonly signal: number }

/** What else a parent may hear of: that a child was stopped, or goes on. */
export type JobStatus = { readonly kind: "stopped"; readonly signal: number } | { readonly kind: "continued" }

/** `si_code` of SIGCHLD. */
export const ChildCode = { exited: 1, killed: 2, stopped: 5, continued: 6 } as const

/** `si_code` and `si_status` for what has become of a child. */
export const childCode = (status: WaitStatus | JobStatus): readonly [code: number, status: number] => {
  switch (status.kind) {
    case "exited":
      return [ChildCode.exited, status.status]
    case "killed":
      return [ChildCode.killed, status.signal]
    case "stopped":
      return [ChildCode.stopped, status.signal]
    case "continued":
      return [ChildCode.continued, Sig.CONT]
  }
}

/** The pid of those whose parent has ended, and who have no ancestor that takes them in. */
const initPid = 1

/** What the tree knows of a kernel. */
export interface TreeKernel {
  readonly process: ProcessInfo
  readonly threads: Threads
  readonly signals: Signals
  readonly attributes: Attributes
}

/** A process in the tree: from its fork until its parent has heard of its end. */
export class ProcessNode<K extends TreeKernel> {
  readonly kernel: K
  /** Undefined for the first process, and for orphans: nobody of ours waits for them. */
  parent: ProcessNode<K> | undefined
  readonly children: Array<ProcessNode<K>> = []
  /** The signal that its parent gets at its end; 0 for none. */
  readonly exitSignal: number
  /** Woken when something about a child changes. */
  readonly childChanged = new WaitQueue()
  /** Woken when it has ended. */
  readonly ended = new WaitQueue()
  /** Set when it has ended: a zombie. */
  end: WaitStatus | undefined
  /** That it was stopped or goes on, until its parent has waited for that. */
  job: JobStatus | undefined
  /** What its children have used that it has waited for. */
  childrenTime = noTime
  /** Told when it has left its parent's memory, where the parent waits for that after vfork. */
  onRelease: (() => void) | undefined
  isReleased = false
  /** The one that the run began with. */
  readonly isFirst: boolean

  constructor(kernel: K, parent: ProcessNode<K> | undefined, exitSignal: number) {
    this.kernel = kernel
    this.parent = parent
    this.exitSignal = exitSignal
    this.isFirst = parent === undefined
  }

  get pid(): number {
    return this.kernel.process.pid
  }

  /** It has executed a program, or ended. */
  release(): void {
    this.isReleased = true
    this.onRelease?.()
  }
}

export class ProcessTree<K extends TreeKernel> implements ThreadIds {
  readonly #nodes = new Map<number, ProcessNode<K>>()
  #nextId: number
  /** Told when the first process stops: only the host's shell could make it go on. */
  onFirstStop: () => void = () => {}

  /** @param firstId the id of the first process */
  constructor(firstId: number) {
    this.#nextId = firstId
  }

  /** A new id for a process or thread: they count up. */
  readonly nextId = (): number => this.#nextId++

  /** The vCPU after the highest one in use. */
  readonly freeVcpu = (): number => {
    let highest = -1
    for (const { kernel } of this.#nodes.values()) {
      for (const { vcpu } of kernel.threads.list()) highest = Math.max(highest, vcpu)
    }
    return highest + 1
  }

  add(kernel: K, parent: ProcessNode<K> | undefined, exitSignal: number): ProcessNode<K> {
    const node = new ProcessNode(kernel, parent, exitSignal)
    this.#nodes.set(node.pid, node)
    parent?.children.push(node)
    kernel.signals.onStopChange = (signal) =>
      this.#jobChanged(node, signal === undefined ? { kind: "continued" } : { kind: "stopped", signal })
    return node
  }

  /** The process of an id, also where it has ended and nobody has waited for it. */
  find(pid: number): ProcessNode<K> | undefined {
    return this.#nodes.get(pid)
  }

  /** All processes, zombies included, in the order of their making. */
  all(): Array<ProcessNode<K>> {
    return [...this.#nodes.values()]
  }

  /** Processes that have not ended, in the order of their making. */
  live(): Array<ProcessNode<K>> {
    return [...this.#nodes.values()].filter(({ end }) => end === undefined)
  }

  /** Processes of a group, zombies included. */
  group(id: number): Array<ProcessNode<K>> {
    return [...this.#nodes.values()].filter(({ kernel }) => kernel.attributes.processGroup === id)
  }

  /** The live thread of a vCPU, with its process. */
  onVcpu(vcpu: number): { readonly node: ProcessNode<K>; readonly thread: Thread } | undefined {
    for (const node of this.#nodes.values()) {
      const thread = node.kernel.threads.onVcpu(vcpu)
      if (thread !== undefined) return { node, thread }
    }
    return undefined
  }

  /** A process has ended: its children get another parent, and its own parent hears of it. */
  finish(node: ProcessNode<K>, end: WaitStatus): void {
    const groups = new Set([node, ...node.children].map(({ kernel }) => kernel.attributes.processGroup))
    const guarded = [...groups].filter((group) => !isOrphaned(this, group))
    node.end = end
    node.job = undefined
    const guardian = guardianOf(node)
    for (const child of node.children.splice(0)) this.#adopt(child, guardian)
    for (const group of guarded) this.#hangUp(group)
    this.#report(node, end)
    node.ended.wake()
  }

  /** A group that has become orphaned and has stopped processes is told so, and goes on (setpgid(2)). */
  #hangUp(id: number): void {
    if (!isOrphaned(this, id)) return
    const members = this.group(id).filter(({ end }) => end === undefined)
    if (!members.some(({ kernel }) => kernel.signals.isStopped)) return
    for (const signal of [Sig.HUP, Sig.CONT]) {
      for (const { kernel } of members) kernel.signals.sendToProcess({ signal, code: SigCode.kernel })
    }
  }

  /** A process was stopped or goes on. */
  #jobChanged(node: ProcessNode<K>, job: JobStatus): void {
    const { parent } = node
    node.job = job
    if (node.isFirst && job.kind === "stopped") this.onFirstStop()
    if (parent === undefined) return
    const { signals } = parent.kernel
    const { flags, handler } = signals.action(Sig.CHLD)
    if (handler !== Disposition.ignore && (flags & SaFlag.noChildStop) === 0) {
      signals.sendToProcess(childInfo(node, Sig.CHLD, job))
    }
    parent.childChanged.wake()
  }

  /** A zombie's parent has heard of it. */
  reap(node: ProcessNode<K>): void {
    this.#nodes.delete(node.pid)
    const siblings = node.parent?.children ?? []
    const at = siblings.indexOf(node)
    if (at >= 0) siblings.splice(at, 1)
  }

  #adopt(child: ProcessNode<K>, guardian: ProcessNode<K> | undefined): void {
    child.parent = guardian
    child.kernel.process.ppid = guardian?.pid ?? initPid
    guardian?.children.push(child)
    const { parentDeathSignal } = child.kernel.attributes
    if (child.end !== undefined) this.#report(child, child.end)
    else if (parentDeathSignal !== 0) child.kernel.signals.sendToProcess({ signal: parentDeathSignal, code: 0 })
  }

  #report(node: ProcessNode<K>, end: WaitStatus): void {
    const { parent, exitSignal } = node
    if (parent === undefined) return this.reap(node)
    const { signals } = parent.kernel
    if (exitSignal !== 0) signals.sendToProcess(childInfo(node, exitSignal, end))
    const { flags, handler } = signals.action(Sig.CHLD)
    const isIgnored = handler === Disposition.ignore || (flags & SaFlag.noChildWait) !== 0
    if (exitSignal === Sig.CHLD && isIgnored) this.reap(node)
    parent.childChanged.wake()
  }
}

/** What a signal about a child tells. */
export const childInfo = <K extends TreeKernel>(
  { kernel }: ProcessNode<K>,
  signal: number,
  change: WaitStatus | JobStatus
): SignalInfo => {
  const { pid, uid } = kernel.process
  const [code, status] = childCode(change)
  return { signal, code, pid, uid, value: BigInt(status) }
}

/** The nearest ancestor that lives and takes orphans in (PR_SET_CHILD_SUBREAPER). */
const guardianOf = <K extends TreeKernel>(node: ProcessNode<K>): ProcessNode<K> | undefined => {
  for (let at = node.parent; at !== undefined; at = at.parent) {
    if (at.end === undefined && at.kernel.attributes.childSubreaper !== 0) return at
  }
  return undefined
}
