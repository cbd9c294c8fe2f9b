/** A row of the instruction table, and how rows are written. */
import { type Field, type Pattern, parsePattern } from "./pattern.ts"

/** Extensions of the table, by the name of the ISA manual. */
export const extensions = [
  "I",
  "M",
  "A",
  "F",
  "D",
  "C",
  "Zicsr",
  "Zifencei",
  "Zihintpause",
  "Zba",
  "Zbb",
  "Zbs",
  "Zicond",
  "Privileged"
] as const
export type Extension = (typeof extensions)[number]

/** What kind of instruction it is, for statistics and tests. */
export type InsnClass =
  | "arithmetic"
  | "multiply"
  | "load"
  | "store"
  | "branch"
  | "jump"
  | "fence"
  | "csr"
  | "system"
  | "atomic"
  | "float"

/**
 * One instruction: name, encoding, operands as they are printed, extension, class.
 *
 * `operands` is a template: the words rd, rs1, rs2 are integer registers, fd, fs1, fs2, fs3 floating-point ones, imm, upper
 * (the immediate's bits 31:12), target (pc-relative), zimm (rs1 as a number), csr, rm, pred, succ.
 */
export interface InsnRow {
  readonly name: string
  readonly encoding: string
  readonly operands: string
  readonly extension: Extension
  readonly insnClass: InsnClass
  readonly pattern: Pattern
  /** The pattern's immediate, if it has one. */
  readonly immediate: Field | undefined
  /** The instruction has a rounding mode. */
  readonly hasRounding: boolean
  /** The instruction ends its translation block. */
  readonly endsBlock: boolean
  /** The instruction is a special case of this one and wins over it. */
  readonly specialises?: string
}

const endingClasses: ReadonlySet<InsnClass> = new Set(["branch", "jump", "csr", "system"])
const endingInsns: ReadonlySet<string> = new Set(["fence.i", "pause"])

/** Rows of one extension and class, as tuples: name, encoding, operands and, for a special case, which row it specialises. */
export const defineRows = (
  extension: Extension,
  insnClass: InsnClass,
  rows: ReadonlyArray<readonly [name: string, encoding: string, operands: string, more?: { readonly specialises: string }]>
): ReadonlyArray<InsnRow> =>
  rows.map(([name, encoding, operands, more]) => {
    const pattern = parsePattern(encoding, 32)
    return {
      name,
      encoding,
      operands,
      extension,
      insnClass,
      pattern,
      immediate: pattern.fields.get("imm"),
      hasRounding: pattern.fields.has("rm"),
      endsBlock: endingClasses.has(insnClass) || endingInsns.has(name),
      ...more
    }
  })
