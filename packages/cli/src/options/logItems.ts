/** What `-d` can log. */
import { didYouMean } from "../suggest.ts"
import { UsageError } from "../UsageError.ts"
import { parseList } from "./values.ts"

/** Items and what they print, in the words of QEMU's `-d help`. */
export const logItems = {
  in_asm: "guest instructions of each translated block",
  op: "IR of each translated block",
  op_opt: "IR of each translated block, with instrumentation and after optimisation",
  jit: "a line for each region of several blocks that --engine jit compiled to WebAssembly",
  exec: "a line each time the driver enters translated code at a block",
  strace: "system calls with arguments and results",
  plugin: "text of plugins (always printed; accepted for QEMU's users)"
} as const

export type LogItem = keyof typeof logItems

const isLogItem = (text: string): text is LogItem => Object.hasOwn(logItems, text)

/**
 * Parses the value of `-d`.
 *
 * @returns the items, or `help` where the list of them is asked for
 * @throws UsageError for an item that there is not
 */
export const parseLogItems = (text: string): ReadonlyArray<LogItem> | "help" => {
  const pieces = parseList(text)
  if (pieces.includes("help") || pieces.includes("?")) return "help"
  return pieces.map((piece) => {
    if (isLogItem(piece)) return piece
    const near = didYouMean(piece, Object.keys(logItems))
    throw new UsageError(`option -d: there is no item ${JSON.stringify(piece)}${near || "; -d help lists the items"}`)
  })
}

/** The text of `-d help`. */
export const logHelp = (): string => {
  const rows = Object.entries(logItems).map(([name, help]) => `${name.padEnd(10)} ${help}\n`)
  return `Log items (comma separated):\n${rows.join("")}`
}
