/**
 * Forms of plugin output in which two runs can be compared: QEMU prints some tables in hash-table order, so rows that its
 * sort does not tell apart may come in any order.
 */
import { type DrcovBlock, type DrcovModule, parseDrcov } from "../support/drcov.ts"

/**
 * How a recording is to be compared: `exact` and `head` as it is (of `head` only the first lines were kept); `ties` rows with
 * the same sort key in any order; `ties-drop98` the same without the row of system call 98 (futex); `match` one record per
 * instruction, hits summed; `star` a `*` at the end of a line stands for anything; `no-counters` without the registers that
 * count time; `bbv` the blocks of a line in any order; `drcov` blocks by address, in order.
 */
export type Mode = "exact" | "head" | "ties" | "ties-drop98" | "match" | "star" | "no-counters" | "bbv" | "drcov"

/** The lines of a text, without an empty one after the last newline. */
export const linesOf = (text: string): Array<string> => {
  const lines = text.split("\n")
  if (lines.at(-1) === "") lines.pop()
  return lines
}

/**
 * Tables that have ties: how to find a row's sort key, and the number of rows from which on a table may have been cut off
 * (howvec never shows its last row).
 */
const tables = [
  { file: /^hotblocks/, row: /^0x[0-9a-f]+, \d+, \d+, (\d+)$/, limit: 20 },
  { file: /^howvec/, row: /^Instr: .*\t\((\d+) hits\)/, limit: 1 },
  { file: /^cache/, row: /^0x[0-9a-f]+(?: \([^)]*\))?, (\d+), /, limit: 32 },
  { file: /^cflow/, row: /^ {2}addr: .*\n {4}branches (\d+)\n/, limit: 10 },
  { file: /^syscall/, row: /^\d+ +(\d+) +\d+$/, limit: Infinity }
]

/** Lines, of which those that are indented (cflow's) belong to the one before. */
const rowsOf = (text: string): Array<string> => {
  const rows: Array<string> = []
  for (const line of linesOf(text)) {
    if (line.startsWith("    ") && rows.length > 0) rows.push(`${rows.pop()}\n${line}`)
    else rows.push(line)
  }
  return rows
}

/**
 * Sorts rows that have the same key. Where a table was cut off, of its last group only the number of rows counts, since which
 * of them are shown is arbitrary.
 */
const sortTies = (file: string, lines: ReadonlyArray<string>): Array<string> => {
  const table = tables.find((t) => t.file.test(file))
  if (table === undefined) throw new Error(`no table with ties is known for ${file}`)
  const keyOf = (line: string | undefined) => (line === undefined ? undefined : table.row.exec(line)?.[1])
  const result: Array<string> = []
  /** Rows of the present table so far. */
  let rows = 0
  for (let start = 0, end = 1; start < lines.length; start = end++) {
    const key = keyOf(lines[start])
    if (key !== undefined) while (keyOf(lines[end]) === key) end++
    rows = key === undefined ? 0 : rows + end - start
    const group = lines.slice(start, end).sort()
    const isCutOff = rows >= table.limit && keyOf(lines[end]) === undefined
    result.push(...(key !== undefined && isCutOff ? group.map(() => `(some row with ${key})`) : group))
  }
  return result
}

/** `insn,match=`: QEMU may keep several records of one instruction; sums them, in address order. */
const sumMatches = (lines: ReadonlyArray<string>): Array<string> => {
  const others: Array<string> = []
  const hits = new Map<string, number>()
  for (const line of lines) {
    const record = /^ {2}([0-9a-f]+: .*) \(hits (\d+)\)$/.exec(line)
    if (record !== null) hits.set(record[1]!, (hits.get(record[1]!) ?? 0) + Number(record[2]))
    else if (!line.startsWith("Created") || !others.includes(line)) others.push(line)
  }
  const address = (record: string) => Number.parseInt(record, 16)
  const sums = [...hits].sort(([x], [y]) => address(x) - address(y) || (x < y ? -1 : 1))
  return [...others, ...sums.map(([record, n]) => `  ${record} (hits ${n})`)]
}

/** A line of bbv with its blocks by number. */
const sortBlocks = (line: string): string => {
  const numberOf = (entry: string) => Number(entry.split(":")[1])
  const entries = line.slice(1).trim().split(" ")
  return `T${entries.sort((a, b) => numberOf(a) - numberOf(b)).join(" ")}`
}

/**
 * A drcov file as text: the program, without its directory, and the blocks by address. emu gives blocks as offsets in their module,
 * as the format wants it, and each once. QEMU's have the program as their module wherever they are, their address as offset, and
 * are there as often as they were translated.
 */
export const drcovLines = (bytes: Buffer, offsetsAreAddresses: boolean): Array<string> => {
  const { blocks, flavor, modules } = parseDrcov(bytes)
  const [{ base, end, entry, path }] = modules as [DrcovModule]
  const address = ({ module, start }: DrcovBlock) => start + (offsetsAreAddresses ? 0 : (modules[module]?.base ?? 0))
  const covered = blocks.map((block) => `block 0x${address(block).toString(16)}, ${block.size} bytes`)
  return [`${flavor} ${base} ${end} ${entry} ${path.replace(/.*\//, "")}`, ...new Set(covered)]
}

/** The lines of a plugin's output in comparable form. */
export const canonical = (mode: Mode, file: string, text: string): Array<string> => {
  switch (mode) {
    case "ties":
      return sortTies(file, rowsOf(text))
    case "ties-drop98":
      return sortTies(file, rowsOf(text)).filter((line) => !line.startsWith("98 "))
    case "match":
      return sumMatches(linesOf(text))
    case "bbv":
      return linesOf(text).map(sortBlocks)
    case "no-counters":
      return linesOf(text.replace(/, (seed|cycle|time|instret) -> 0x[0-9a-f]+/g, ""))
    default:
      return linesOf(text)
  }
}
