/** C: unprivileged ISA manual, chapter 27. Each row expands to an instruction of the main table. */
import { type Pattern, parsePattern } from "./pattern.ts"

/** One compressed instruction and what it stands for. */
export interface CompressedRow {
  readonly name: string
  readonly encoding: string
  readonly pattern: Pattern
  /** Name of the instruction it expands to. Fields of the same name are copied. */
  readonly base: string
  /** Further fields of the base instruction: a constant, or the name of a field here. */
  readonly set: Readonly<Record<string, number | string>>
  /** Fields that must not be zero; with a zero the encoding is reserved. */
  readonly nonzero: ReadonlyArray<string>
  /** A hint whose text is "illegal": the immediate is zero, which is a hint for the ISA and unknown to QEMU's disassembler. */
  readonly isTextNonzero: boolean
}

interface Options {
  readonly set?: Readonly<Record<string, number | string>>
  readonly nonzero?: ReadonlyArray<string>
  readonly isTextNonzero?: boolean
}

const row = (name: string, encoding: string, base: string, options: Options = {}): CompressedRow => ({
  name,
  encoding,
  pattern: parsePattern(encoding, 16),
  base,
  set: options.set ?? {},
  nonzero: options.nonzero ?? [],
  isTextNonzero: options.isTextNonzero ?? false
})

const [zero, ra, sp] = [0, 1, 2]
const inPlace = { rs1: "rd" }

/** In order of preference: the first row that matches is meant. */
export const compressedRows: ReadonlyArray<CompressedRow> = [
  row("c.addi4spn", "000 u[5:4|9:6|2|3] rd' 00", "addi", { set: { rs1: sp }, nonzero: ["imm"] }),
  row("c.fld", "001 u[5:3] rs1' u[7:6] rd' 00", "fld"),
  row("c.lw", "010 u[5:3] rs1' u[2|6] rd' 00", "lw"),
  row("c.ld", "011 u[5:3] rs1' u[7:6] rd' 00", "ld"),
  row("c.fsd", "101 u[5:3] rs1' u[7:6] rs2' 00", "fsd"),
  row("c.sw", "110 u[5:3] rs1' u[2|6] rs2' 00", "sw"),
  row("c.sd", "111 u[5:3] rs1' u[7:6] rs2' 00", "sd"),

  row("c.nop", "000 i[5] 00000 i[4:0] 01", "addi", { set: { rd: zero, rs1: zero } }),
  row("c.addi", "000 i[5] rd i[4:0] 01", "addi", { set: inPlace, isTextNonzero: true }),
  row("c.addiw", "001 i[5] rd i[4:0] 01", "addiw", { set: inPlace, nonzero: ["rd"] }),
  row("c.li", "010 i[5] rd i[4:0] 01", "addi", { set: { rs1: zero } }),
  row("c.addi16sp", "011 i[9] 00010 i[4|6|8:7|5] 01", "addi", { set: { rd: sp, rs1: sp }, nonzero: ["imm"] }),
  row("c.lui", "011 i[17] rd i[16:12] 01", "lui", { nonzero: ["imm"] }),
  row("c.srli", "100 u[5] 00 rd' u[4:0] 01", "srli", { set: inPlace, isTextNonzero: true }),
  row("c.srai", "100 u[5] 01 rd' u[4:0] 01", "srai", { set: inPlace, isTextNonzero: true }),
  row("c.andi", "100 i[5] 10 rd' i[4:0] 01", "andi", { set: inPlace }),
  row("c.sub", "100 0 11 rd' 00 rs2' 01", "sub", { set: inPlace }),
  row("c.xor", "100 0 11 rd' 01 rs2' 01", "xor", { set: inPlace }),
  row("c.or", "100 0 11 rd' 10 rs2' 01", "or", { set: inPlace }),
  row("c.and", "100 0 11 rd' 11 rs2' 01", "and", { set: inPlace }),
  row("c.subw", "100 1 11 rd' 00 rs2' 01", "subw", { set: inPlace }),
  row("c.addw", "100 1 11 rd' 01 rs2' 01", "addw", { set: inPlace }),
  row("c.j", "101 i[11|4|9:8|10|6|7|3:1|5] 01", "jal", { set: { rd: zero } }),
  row("c.beqz", "110 i[8|4:3] rs1' i[7:6|2:1|5] 01", "beq", { set: { rs2: zero } }),
  row("c.bnez", "111 i[8|4:3] rs1' i[7:6|2:1|5] 01", "bne", { set: { rs2: zero } }),

  row("c.slli", "000 u[5] rd u[4:0] 10", "slli", { set: inPlace, isTextNonzero: true }),
  row("c.fldsp", "001 u[5] rd u[4:3|8:6] 10", "fld", { set: { rs1: sp } }),
  row("c.lwsp", "010 u[5] rd u[4:2|7:6] 10", "lw", { set: { rs1: sp }, nonzero: ["rd"] }),
  row("c.ldsp", "011 u[5] rd u[4:3|8:6] 10", "ld", { set: { rs1: sp }, nonzero: ["rd"] }),
  row("c.jr", "100 0 rs1 00000 10", "jalr", { set: { rd: zero, imm: 0 }, nonzero: ["rs1"] }),
  row("c.mv", "100 0 rd rs2 10", "addi", { set: { rs1: "rs2", imm: 0 }, nonzero: ["rs2"] }),
  row("c.ebreak", "100 1 00000 00000 10", "ebreak"),
  row("c.jalr", "100 1 rs1 00000 10", "jalr", { set: { rd: ra, imm: 0 }, nonzero: ["rs1"] }),
  row("c.add", "100 1 rd rs2 10", "add", { set: inPlace, nonzero: ["rs2"] }),
  row("c.fsdsp", "101 u[5:3|8:6] rs2 10", "fsd", { set: { rs1: sp } }),
  row("c.swsp", "110 u[5:2|7:6] rs2 10", "sw", { set: { rs1: sp } }),
  row("c.sdsp", "111 u[5:3|8:6] rs2 10", "sd", { set: { rs1: sp } })
]
