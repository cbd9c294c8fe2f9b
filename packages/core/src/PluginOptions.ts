/**
 * The usual kinds of plugin option, as Schemas. A plugin's `options` is a struct of them:
 *
 *     options: PluginOptions.struct({ inline: PluginOptions.boolean({ description: "count inline", default: false }) })
 *
 * A field decodes from the list of values that its key was given on the command line, in order: a key may be repeated, the
 * last value counts, and `strings` takes them all. A field without a default must be given, unless it is made optional:
 * `Schema.optionalKey(PluginOptions.address({ description: "stop here" }))`.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"
import type { Plugin } from "./Plugin.ts"

/** What an option says about itself. */
export interface OptionSettings<A> {
  /** One line, for `emu plugins`. */
  readonly description: string
  /** The value where the key is not given. Without it the option is required. */
  readonly default?: A
}

/** What `describeOptions` tells of an option. */
export interface OptionDescription {
  readonly name: string
  /** What may stand after `=`, e.g. `on|off`, `N`, `0xADDR`, `r|w|rw`. */
  readonly values: string
  readonly description: string
  /** The default as it would be written, or undefined where there is none. */
  readonly default: string | undefined
  readonly isRequired: boolean
  readonly isRepeatable: boolean
}

/** The options given to a plugin do not fit it. */
export class PluginOptionError extends Data.TaggedError("PluginOptionError")<{
  readonly plugin: string
  /** The option concerned, or undefined where they contradict each other. */
  readonly option: string | undefined
  readonly problem: string
}> {
  override get message() {
    const option = this.option === undefined ? "options" : `option "${this.option}"`
    return `plugin ${this.plugin}: ${option}: ${this.problem}`
  }
}

/**
 * Puts options together; the plugin gets an object with their values. Throws where one is no Schema.
 */
export const struct = <const Fields extends Schema.Struct.Fields>(fields: Fields): Schema.Struct<Fields> => {
  for (const [name, field] of Object.entries(fields)) {
    if (Schema.isSchema(field)) continue
    throw new TypeError(
      `option ${name} is no Schema: write ${name}: PluginOptions.integer({ description: "..." }), or another kind`
    )
  }
  return Schema.Struct(fields)
}

/** For a plugin without options. */
export const none = Schema.Struct({})

const annotation = "emuOption"

interface Details {
  readonly values: string
  readonly description: string
  readonly default: string | undefined
  readonly isRepeatable: boolean
}

interface Kind<A> {
  readonly type: Schema.Codec<A>
  readonly values: string
  readonly isRepeatable?: boolean
  /** The value, or what is wrong with the text. */
  readonly parse: (values: ReadonlyArray<string>) => Result.Result<A, string>
  /** The values that would give it. */
  readonly print: (value: A) => ReadonlyArray<string>
}

/** A field of `struct`. */
export interface OptionField<A> extends Schema.Codec<A, ReadonlyArray<string>> {}

/** A field of `struct` whose key may be left out. */
export interface OptionalField<A> extends Schema.withDecodingDefaultTypeKey<OptionField<A>> {}

/** How a kind of option is made: with a default, or required. */
interface OptionMaker<A> {
  (settings: { readonly description: string; readonly default: A }): OptionalField<A>
  (settings: { readonly description: string }): OptionField<A>
}

const option = <A>(kind: Kind<A>): OptionMaker<A> => {
  const transformation = SchemaTransformation.transformEffect({
    decode: (values: ReadonlyArray<string>, options) => {
      const result = kind.parse(values)
      return Result.isSuccess(result)
        ? Effect.succeed(result.success)
        : Effect.fail(new SchemaIssue.InvalidValue({ message: result.failure }, values, options))
    },
    encode: (value: A) => Effect.succeed(kind.print(value))
  })
  function make(settings: { readonly description: string; readonly default: A }): OptionalField<A>
  function make(settings: { readonly description: string }): OptionField<A>
  function make(settings: OptionSettings<A>): OptionField<A> | OptionalField<A> {
    const field: OptionField<A> = Schema.Array(Schema.String).pipe(Schema.decodeTo(kind.type, transformation))
    const byDefault = settings.default
    const details: Details = {
      values: kind.values,
      description: settings.description,
      default: byDefault === undefined ? undefined : kind.print(byDefault).join(", "),
      isRepeatable: kind.isRepeatable ?? false
    }
    const key = { [annotation]: details, messageMissingKey: "must be given" }
    return byDefault === undefined
      ? field.annotateKey(key)
      : field.pipe(Schema.withDecodingDefaultTypeKey(Effect.succeed(byDefault))).annotateKey(key)
  }
  return make
}

const last =
  <A>(parse: (text: string) => A | undefined, expected: string) =>
  (values: ReadonlyArray<string>) => {
    const text = values.at(-1) ?? ""
    const value = parse(text)
    return value === undefined ? Result.fail(`"${text}" is not ${expected}`) : Result.succeed(value)
  }

const trueWords = ["on", "yes", "true", "y"]
const falseWords = ["off", "no", "false", "n"]

/** A switch: QEMU's words, case-sensitive. */
export const boolean = option<boolean>({
  type: Schema.Boolean,
  values: "on|off",
  parse: last(
    (text) => (trueWords.includes(text) ? true : falseWords.includes(text) ? false : undefined),
    `one of ${[...trueWords, ...falseWords].join(", ")}`
  ),
  print: (value) => [value ? "on" : "off"]
})

/** A whole number that is not negative, decimal or 0x hexadecimal, up to 2^53 - 1. */
export const integer = option<number>({
  type: Schema.Finite,
  values: "N",
  parse: last((text) => {
    const value = /^(\d+|0x[0-9a-f]+)$/i.test(text) ? Number(text) : Number.NaN
    return Number.isSafeInteger(value) ? value : undefined
  }, "a whole number such as 20 or 0x14"),
  print: (value) => [String(value)]
})

const parseAddress = (text: string): bigint | undefined => {
  const value = /^(\d+|0x[0-9a-f]+)$/i.test(text) ? BigInt(text) : -1n
  return value >= 0n && value < 1n << 64n ? value : undefined
}
const addressExpected = "a 64-bit address such as 0x10158"
const printAddress = (value: bigint) => `0x${value.toString(16)}`

/** A guest address, 0x hexadecimal or decimal. */
export const address = option<bigint>({
  type: Schema.BigInt,
  values: "0xADDR",
  parse: last(parseAddress, addressExpected),
  print: (value) => [printAddress(value)]
})

/** Guest addresses; the key may be repeated. */
export const addresses = option<ReadonlyArray<bigint>>({
  type: Schema.Array(Schema.BigInt),
  values: "0xADDR",
  isRepeatable: true,
  parse: (values) => Result.all(values.map((text) => last(parseAddress, addressExpected)([text]))),
  print: (values) => values.map(printAddress)
})

/** Any text. */
export const string = option<string>({
  type: Schema.String,
  values: "TEXT",
  parse: last((text) => text, "text"),
  print: (value) => [value]
})

/** Texts; the key may be repeated, and the order is kept. */
export const strings = option<ReadonlyArray<string>>({
  type: Schema.Array(Schema.String),
  values: "TEXT",
  isRepeatable: true,
  parse: (values) => Result.succeed(values),
  print: (values) => values
})

/** One word of several. */
export function oneOf<const W extends string>(
  words: ReadonlyArray<W>,
  settings: { readonly description: string; readonly default: NoInfer<W> }
): OptionalField<W>
export function oneOf<const W extends string>(
  words: ReadonlyArray<W>,
  settings: { readonly description: string }
): OptionField<W>
export function oneOf<const W extends string>(words: ReadonlyArray<W>, settings: OptionSettings<W>) {
  const make = option<W>({
    type: Schema.Literals(words),
    values: words.join("|"),
    parse: last((text) => words.find((word) => word === text), `one of ${words.join(", ")}`),
    print: (value) => [value]
  })
  const { default: byDefault, description } = settings
  return byDefault === undefined ? make({ description }) : make({ description, default: byDefault })
}

const fieldsOf = (schema: object): Readonly<Record<string, Schema.Constraint>> => {
  if ("fields" in schema) return schema.fields as Readonly<Record<string, Schema.Constraint>>
  return "from" in schema ? fieldsOf(schema.from as object) : {}
}

/**
 * What a plugin's options are, for `emu plugins` and for messages. Fields that are not of the kinds above are listed by name.
 *
 * @returns in the order of the struct
 */
export const describeOptions = (plugin: Pick<Plugin, "options">): ReadonlyArray<OptionDescription> =>
  Object.entries(fieldsOf(plugin.options)).map(([name, field]) => {
    const details = Schema.resolveAnnotationsKey(field)?.[annotation] as Details | undefined
    const unknown = { values: "VALUE", description: "", default: undefined, isRepeatable: false }
    const isRequired = details?.default === undefined && field.ast.context?.isOptional !== true
    return { name, isRequired, ...(details ?? unknown) }
  })

/**
 * Decodes a plugin's options.
 *
 * @param plugin its `options` is the Schema; its name is for messages
 * @param pairs `key=value` as on the command line, in order; keys may be repeated
 * @returns the options, or the first problem: an unknown key (the message lists those known), a missing one, a bad value
 */
export const decode = <Options, Result>(
  plugin: Plugin<Options, Result>,
  pairs: ReadonlyArray<readonly [key: string, value: string]>
): Result.Result<Options, PluginOptionError> => {
  const fail = (key: string | undefined, problem: string) =>
    Result.fail(new PluginOptionError({ plugin: plugin.name, option: key, problem }))
  const known = Object.keys(fieldsOf(plugin.options))
  const given = new Map<string, Array<string>>()
  for (const [key, value] of pairs) {
    if (!known.includes(key))
      return fail(key, known.length === 0 ? "it has no options" : `unknown; there are ${known.join(", ")}`)
    given.set(key, [...(given.get(key) ?? []), value])
  }
  const decoded = Schema.decodeResult(plugin.options)(Object.fromEntries(given))
  if (Result.isSuccess(decoded)) return Result.succeed(decoded.success)
  const issue = SchemaIssue.makeFormatterStandardSchemaV1()(decoded.failure.issue).issues[0]
  const key = issue?.path?.[0]
  return fail(typeof key === "string" ? key : undefined, issue?.message ?? decoded.failure.message)
}
