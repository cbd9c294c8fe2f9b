/** Instruction words from rows and operands: for the expansion of compressed instructions, and for tests. */
import { insertField, type Pattern } from "./pattern.ts"

/** The word of a pattern with the given fields; those left out are zero. Throws where the pattern has no such field. */
export const encode = (pattern: Pattern, operands: Readonly<Record<string, number>>): number => {
  let word = pattern.match
  for (const [name, value] of Object.entries(operands)) {
    const field = pattern.fields.get(name)
    if (field === undefined) throw new Error(`the instruction has no field "${name}"`)
    word |= insertField(field, value)
  }
  return word
}
