/** Whether a command line will load a plugin file of the user, known before the command itself is loaded. */
import { runOptions } from "./OptionTable.ts"
import { parseOptions } from "./parseOptions.ts"
import { isPluginFile, parsePluginSpec } from "./pluginSpec.ts"

/**
 * @param words the command line behind `emu`
 * @returns false also for a command line that is wrong: the command itself says how
 */
export const namesPluginFile = (words: ReadonlyArray<string>): boolean => {
  const [command, ...rest] = words
  try {
    if (command === "plugins") return rest.some(isPluginFile)
    if (command !== "run") return false
    const given = parseOptions(runOptions, rest, "run").options
    return given.some((option) => option.name === "plugin" && parsePluginSpec(option.value).isFile)
  } catch {
    return false
  }
}
