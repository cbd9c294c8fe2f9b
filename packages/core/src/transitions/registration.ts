/** Registering and unregistering handlers of events, and the event mask that follows from it. */
import * as Result from "effect/Result"
import { EventShapeError, UnknownEventError } from "../PluginError.ts"
import type { UnknownPluginError } from "../PluginError.ts"
import { eventBit, eventNames, PluginEvent, shapeOf } from "../PluginEvent.ts"
import { findPlugin, putPlugin, registrations } from "../PluginState.ts"
import type { Action, Checked, EventHandler, PluginRecord, PluginState, Registration, Transition } from "../PluginState.ts"

/**
 * Registers a plugin's handler for an event. A plugin has one handler per event: a second one takes the first one's place in
 * the list; a new one goes to the head, so the last loaded plugin is called first. A plugin that is being uninstalled is
 * ignored. Not refused while a reset is pending: the reset will wipe it.
 *
 * Every `vcpuTbTrans` handler, new or in place of another, drops all translated code, so that it sees blocks translated before
 * (B2), and what the other one asked for is gone.
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
  return Result.map(findPlugin(state, id), (plugin): Transition<ReadonlyArray<Action>> => {
    if (plugin.uninstalling) return [[], state]
    if (handler === undefined) return unregister(state, plugin, event)
    const previous = plugin.callbacks.get(event)
    return previous === undefined
      ? insert(state, plugin, event, handler)
      : [previous.handler === handler ? [] : flushFor(event), replace(state, plugin, { ...previous, handler })]
  })
}

/**
 * Removes a plugin's handler of an event, if it has one.
 *
 * @returns mask updates for every live vCPU where nobody listens to the event any more
 */
export const unregister = (
  state: PluginState,
  plugin: PluginRecord,
  event: PluginEvent
): Transition<ReadonlyArray<Action>> => {
  if (!plugin.callbacks.has(event)) return [[], state]
  const kept = new Map(plugin.callbacks)
  kept.delete(event)
  const list = registrations(state, event).filter((r) => r.plugin !== plugin.id)
  const next = withList(putPlugin(state, { ...plugin, callbacks: kept }), event, list)
  return list.length > 0 ? [[], next] : withMask(next, next.eventMask & ~eventBit(event))
}

/** Removes all of a plugin's handlers, in the order of the events' numbers, save those in `keep`. */
export const unregisterAll = (
  state: PluginState,
  id: bigint,
  keep: ReadonlyArray<PluginEvent> = []
): Transition<ReadonlyArray<Action>> => {
  const actions: Array<Action> = []
  let next = state
  for (const event of Object.values(PluginEvent)) {
    const plugin = next.plugins.find((p) => p.id === id)
    if (plugin === undefined || keep.includes(event)) continue
    const [more, after] = unregister(next, plugin, event)
    actions.push(...more)
    next = after
  }
  return [actions, next]
}

/**
 * What an iteration over a list that was taken earlier has to call for one of its nodes: the handler that the node has now, or
 * undefined where it was removed meanwhile (B3). A node made anew since then is another one, and is not visited.
 */
export const currentHandler = (state: PluginState, node: Registration): EventHandler | undefined => {
  const now = state.plugins.find((p) => p.id === node.plugin)?.callbacks.get(node.event)
  return now !== undefined && now.serial === node.serial ? now.handler : undefined
}

const insert = (state: PluginState, plugin: PluginRecord, event: PluginEvent, handler: EventHandler) => {
  const node: Registration = { serial: state.nextSerial, plugin: plugin.id, event, handler }
  const stored = putPlugin(
    { ...state, nextSerial: state.nextSerial + 1 },
    { ...plugin, callbacks: new Map(plugin.callbacks).set(event, node) }
  )
  const listed = withList(stored, event, [node, ...registrations(state, event)])
  const [actions, next] = withMask(listed, listed.eventMask | eventBit(event))
  return [[...actions, ...flushFor(event)], next] as const
}

const flushFor = (event: PluginEvent): ReadonlyArray<Action> =>
  event === PluginEvent.vcpuTbTrans ? [{ kind: "flush" }] : []

const replace = (state: PluginState, plugin: PluginRecord, node: Registration): PluginState =>
  withList(
    putPlugin(state, { ...plugin, callbacks: new Map(plugin.callbacks).set(node.event, node) }),
    node.event,
    registrations(state, node.event).map((r) => (r.serial === node.serial ? node : r))
  )

const withList = (state: PluginState, event: PluginEvent, list: ReadonlyArray<Registration>): PluginState => ({
  ...state,
  callbacks: new Map(state.callbacks).set(event, list)
})

const withMask = (state: PluginState, eventMask: number): Transition<ReadonlyArray<Action>> =>
  eventMask === state.eventMask
    ? [[], state]
    : [
        Array.from(state.vcpus.keys(), (vcpu): Action => ({ kind: "updateMask", vcpu, mask: eventMask })),
        { ...state, eventMask }
      ]
