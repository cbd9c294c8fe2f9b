/** Text of instructions, exactly as QEMU's disassembler writes it (`-d in_asm`, execlog). */
import { decode, findCompressedRow, type Insn } from "../isa/decode.ts"
import { extractField } from "../isa/pattern.ts"
import type { InsnRow } from "../isa/Row.ts"
import { floatNames, integerNames } from "../names.ts"
import { type Alias, aliases } from "./aliases.ts"
import { csrNames } from "./csrNames.ts"

/** Column of the operands, and of the comment that gives a target's address. */
const operandColumn = 24
const commentColumn = 48

const roundingModes = ["rne", "rtz", "rdn", "rup", "rmm", "inv", "inv", "dyn"] as const

/** A fence's set of accesses, four bits: i, o, r, w. */
const accessSet = (bits: number): string =>
  (bits & 8 ? "i" : "") + (bits & 4 ? "o" : "") + (bits & 2 ? "r" : "") + (bits & 1 ? "w" : "")

const csrName = (csr: number): string => csrNames.get(csr) ?? `0x${csr.toString(16).padStart(3, "0")}`

/** What each word of an operand template prints. */
const operandText: Readonly<Record<string, (insn: Insn) => string>> = {
  rd: (insn) => integerNames[insn.rd]!,
  rs1: (insn) => integerNames[insn.rs1]!,
  rs2: (insn) => integerNames[insn.rs2]!,
  fd: (insn) => floatNames[insn.rd]!,
  fs1: (insn) => floatNames[insn.rs1]!,
  fs2: (insn) => floatNames[insn.rs2]!,
  fs3: (insn) => floatNames[insn.rs3]!,
  imm: (insn) => String(insn.imm),
  upper: (insn) => String(insn.imm >> 12),
  target: (insn) => String(insn.imm),
  zimm: (insn) => String(insn.rs1),
  csr: (insn) => csrName(insn.imm),
  rm: (insn) => roundingModes[insn.rm]!,
  pred: (insn) => accessSet((insn.word >>> 24) & 15),
  succ: (insn) => accessSet((insn.word >>> 20) & 15)
}

const renderOperands = (template: string, insn: Insn): string =>
  template.replace(/[a-z]+[123]?/g, (word) => operandText[word]!(insn))

/** Suffix of an atomic instruction's ordering bits. */
const orderingSuffix = (row: InsnRow, word: number): string =>
  row.insnClass === "atomic" ? (word & (1 << 26) ? ".aq" : "") + (word & (1 << 25) ? ".rl" : "") : ""

const findAlias = (insn: Insn): Alias | undefined => aliases.get(insn.row.name)?.find((alias) => alias.applies(insn))

/** QEMU prints "illegal" for shifts and additions of zero that are compressed hints, though it executes them. */
const isUnprintedHint = (raw: number): boolean => {
  const row = findCompressedRow(raw)
  return row !== undefined && row.isTextNonzero && extractField(row.pattern.fields.get("imm")!, raw) === 0
}

/**
 * The text of one instruction: mnemonic padded to 24 columns, operands, and for pc-relative ones the address in a comment.
 *
 * @param raw the instruction's bytes, zero-extended
 * @param size its length, 2 or 4
 * @param pc its address
 */
export const disassemble = (raw: number, size: number, pc: bigint): string => {
  const insn = decode(raw, size)
  if (insn === undefined || (size === 2 && isUnprintedHint(raw))) return "illegal".padEnd(operandColumn)
  const alias = findAlias(insn)
  const name = (alias?.name ?? insn.row.name) + orderingSuffix(insn.row, insn.word)
  const template = alias?.operands ?? insn.row.operands
  const text = name.padEnd(operandColumn) + renderOperands(template, insn)
  if (!template.includes("target") && insn.row.name !== "auipc") return text
  return `${text.padEnd(commentColumn)}# 0x${BigInt.asUintN(64, pc + BigInt(insn.imm)).toString(16)}`
}
