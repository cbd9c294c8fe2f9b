/** Registering and unregistering handlers of events, and the event mask that follows from it. */
import * as Result from "effect/Result"
import { EventShapeError, UnknownEventError } from "../PluginError.ts"
import type { UnknownPluginError } from "../PluginError.ts"
import { allEvents, eventNames, PluginEvent, shapeOf } from "../PluginEvent.ts"
import { eventMask, findPlugin, registrationOf, registrations } from "../PluginState.ts"
import type { Action, Checked, EventHandler, PluginState, Registration, Transition } from "../PluginState.ts"

/**
 * Registers a plugin's handler for an event. A plugin has one handler per event: a second one takes
 * the first one's place in the list; a new one goes to the head, so the last loaded plugin is
 * called first. A plugin that is being uninstalled is ignored. Not refused while a reset is
 * pending: the reset will wipe it.
 *
 * Every `vcpuTbTrans` handler, new or in place of another, drops all translated code, so that it
 * sees blocks translated before (B2), and what the other one asked for is gone.
 *
 * @param id the plugin
 * @param event its number is checked, as it may come from a caller without types
 * @param handler what to call; undefined unregisters
 * @returns what to do: mask updates for every live vCPU when the event mask changed
 */
export const register = (
  state: PluginState,
  id: bigint,
  event: PluginEvent,
  handler: EventHandler | undefined
): Checked<ReadonlyArray<Action>, UnknownPluginError | UnknownEventError | EventShapeError> => {
  const shape = shapeOf(event)
  if (shape === undefined) return Result.fail(new UnknownEventError({ event }))
  if (handler !== undefined && typeof handler !== "function") {
    return Result.fail(new EventShapeError({ event: eventNames[event]!, expected: shape, actual: typeof handler }))
  }
  return Result.map(findPlugin(state, id), ({ phase }): Transition<ReadonlyArray<Action>> => {
    if (phase === "uninstalling") return [[], state]
    if (handler === undefined) return unregister(state, id, event)
    const previous = registrationOf(state, id, event)
    return previous === undefined
      ? insert(state, id, event, handler)
      : [previous.handler === handler ? [] : flushFor(event), replace(state, { ...previous, handler })]
  })
}

/**
 * Removes a plugin's handler of an event, if it has one.
 *
 * @returns mask updates for every live vCPU where nobody listens to the event any more
 */
export const unregister = (state: PluginState, id: bigint, event: PluginEvent): Transition<ReadonlyArray<Action>> => {
  if (registrationOf(state, id, event) === undefined) return [[], state]
  const list = registrations(state, event).filter((r) => r.plugin !== id)
  const next = withList(state, event, list)
  return [list.length > 0 ? [] : maskUpdates(next), next]
}

/**
 * Removes all of a plugin's handlers, in the order of the events' numbers, save those in `keep`.
 */
export const unregisterAll = (
  state: PluginState,
  id: bigint,
  keep: ReadonlyArray<PluginEvent> = []
): Transition<ReadonlyArray<Action>> => {
  const actions: Array<Action> = []
  let next = state
  for (const event of allEvents) {
    if (keep.includes(event)) continue
    const [more, after] = unregister(next, id, event)
    actions.push(...more)
    next = after
  }
  return [actions, next]
}

/**
 * What an iteration over a list that was taken earlier has to call for one of its nodes: the
 * handler that the node has now, or undefined where it was removed meanwhile (B3). A node made anew
 * since then is another one, and is not visited.
 */
export const currentHandler = (state: PluginState, node: Registration): EventHandler | undefined =>
  registrations(state, node.event).find(({ serial }) => serial === node.serial)?.handler

const insert = (
  state: PluginState,
  id: bigint,
  event: PluginEvent,
  handler: EventHandler
): Transition<ReadonlyArray<Action>> => {
  const node: Registration = { serial: state.nextSerial, plugin: id, event, handler }
  const list = registrations(state, event)
  const next = withList({ ...state, nextSerial: state.nextSerial + 1 }, event, [node, ...list])
  return [[...(list.length > 0 ? [] : maskUpdates(next)), ...flushFor(event)], next]
}

const flushFor = (event: PluginEvent): ReadonlyArray<Action> =>
  event === PluginEvent.vcpuTbTrans ? [{ kind: "flush" }] : []

const replace = (state: PluginState, node: Registration): PluginState =>
  withList(
    state,
    node.event,
    registrations(state, node.event).map((r) => (r.serial === node.serial ? node : r))
  )

const withList = (state: PluginState, event: PluginEvent, list: ReadonlyArray<Registration>): PluginState => {
  const callbacks = new Map(state.callbacks)
  if (list.length > 0) callbacks.set(event, list)
  else callbacks.delete(event)
  return { ...state, callbacks }
}

/** The mask has changed: every live vCPU is to hear of it. */
const maskUpdates = (state: PluginState): ReadonlyArray<Action> => {
  const mask = eventMask(state)
  return Array.from(state.vcpus.keys(), (vcpu) => ({ kind: "updateMask", vcpu, mask }))
}
