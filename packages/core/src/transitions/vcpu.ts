/** vCPUs come, receive event masks, and go. */
import * as Result from "effect/Result"
import { InvalidVcpuIndexError, VcpuAlreadyLiveError, VcpuNotLiveError } from "../PluginError.ts"
import { eventBit } from "../PluginEvent.ts"
import type { PluginEvent } from "../PluginEvent.ts"
import { eventMask } from "../PluginState.ts"
import type { Action, Checked, PluginState, Transition, VcpuRecord } from "../PluginState.ts"
import { grown, growthFor } from "./scoreboard.ts"
import type { Placement } from "./scoreboard.ts"
import { retireWork } from "./work.ts"

/** vCPU indices are below this. */
export const maxVcpus = 65536

/** Refuses an index that cannot come live. */
export const checkVcpuInit = (
  state: PluginState,
  vcpu: number
): Result.Result<void, InvalidVcpuIndexError | VcpuAlreadyLiveError> => {
  if (!Number.isInteger(vcpu) || vcpu < 0 || vcpu >= maxVcpus) return Result.fail(new InvalidVcpuIndexError({ vcpu }))
  return state.vcpus.has(vcpu) ? Result.fail(new VcpuAlreadyLiveError({ vcpu })) : Result.succeed(undefined)
}

/**
 * A vCPU comes live. It is deaf (mask 0) until the update that this asks for is delivered, which is
 * before its first block. Scoreboards grow in the same transition (B4, B5), so nobody ever sees a
 * vCPU without an element.
 *
 * An index may come back after its vCPU ended: it then finds the element of its predecessor, as in
 * QEMU (V1), so counts of all threads add up.
 *
 * @param placements where the storage of each scoreboard lies after growth, for all that
 *   `growthFor` names
 */
export const vcpuInit = (
  state: PluginState,
  vcpu: number,
  placements: ReadonlyArray<Placement> = []
): Checked<ReadonlyArray<Action>, InvalidVcpuIndexError | VcpuAlreadyLiveError> =>
  Result.map(checkVcpuInit(state, vcpu), (): Transition<ReadonlyArray<Action>> => {
    const growth = growthFor(state, vcpu)
    const roomy = growth === undefined ? state : grown(state, growth, placements)
    const vcpus = new Map(state.vcpus).set(vcpu, { mask: 0, isEnding: false })
    const next = { ...roomy, vcpus, numVcpus: Math.max(state.numVcpus, vcpu + 1) }
    const update: Action = { kind: "updateMask", vcpu, mask: eventMask(state) }
    return [growth === undefined || growth.boards.length === 0 ? [update] : [update, { kind: "flush" }], next]
  })

/**
 * A vCPU begins to end: its exit callbacks run, once, while it still counts as live. Then
 * `endVcpuExit`.
 */
export const beginVcpuExit = (state: PluginState, vcpu: number): Checked<void, VcpuNotLiveError> => {
  const record = state.vcpus.get(vcpu)
  if (record === undefined || record.isEnding) return Result.fail(new VcpuNotLiveError({ vcpu }))
  return Result.succeed([undefined, withVcpu(state, vcpu, { ...record, isEnding: true })])
}

/**
 * A vCPU has gone. `numVcpus` and its scoreboard elements stay; the work in its queue is left to
 * others.
 */
export const endVcpuExit = (state: PluginState, vcpu: number): PluginState => {
  const vcpus = new Map(state.vcpus)
  vcpus.delete(vcpu)
  return retireWork({ ...state, vcpus }, vcpu)
}

/**
 * A vCPU receives an event mask that was queued for it. Dropped where the vCPU has ended meanwhile.
 *
 * @returns whether the vCPU received it (its jump cache is then to be dropped)
 */
export const receiveMask = (state: PluginState, vcpu: number, mask: number): Transition<boolean> => {
  const record = state.vcpus.get(vcpu)
  return record === undefined ? [false, state] : [true, withVcpu(state, vcpu, { ...record, mask })]
}

/** Whether a vCPU has heard that somebody listens to an event. */
export const wants = (state: PluginState, vcpu: number, event: PluginEvent): boolean =>
  ((state.vcpus.get(vcpu)?.mask ?? 0) & eventBit(event)) !== 0

/**
 * Whether idle, resume and discontinuity callbacks run for a vCPU: only where one of its index was
 * initialised. QEMU's guard compares with `numVcpus`, so an index below the highest one passes
 * before it ever was live; this asks for the vCPU itself.
 */
export const isInitialised = (state: PluginState, vcpu: number): boolean => state.vcpus.has(vcpu)

/** Indices of live vCPUs, ascending. */
export const liveVcpus = (state: PluginState): ReadonlyArray<number> => [...state.vcpus.keys()].sort((a, b) => a - b)

const withVcpu = (state: PluginState, vcpu: number, record: VcpuRecord): PluginState => ({
  ...state,
  vcpus: new Map(state.vcpus).set(vcpu, record)
})
