/**
 * Work queued to run on a vCPU between its slices: first in, first out. 'Safe' work runs in an exclusive section. Work for
 * `anyVcpu` is done by whichever drains next.
 */
import * as Effect from "effect/Effect"
import type { ExclusiveError } from "../PluginError.ts"
import { anyVcpu } from "../PluginState.ts"
import type { Exclusive } from "./Exclusive.ts"

/** One item of work. */
export interface Work<E> {
  readonly isSafe: boolean
  readonly run: Effect.Effect<void, E>
}

/** The queues of a process. */
export interface VcpuWork<E> {
  /** Appends work and kicks the vCPU, so that it soon comes out of the engine to do it. */
  readonly queue: (vcpu: number, work: Work<E>) => void
  /** Cheap: whether `drain` has anything to do. */
  readonly hasWork: (vcpu: number) => boolean
  /** Does everything queued for a vCPU (and for any vCPU), and what is queued meanwhile. Call it outside guest code. */
  readonly drain: (vcpu: number) => Effect.Effect<void, E | ExclusiveError>
  /** The vCPU ends: what is left in its queue is left to whichever drains next. */
  readonly retire: (vcpu: number) => void
}

/**
 * Makes the queues.
 *
 * @param kick makes the running vCPU leave its slice soon
 */
export const make = <E>(exclusive: Exclusive, kick: () => void): VcpuWork<E> => {
  const queues = new Map<number, Array<Work<E>>>()

  const push = (vcpu: number, work: Work<E>) => {
    const queue = queues.get(vcpu)
    if (queue === undefined) queues.set(vcpu, [work])
    else queue.push(work)
  }

  const hasWork = (vcpu: number) => queues.size > 0 && (queues.has(vcpu) || queues.has(anyVcpu))

  const next = (vcpu: number): Work<E> | undefined => {
    for (const key of [anyVcpu, vcpu]) {
      const queue = queues.get(key)
      const work = queue?.shift()
      if (queue?.length === 0) queues.delete(key)
      if (work !== undefined) return work
    }
    return undefined
  }

  const retire = (vcpu: number) => {
    if (vcpu === anyVcpu) return
    for (const work of queues.get(vcpu) ?? []) push(anyVcpu, work)
    queues.delete(vcpu)
  }

  const drain = (vcpu: number): Effect.Effect<void, E | ExclusiveError> =>
    Effect.suspend(() => {
      const work = next(vcpu)
      if (work === undefined) return Effect.void
      const run = work.isSafe ? exclusive.withExclusive(vcpu, work.run) : work.run
      return Effect.andThen(run, drain(vcpu))
    })

  return {
    queue: (vcpu, work) => {
      push(vcpu, work)
      kick()
    },
    hasWork,
    drain,
    retire
  }
}
