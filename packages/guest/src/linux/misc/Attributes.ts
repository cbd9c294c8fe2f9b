/** Settings of a process that it can change and that nothing else depends on. */
import { Errno } from "../kernel/errno.ts"

/** Soft and hard limit of a resource; `unlimited` is RLIM_INFINITY. */
export interface Limit {
  readonly soft: bigint
  readonly hard: bigint
}

/** RLIM_INFINITY. */
export const unlimited = 0xffff_ffff_ffff_ffffn

/** Numbers of resources (asm-generic/resource.h). */
export const Resource = {
  CPU: 0,
  FSIZE: 1,
  DATA: 2,
  STACK: 3,
  CORE: 4,
  RSS: 5,
  NPROC: 6,
  NOFILE: 7,
  MEMLOCK: 8,
  AS: 9,
  LOCKS: 10,
  SIGPENDING: 11,
  MSGQUEUE: 12,
  NICE: 13,
  RTPRIO: 14,
  RTTIME: 15
} as const

const openFilesLimit = { soft: 1024n, hard: 1048576n }

/** The changeable attributes of one process. */
export class Attributes {
  processGroup: number
  session: number
  nice = 0
  /** Signal at the parent's death (PR_SET_PDEATHSIG). */
  parentDeathSignal = 0
  dumpable = 1
  keepCapabilities = 0
  noNewPrivileges = 0
  timerSlack = 50_000n
  childSubreaper = 0
  personality = 0
  ioPriority = 0
  readonly #limits = new Map<number, Limit>()

  /** @param stackSize soft limit of the stack in bytes */
  constructor(pid: number, stackSize: number) {
    this.processGroup = pid
    this.session = pid
    this.#limits.set(Resource.STACK, { soft: BigInt(stackSize), hard: unlimited })
    this.#limits.set(Resource.CORE, { soft: 0n, hard: unlimited })
    this.#limits.set(Resource.NOFILE, openFilesLimit)
    this.#limits.set(Resource.MEMLOCK, { soft: 8_388_608n, hard: 8_388_608n })
    this.#limits.set(Resource.MSGQUEUE, { soft: 819_200n, hard: 819_200n })
    this.#limits.set(Resource.NICE, { soft: 0n, hard: 0n })
    this.#limits.set(Resource.RTPRIO, { soft: 0n, hard: 0n })
  }

  /** A resource's limit; undefined if there is no such resource. */
  limit(resource: number): Limit | undefined {
    if (resource < 0 || resource > Resource.RTTIME) return undefined
    return this.#limits.get(resource) ?? { soft: unlimited, hard: unlimited }
  }

  /** Changes a limit: 0, -EINVAL (no such resource, soft above hard) or -EPERM (hard limit raised without privilege). */
  setLimit(resource: number, limit: Limit, privileged: boolean): number {
    const before = this.limit(resource)
    if (before === undefined || limit.soft > limit.hard) return -Errno.EINVAL
    if (limit.hard > before.hard && !privileged) return -Errno.EPERM
    this.#limits.set(resource, limit)
    return 0
  }

  /** A copy for a forked process. */
  fork(): Attributes {
    const child = new Attributes(this.processGroup, 0)
    Object.assign(child, this)
    child.#limits.clear()
    for (const [resource, limit] of this.#limits) child.#limits.set(resource, limit)
    child.parentDeathSignal = 0
    child.childSubreaper = 0
    return child
  }
}
