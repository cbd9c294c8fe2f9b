/** `emu plugins --schema`: JSON Schema of what plugins report. */
import * as Effect from "effect/Effect"
import { plugins } from "@emu/plugins"
import { loadPlugin } from "../plugins/loadPlugin.ts"
import { UsageError } from "../UsageError.ts"

/** Loaded when it is asked for: what makes JSON Schema is a large part of Effect. */
const documentSchema = Effect.promise(() => import("../report/documentSchema.ts"))

/**
 * JSON Schema as text.
 *
 * @param names a plugin's name or file for its result; none for the document of `--plugin-format json`
 * @returns fails with UsageError for several names, and for a plugin that reports nothing
 */
export const resultSchema = Effect.fnUntraced(function* (names: ReadonlyArray<string>) {
  if (names.length > 1) {
    return yield* Effect.fail(new UsageError("emu plugins --schema takes one plugin, or none for the whole document"))
  }
  const loaded = yield* Effect.forEach(names.length === 0 ? Object.keys(plugins) : names, loadPlugin)
  const { schemaOfDocument, schemaOfResult } = yield* documentSchema
  const [plugin] = loaded
  if (names.length === 0 || plugin === undefined) return text(schemaOfDocument(loaded))
  const schema = schemaOfResult(plugin)
  if (schema === undefined) {
    return yield* Effect.fail(new UsageError(`plugin ${names[0]} prints text only: there is no result to describe`))
  }
  return text(schema)
})

const text = (schema: unknown): string => `${JSON.stringify(schema, undefined, 2)}\n`
