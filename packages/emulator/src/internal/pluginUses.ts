/** The plugins that a run asks for: found by name, and with options as the plugin system takes them. */
import type { Plugin } from "@emu/core/Plugin"
import { findPlugin, plugins } from "@emu/plugins"
import * as Effect from "effect/Effect"
import { NoSuchPluginError } from "../Guest.ts"
import type { OptionValue, PluginUse } from "../RunOptions.ts"

/** Options as pairs of texts, in order; a key may repeat. */
export type Arguments = ReadonlyArray<readonly [key: string, value: string]>

const textOf = (value: string | number | bigint | boolean): string =>
  typeof value === "boolean" ? (value ? "on" : "off") : String(value)

/** Options as they would be written on the command line. */
export const argumentsOf = (options: Readonly<Record<string, OptionValue>> | Arguments = {}): Arguments => {
  if (Array.isArray(options)) return options as Arguments
  return Object.entries(options as Readonly<Record<string, OptionValue>>).flatMap(([key, value]) => {
    const values = typeof value === "object" ? value : [value]
    return values.map((one) => [key, textOf(one)] as const)
  })
}

const byName = (name: string): Effect.Effect<Plugin, NoSuchPluginError> => {
  const load = findPlugin(name)
  if (load !== undefined) return Effect.promise(load)
  return Effect.fail(new NoSuchPluginError({ plugin: name, known: Object.keys(plugins) }))
}

/** Finds a plugin, with its arguments. */
export const loadPlugin = (
  use: PluginUse
): Effect.Effect<{ readonly plugin: Plugin; readonly args: Arguments }, NoSuchPluginError> => {
  const { options, plugin } = typeof use === "object" && "plugin" in use ? use : { options: {}, plugin: use }
  const found = typeof plugin === "string" ? byName(plugin) : Effect.succeed(plugin)
  return Effect.map(found, (one) => ({ plugin: one, args: argumentsOf(options) }))
}
