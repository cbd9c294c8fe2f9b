/** The guest's environment: the host's, changed by -E and -U in their order. */
import type { GivenOption } from "./parseOptions.ts"
import { parseAssignments, parseList } from "./values.ts"

/**
 * @param host the environment of emu itself
 * @param options all options; those of another name are passed over
 * @returns `VAR=VALUE` in the host's order, new variables last
 */
export const guestEnvironment = (
  host: Readonly<Record<string, string | undefined>>,
  options: ReadonlyArray<GivenOption>
): Array<string> => {
  const variables = new Map<string, string>()
  for (const [name, value] of Object.entries(host)) if (value !== undefined) variables.set(name, value)
  for (const { name: option, value: text } of options) {
    if (option === "env") for (const [name, value] of parseAssignments("-E", text)) variables.set(name, value)
    if (option === "unset") for (const name of parseList(text)) variables.delete(name)
  }
  return [...variables].map(([name, value]) => `${name}=${value}`)
}
