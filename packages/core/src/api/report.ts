/** The part of the API that takes results. */
import * as Schema from "effect/Schema"
import type { Plugin } from "../Plugin.ts"
import type { PluginOutput, PluginSource } from "../Ports.ts"

/** Makes a plugin's `report`, which hands results on in all forms they can take. */
export const makeReport =
  <Options, Result>(output: PluginOutput["Service"], plugin: Plugin<Options, Result>, source: PluginSource) =>
  (result: Result): void => {
    const json = () => encode(plugin, result)
    const text = () => plugin.render?.(result) ?? `${JSON.stringify(json(), undefined, 2)}\n`
    output.report({ source, text, json })
  }

const encode = <Options, Result>({ name, result: schema }: Plugin<Options, Result>, result: Result): unknown => {
  if (schema === undefined)
    throw new TypeError(`plugin ${name} reports a result, but declares no Schema for it: add \`result\``)
  return Schema.encodeSync(schema)(result)
}
