/** Whether a command line needs all of Effect and core (scripts/bundle.ts), known before the command itself is loaded. */
import { pluginsOptions, runOptions } from "./OptionTable.ts"
import { parseOptions } from "./parseOptions.ts"
import { parsePluginSpec, pluginKind } from "./pluginSpec.ts"

const isForeign = (plugin: string): boolean => pluginKind(plugin) !== "own"

/**
 * A plugin of the user may import everything, and JSON Schema is made by a large part of Effect.
 *
 * @param words the command line behind `emu`
 * @returns false also for a command line that is wrong: the command itself says how
 */
export const needsWholeEffect = (words: ReadonlyArray<string>): boolean => {
  const [command, ...rest] = words
  try {
    if (command === "plugins") {
      const { operands, options } = parseOptions(pluginsOptions, rest, "plugins")
      return operands.some(isForeign) || options.some(({ name }) => name === "schema")
    }
    if (command === "control") return rest.some((word) => /^--?schema$/.test(word))
    if (command !== "run") return false
    const given = parseOptions(runOptions, rest, "run").options
    // through the socket of --control any plugin may come
    return given.some(
      (option) => option.name === "control" || (option.name === "plugin" && isForeign(parsePluginSpec(option.value).plugin))
    )
  } catch {
    return false
  }
}
