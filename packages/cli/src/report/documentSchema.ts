/** What `--plugin-format json` writes, as Effect Schema and as JSON Schema (draft 2020-12), made from the plugins' own Schemas. */
import * as Schema from "effect/Schema"
import type { Plugin } from "@emu/core/Plugin"
import { documentVersion } from "./pluginOutput.ts"

const text = (description: string) => Schema.String.annotate({ description })
const number = (description: string) => Schema.Int.annotate({ description })

/** A plugin's place in the document. */
const entry = <Name extends Schema.Codec<string>, Result extends Schema.Codec<unknown, unknown>>(
  name: Name,
  result: Result
) =>
  Schema.Struct({
    name,
    id: number("the instance: the same plugin may be loaded more than once"),
    args: Schema.Array(Schema.String).annotate({ description: "its options as given, KEY=VALUE" }),
    result: Schema.optionalKey(result)
  })

/** A plugin of the user, or one that reports nothing. */
const otherEntry = entry(
  text("the plugin's name"),
  Schema.Unknown.annotate({ description: "as the plugin's own Schema says" })
)

const entryOf = ({ name, result }: Plugin) =>
  result === undefined ? [] : [entry(Schema.Literal(name), result.annotate({ identifier: name }))]

/**
 * The document as a Schema.
 *
 * @param plugins whose results it may hold in a form that is known; of others, anything may be there
 */
export const makeDocument = (plugins: ReadonlyArray<Plugin>) =>
  Schema.Struct({
    version: Schema.Literal(documentVersion).annotate({ description: "version of this document's form" }),
    program: text("the program, as on the command line"),
    args: Schema.Array(Schema.String).annotate({ description: "its arguments" }),
    status: Schema.NullOr(number("exit status; 128 + n where signal n ended the program")).annotate({
      description: "null where the emulator could not go on"
    }),
    plugins: Schema.Array(Schema.Union([...plugins.flatMap(entryOf), otherEntry])).annotate({
      description: "in the order of loading"
    })
  }).annotate({ title: "results of emu's plugins" })

const jsonSchema = (schema: Schema.Constraint): object => {
  const { definitions, schema: root } = Schema.toJsonSchemaDocument(schema)
  const $defs = Object.keys(definitions).length === 0 ? {} : { $defs: definitions }
  return { $schema: "https://json-schema.org/draft/2020-12/schema", ...root, ...$defs }
}

/** JSON Schema of the document. */
export const schemaOfDocument = (plugins: ReadonlyArray<Plugin>): object => jsonSchema(makeDocument(plugins))

/** JSON Schema of one plugin's result; undefined for a plugin that reports nothing. */
export const schemaOfResult = ({ help, name, result }: Plugin): object | undefined =>
  result === undefined ? undefined : jsonSchema(result.annotate({ title: name, description: `${name}: ${help}` }))
