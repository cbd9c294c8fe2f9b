/**
 * What plugins report at the end, as Schemas: fields that encode to JSON and say what they mean.
 *
 *     result: PluginResult.struct({ insns: PluginResult.count("executed instructions") }),
 *     render: ({ insns }) => `total insns: ${insns}\n`,
 *     ...
 *       yield* api.onAtExit(() => api.report({ insns: api.u64Sum(executed) }))
 *
 * From such a declaration emu makes the text (`render`), a table on a terminal, the JSON of `--plugin-format json`, and the JSON
 * Schema of `emu plugins --schema`. Any other Schema that encodes to JSON works as well.
 */
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"

/** Fields that belong together: a plugin's result, or part of it. */
export const struct = Schema.Struct

/** A field that may be left out. */
export const optional = <S extends Schema.Constraint>(field: S): Schema.optionalKey<S> => Schema.optionalKey(field)

const AnyInteger = Schema.Union([Schema.Finite, Schema.BigInt])

/** A field whose values are numbers or bigints. */
export interface IntegerField<Encoded> extends Schema.Codec<number | bigint, Encoded> {}

/** As Schema.isInt, but counters may be greater than 2^53. */
const isWhole = Schema.makeFilter((value: number) => Number.isInteger(value) && value >= 0, {
  expected: "a whole number that is not negative",
  toJsonSchema: () => ({ type: "integer", minimum: 0 })
})

const wholeNumber = SchemaTransformation.transform({
  decode: (value: number): number | bigint => value,
  encode: Number
})

/** A whole number that is not negative. In JSON it is a number, exact up to 2^53. */
export const count = (description: string): IntegerField<number> =>
  Schema.Finite.annotate({ description }).check(isWhole).pipe(Schema.decodeTo(AnyInteger, wholeNumber))

/** A number, a measurement for example. */
export const number = (description: string): Schema.Codec<number> => Schema.Finite.annotate({ description })

/** A guest address. In JSON it is a text such as "0x10158", since not all of them fit into a JSON number. */
export const address = (description: string): IntegerField<string> =>
  Schema.String.annotate({ description })
    .check(Schema.isPattern(/^0x[0-9a-f]+$/u))
    .pipe(
      Schema.decodeTo(
        AnyInteger,
        SchemaTransformation.transform({
          decode: (hex: string): number | bigint => BigInt(hex),
          encode: (value) => `0x${value.toString(16)}`
        })
      )
    )

/** Text. */
export const text = (description: string): Schema.Codec<string> => Schema.String.annotate({ description })

/** Yes or no. */
export const boolean = (description: string): Schema.Codec<boolean> => Schema.Boolean.annotate({ description })

/** One word of several. */
export const oneOf = <const W extends string>(words: ReadonlyArray<W>, description: string): Schema.Codec<W> =>
  Schema.Literals(words).annotate({ description })

/** A list of values of one kind. */
export const list = <T, E>(
  element: Schema.Codec<T, E>,
  description: string
): Schema.Codec<ReadonlyArray<T>, ReadonlyArray<E>> => Schema.Array(element).annotate({ description })

/** A table: a list of structs with these fields, which are its columns. */
export const rows = <const Fields extends Schema.Struct.Fields>(fields: Fields, description: string) =>
  Schema.Array(Schema.Struct(fields)).annotate({ description })
