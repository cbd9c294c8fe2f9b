/** The value of `--plugin`: a plugin and its arguments. */
import { UsageError } from "../UsageError.ts"
import { splitCommas } from "./commaList.ts"

/** One plugin to load. */
export interface PluginSpec {
  /** As given: a name, or the path of a file. */
  readonly plugin: string
  readonly isFile: boolean
  /** Arguments in their order; keys may repeat. */
  readonly args: ReadonlyArray<readonly [key: string, value: string]>
}

/** Whether a plugin is meant as a file: it has a slash, or the suffix of a module. */
export const isPluginFile = (plugin: string): boolean => plugin.includes("/") || /\.[cm]?[jt]s$/.test(plugin)

/**
 * Parses `NAME-or-FILE[,KEY=VALUE...]` by QEMU's rules: the first piece may be written `file=...`; a key without value is
 * `on`, and with `no` before it `off`.
 *
 * @throws UsageError where there is no plugin or an argument has no key
 */
export const parsePluginSpec = (text: string): PluginSpec => {
  const [first = "", ...rest] = splitCommas(text)
  const plugin = first.startsWith("file=") ? first.slice("file=".length) : first
  if (plugin === "")
    throw new UsageError("option --plugin needs the name or the file of a plugin; emu plugins lists the names")
  return { plugin, isFile: isPluginFile(plugin), args: rest.map((piece) => parsePluginArgument(plugin, piece)) }
}

/**
 * Parses `KEY=VALUE`, or `KEY` alone.
 *
 * @param plugin its name, for errors
 * @throws UsageError where there is no key
 */
export const parsePluginArgument = (plugin: string, piece: string): readonly [key: string, value: string] => {
  const equals = piece.indexOf("=")
  if (equals < 0 && /^no./.test(piece)) return [piece.slice(2), "off"]
  const key = equals < 0 ? piece : piece.slice(0, equals)
  if (key === "") throw new UsageError(`plugin ${plugin}: the argument ${JSON.stringify(piece)} has no key; write KEY=VALUE`)
  return [key, equals < 0 ? "on" : piece.slice(equals + 1)]
}
