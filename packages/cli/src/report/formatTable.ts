/** Results of plugins for people: tables, made from a result's JSON alone, so that every plugin has one. */

/** Ways to make text stand out; each takes the text and gives it back, with colours or without. */
export interface Paint {
  readonly title: (text: string) => string
  /** Names of values, and heads of columns. */
  readonly label: (text: string) => string
  readonly address: (text: string) => string
}

/** Text as it is. */
export const plain: Paint = { title: String, label: String, address: String }

const sgr = (code: number) => (text: string) => (text === "" ? "" : `\u001b[${code}m${text}\u001b[0m`)

/** Bold, faint and cyan, which are readable on dark and on light terminals. */
export const colours: Paint = { title: sgr(1), label: sgr(2), address: sgr(36) }

type Json = string | number | boolean | null | ReadonlyArray<Json> | { readonly [key: string]: Json }
type Struct = { readonly [key: string]: Json }
type Scalar = string | number | boolean | null

const isList = (value: Json): value is ReadonlyArray<Json> => Array.isArray(value)
const isStruct = (value: Json): value is Struct => typeof value === "object" && value !== null && !isList(value)
const isScalar = (value: Json): value is Scalar => !isList(value) && !isStruct(value)
const isAddress = (value: Json): boolean => typeof value === "string" && /^0x[0-9a-f]+$/.test(value)

/** `seenAll` is shown as `seen all`. */
const words = (key: string): string => key.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)

/** Thousands apart: 1234567 is 1,234,567. */
const grouped = (value: number): string => {
  const [whole = "", fraction] = String(value).split(".", 2)
  return whole.replace(/\B(?=(\d{3})+$)/g, ",") + (fraction === undefined ? "" : `.${fraction}`)
}

const shown = (value: Json | undefined): string => {
  if (value === undefined || value === null) return ""
  if (typeof value === "number") return grouped(value)
  if (typeof value === "boolean") return value ? "yes" : "no"
  // Disassembly is padded, for lines that begin with it.
  if (typeof value === "string") return value.replace(/ {2,}/g, " ")
  return isList(value) ? value.map(shown).join(", ") : JSON.stringify(value)
}

/** A struct's fields with those of structs in it: `{ a: { b: 1 } }` has a column `a b`. */
const flat = (struct: Struct, prefix = ""): Record<string, Json> =>
  Object.fromEntries(
    Object.entries(struct).flatMap(([key, value]) => {
      const name = `${prefix}${words(key)}`
      return isStruct(value) ? Object.entries(flat(value, `${name} `)) : [[name, value]]
    })
  )

/** Columns: numbers and addresses to the right, everything else to the left. */
const grid = (list: ReadonlyArray<Struct>, paint: Paint, indent: string): string => {
  const rows = list.map((struct) => flat(struct))
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].map((name) => {
    const values = rows.map((row) => row[name])
    const isRight = values.every((value) => value === undefined || typeof value === "number" || isAddress(value))
    return { name, isRight, width: Math.max(name.length, ...values.map((value) => shown(value).length)) }
  })
  const line = (cell: (name: string) => Json | undefined, brush: (value: Json | undefined) => (text: string) => string) => {
    const cells = columns.map(({ isRight, name, width }) => {
      const text = shown(cell(name))
      const blanks = " ".repeat(width - text.length)
      const painted = brush(cell(name))(text)
      return isRight ? blanks + painted : painted + blanks
    })
    return `${indent}${cells.join("  ").trimEnd()}\n`
  }
  const head = line(
    (name) => name,
    () => paint.label
  )
  const body = rows.map((row) =>
    line(
      (name) => row[name],
      (value) => (value !== undefined && isAddress(value) ? paint.address : String)
    )
  )
  return [head, ...body].join("")
}

/** Whether each element fits into a row: none has a table of its own in it. */
const fitsGrid = (list: ReadonlyArray<Json>): list is ReadonlyArray<Struct> =>
  list.every(
    (element) => isStruct(element) && Object.values(flat(element)).every((value) => !isList(value) || value.every(isScalar))
  )

const section = (struct: Struct, paint: Paint, indent: string): string => {
  const fields = Object.entries(flat(struct))
  const scalars = fields.filter(([, value]) => isScalar(value))
  const width = Math.max(0, ...scalars.map(([name]) => name.length))
  let text = ""
  for (const [name, value] of scalars) {
    const painted = isAddress(value) ? paint.address(shown(value)) : shown(value)
    text += `${indent}${paint.label(name)}${" ".repeat(width - name.length)}  ${painted}\n`
  }
  for (const [name, value] of fields) {
    if (!isList(value)) continue
    text += `${text === "" ? "" : "\n"}${indent}${paint.title(name)}${value.length === 0 ? ": none" : ""}\n`
    if (value.length === 0) continue
    if (fitsGrid(value)) text += grid(value, paint, indent)
    else
      for (const element of value)
        text += isStruct(element) ? section(element, paint, `${indent}  `) : `${indent}${shown(element)}\n`
  }
  return text
}

/**
 * Formats a result for a terminal: a title, values by name, and tables.
 *
 * @param name of the plugin
 * @param result as JSON; usually an object
 * @returns lines, each with its newline
 */
export const formatTable = (name: string, result: unknown, paint: Paint): string => {
  const json = result as Json
  const body = isStruct(json) ? section(json, paint, "  ") : `  ${shown(json)}\n`
  return `${paint.title(name)}\n${body}`
}
