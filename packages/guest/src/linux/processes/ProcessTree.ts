/** Which processes there are, who made whom, and what becomes of those that have ended. */
import { WaitQueue } from "../files/open/WaitQueue.ts"
import type { Attributes } from "../misc/Attributes.ts"
import { Disposition, SaFlag, Sig } from "../signals/constants.ts"
import type { Signals } from "../signals/Signals.ts"
import type { Thread } from "../threads/Thread.ts"
import type { ThreadIds, Threads } from "../threads/Threads.ts"
import type { ProcessInfo } from "./ProcessInfo.ts"

/** How a process ended. */
export type WaitStatus =
  | { readonly kind: "exited"; readonly status: number }
  | { readonly kind: "killed"; readonly signal: number }

/** `si_code` of SIGCHLD. */
export const ChildCode = { exited: 1, killed: 2 } as const

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
  /** Set when it has ended: a zombie. */
  end: WaitStatus | undefined
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
    node.end = end
    const guardian = guardianOf(node)
    for (const child of node.children.splice(0)) this.#adopt(child, guardian)
    this.#report(node, end)
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
    if (exitSignal !== 0) {
      const { pid, uid } = node.kernel.process
      const [code, status] = end.kind === "exited" ? [ChildCode.exited, end.status] : [ChildCode.killed, end.signal]
      signals.sendToProcess({ signal: exitSignal, code, pid, uid, value: BigInt(status) })
    }
    const { flags, handler } = signals.action(Sig.CHLD)
    const isIgnored = handler === Disposition.ignore || (flags & SaFlag.noChildWait) !== 0
    if (exitSignal === Sig.CHLD && isIgnored) this.reap(node)
    parent.childChanged.wake()
  }
}

/** The nearest ancestor that lives and takes orphans in (PR_SET_CHILD_SUBREAPER). */
const guardianOf = <K extends TreeKernel>(node: ProcessNode<K>): ProcessNode<K> | undefined => {
  for (let at = node.parent; at !== undefined; at = at.parent) {
    if (at.end === undefined && at.kernel.attributes.childSubreaper !== 0) return at
  }
  return undefined
}
