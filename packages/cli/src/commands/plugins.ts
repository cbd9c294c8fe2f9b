/** `emu plugins`: which plugins there are, and what their options mean. */
import * as Effect from "effect/Effect"
import type { Plugin } from "@emu/core/Plugin"
import * as PluginOptions from "@emu/core/PluginOptions"
import { plugins } from "@emu/plugins"
import { loadPlugin } from "../plugins/loadPlugin.ts"

/** All plugins of emu, a line each. */
export const listPlugins = Effect.gen(function* () {
  const loaded = yield* Effect.forEach(Object.keys(plugins), loadPlugin)
  const width = Math.max(...loaded.map((plugin) => plugin.name.length))
  const rows = loaded.map((plugin) => {
    const options = PluginOptions.describeOptions(plugin).map((option) => option.name)
    const listed = options.length === 0 ? "" : ` (${options.join(", ")})`
    return `  ${plugin.name.padEnd(width)}  ${plugin.help}${listed}\n`
  })
  return `Plugins that come with emu:\n${rows.join("")}
emu plugins NAME explains a plugin's options. Load one with emu run --plugin NAME,KEY=VALUE,... PROGRAM
`
})

/** One plugin with its options. `name` is what the user called it: a name or a path. */
export const explainPlugin = (name: string) => Effect.map(loadPlugin(name), (plugin) => explanation(name, plugin))

const explanation = (name: string, plugin: Plugin): string => {
  const options = PluginOptions.describeOptions(plugin)
  const rows = options.map((option) => {
    const notes = [
      ...(option.isRequired ? ["required"] : []),
      ...(option.isRepeatable ? ["may be repeated"] : []),
      ...(option.default === undefined || option.default === "" ? [] : [`default ${option.default}`])
    ]
    return `  ${option.name}=${option.values}\n          ${option.description}${notes.length === 0 ? "" : ` (${notes.join(", ")})`}\n`
  })
  const usage = `Usage: emu run --plugin ${name}${options.length === 0 ? "" : "[,KEY=VALUE...]"} PROGRAM\n`
  return `${plugin.name}: ${plugin.help}\n\n${usage}${rows.length === 0 ? "\nIt has no options.\n" : `\nOptions:\n${rows.join("")}`}`
}
