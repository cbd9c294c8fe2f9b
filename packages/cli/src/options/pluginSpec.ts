/** The value of `--plugin`: a plugin and its arguments. */
import { UsageError } from "../UsageError.ts"
import { pluginNames } from "@emu/plugins/names"
import { splitCommas } from "./commaList.ts"

/** One plugin to load. */
export interface PluginSpec {
  /** As given: a name, the path of a file, or an npm package. */
  readonly plugin: string
  /** Arguments in their order; keys may repeat. */
  readonly args: ReadonlyArray<readonly [key: string, value: string]>
}

/** A name in a scope of npm, such as `@somebody/emu-plugin`, with a path in the package or without. */
const scopedName = /^@[a-z0-9~][a-z0-9._~-]*\/[a-z0-9~][a-z0-9._~-]*(\/|$)/

/** What comes with emu, a file of the user, or an npm package that the user has installed. */
export type PluginKind = "own" | "file" | "package"

/** What is meant: a file has a slash, or the suffix of a module, and emu's own names come before packages. */
export const pluginKind = (plugin: string): PluginKind => {
  if (scopedName.test(plugin)) return "package"
  if (plugin.includes("/") || /\.[cm]?[jt]s$/.test(plugin)) return "file"
  return pluginNames.some((name) => name === plugin) ? "own" : "package"
}

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
  return { plugin, args: rest.map((piece) => parsePluginArgument(plugin, piece)) }
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
