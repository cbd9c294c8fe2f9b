/** The command line's grammar, which is QEMU's: options come first, and everything from the program on belongs to the guest. */
import { didYouMean } from "../suggest.ts"
import { UsageError } from "../UsageError.ts"
import type { OptionRow } from "./OptionTable.ts"

/** An option as it was given; `value` is empty for options that take none. */
export interface GivenOption {
  readonly name: string
  readonly value: string
}

/** What a command line says: options in their order, and the words behind them. */
export interface ParsedOptions {
  readonly options: ReadonlyArray<GivenOption>
  readonly operands: ReadonlyArray<string>
}

/**
 * Splits words into options and operands. `--name value`, `--name=value`, `-name value` and `-x value` are the same. The
 * first word that is no option ends them, and so does `--`, which is dropped. An option's value may begin with a dash.
 *
 * @param table the options there are
 * @param words the command line behind the command's name
 * @param command the command's name, for errors
 * @throws UsageError for an unknown option, a missing value, or a value where none belongs
 */
export const parseOptions = (
  table: ReadonlyArray<OptionRow>,
  words: ReadonlyArray<string>,
  command: string
): ParsedOptions => {
  const options: Array<GivenOption> = []
  let next = 0
  while (next < words.length) {
    const word = words[next]!
    if (word === "--") return { options, operands: words.slice(next + 1) }
    if (!word.startsWith("-") || word === "-") break
    next++
    const equals = word.indexOf("=")
    const shown = equals < 0 ? word : word.slice(0, equals)
    const row = findOption(table, shown)
    if (row === undefined) {
      const names = table.filter((option) => option.name.length > 1).map((option) => option.name)
      const near = didYouMean(shown.replace(/^-+/, ""), names, (name) => `--${name}`)
      throw new UsageError(`unknown option ${shown}${near || `; emu ${command} --help lists the options`}`)
    }
    let value = ""
    if (row.value === undefined) {
      if (equals >= 0) throw new UsageError(`option ${shown} takes no value: remove ${word.slice(equals)}`)
    } else if (equals >= 0) {
      value = word.slice(equals + 1)
    } else if (next < words.length) {
      value = words[next++]!
    } else {
      throw new UsageError(`option ${shown} needs a value: ${shown} ${row.value}`)
    }
    options.push({ name: row.name, value })
  }
  return { options, operands: words.slice(next) }
}

const findOption = (table: ReadonlyArray<OptionRow>, shown: string): OptionRow | undefined => {
  const name = shown.replace(/^--?/, "")
  return table.find((row) => row.name === name || (row.letter === name && !shown.startsWith("--")))
}
