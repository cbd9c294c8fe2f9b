/**
 * Work that is queued to run on a vCPU between its slices: first in, first out. What is for
 * `anyVcpu` is done by whichever comes.
 */
import * as Chunk from "effect/Chunk"
import { anyVcpu } from "../PluginState.ts"
import type { PluginState, Transition, Work, WorkQueue } from "../PluginState.ts"

/** Appends work to a vCPU's queue. */
export const queueWork = (state: PluginState, vcpu: number, work: Work): PluginState =>
  withQueue(state, vcpu, Chunk.append(queueOf(state, vcpu), work))

/** Whether there is anything to do for a vCPU. */
export const hasWork = ({ work }: PluginState, vcpu: number): boolean =>
  work.size > 0 && (work.has(vcpu) || work.has(anyVcpu))

/** Takes what a vCPU is to do next. */
export const takeWork = (state: PluginState, vcpu: number): Transition<Work | undefined> => {
  const from = state.work.has(anyVcpu) ? anyVcpu : vcpu
  const queue = queueOf(state, from)
  if (Chunk.isEmpty(queue)) return [undefined, state]
  return [Chunk.getUnsafe(queue, 0), withQueue(state, from, Chunk.drop(queue, 1))]
}

/** The vCPU ends: what is left in its queue is left to whichever drains next. */
export const retireWork = (state: PluginState, vcpu: number): PluginState => {
  if (vcpu === anyVcpu || !state.work.has(vcpu)) return state
  const left = Chunk.appendAll(queueOf(state, anyVcpu), queueOf(state, vcpu))
  return withQueue(withQueue(state, anyVcpu, left), vcpu, Chunk.empty())
}

const queueOf = ({ work }: PluginState, vcpu: number): WorkQueue => work.get(vcpu) ?? Chunk.empty()

const withQueue = (state: PluginState, vcpu: number, queue: WorkQueue): PluginState => {
  const work = new Map(state.work)
  if (Chunk.isEmpty(queue)) work.delete(vcpu)
  else work.set(vcpu, queue)
  return { ...state, work }
}
