/**
 * Plugins that fail: what is said about it, and, where the user wants it so, the run without them.
 */
import { ExitRequest } from "../ExitRequest.ts"
import { PluginCallbackError } from "../PluginError.ts"
import type { CallbackFailure } from "../PluginError.ts"
import { isLoaded } from "../PluginState.ts"
import type { SetPcRequest } from "../SetPcRequest.ts"
import { release } from "../transitions/lifecycle.ts"
import { applyActions, requestFlush, stateOf } from "./Runtime.ts"
import type { Runtime } from "./Runtime.ts"

/**
 * What a callback of a vCPU may end with beside its result. `SetPcRequest` and `ExitRequest` are
 * requests, not errors.
 */
export type CallbackEnd = PluginCallbackError | SetPcRequest | ExitRequest

/** Which callback of which plugin failed. */
export interface Culprit {
  readonly plugin: bigint
  /** As in `PluginCallbackError`. */
  readonly event: string
  /** Guest pc, or undefined where no vCPU is concerned. */
  readonly pc: bigint | undefined
}

/**
 * A plugin as messages name it: with its id where another of the same name is loaded, as `#id`
 * where it is gone.
 */
export const pluginName = (runtime: Runtime, id: bigint): string => {
  const { plugins } = stateOf(runtime)
  const name = plugins.find((p) => p.id === id)?.name
  if (name === undefined) return `#${id}`
  return plugins.some((p) => p.name === name && p.id !== id) ? `${name} (id ${id})` : name
}

/** The error that names a culprit. */
export const errorOf = (runtime: Runtime, { event, pc, plugin }: Culprit, cause: unknown): PluginCallbackError => {
  // a callback in a callback, such as that of reset
  if (cause instanceof PluginCallbackError) return cause
  const symbol = pc === undefined ? undefined : runtime.guest.symbol(pc)
  return new PluginCallbackError({ plugin: pluginName(runtime, plugin), event, pc, symbol, cause })
}

/**
 * Takes a failed plugin out, if that is what the user wants: the user is told, its handlers and
 * callbacks are gone at once, and its code at the next block boundary. It hears nothing any more,
 * not even the end.
 *
 * @returns whether the run goes on; also true for a plugin that was taken out before, of which
 *   nothing is said again
 */
export const survives = (runtime: Runtime, plugin: bigint, error: PluginCallbackError): boolean => {
  if (runtime.failures.onError === "abort") return false
  if (!isLoaded(stateOf(runtime), plugin)) return true
  runtime.failures.report(error)
  applyActions(runtime, (state) => release(state, plugin))
  requestFlush(runtime)
  return true
}

/**
 * As `survives`, for what an engine reports. A request to end the guest is none of its business.
 */
export const survivesHot = (runtime: Runtime, { cause, ...culprit }: CallbackFailure): boolean =>
  !(cause instanceof ExitRequest) && survives(runtime, culprit.plugin, errorOf(runtime, culprit, cause))
