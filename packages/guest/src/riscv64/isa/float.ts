/** F and D: unprivileged ISA manual, chapters 20 and 21. Names of moves are QEMU's (fmv.x.s for fmv.x.w). */
import { defineRows, type InsnRow } from "./Row.ts"

const integerWidths = [
  ["w", "00000"],
  ["wu", "00001"],
  ["l", "00010"],
  ["lu", "00011"]
] as const

/** The rows that F and D have in common, for the format suffix `s` or `d` with its two format bits. */
const formatRows = (extension: "F" | "D", s: string, fmt: string): ReadonlyArray<InsnRow> =>
  defineRows(extension, "float", [
    [`fmadd.${s}`, `rs3 ${fmt} rs2 rs1 rm rd 1000011`, "rm,fd,fs1,fs2,fs3"],
    [`fmsub.${s}`, `rs3 ${fmt} rs2 rs1 rm rd 1000111`, "rm,fd,fs1,fs2,fs3"],
    [`fnmsub.${s}`, `rs3 ${fmt} rs2 rs1 rm rd 1001011`, "rm,fd,fs1,fs2,fs3"],
    [`fnmadd.${s}`, `rs3 ${fmt} rs2 rs1 rm rd 1001111`, "rm,fd,fs1,fs2,fs3"],
    [`fadd.${s}`, `00000${fmt} rs2 rs1 rm rd 1010011`, "rm,fd,fs1,fs2"],
    [`fsub.${s}`, `00001${fmt} rs2 rs1 rm rd 1010011`, "rm,fd,fs1,fs2"],
    [`fmul.${s}`, `00010${fmt} rs2 rs1 rm rd 1010011`, "rm,fd,fs1,fs2"],
    [`fdiv.${s}`, `00011${fmt} rs2 rs1 rm rd 1010011`, "rm,fd,fs1,fs2"],
    [`fsqrt.${s}`, `01011${fmt} 00000 rs1 rm rd 1010011`, "rm,fd,fs1"],
    [`fsgnj.${s}`, `00100${fmt} rs2 rs1 000 rd 1010011`, "fd,fs1,fs2"],
    [`fsgnjn.${s}`, `00100${fmt} rs2 rs1 001 rd 1010011`, "fd,fs1,fs2"],
    [`fsgnjx.${s}`, `00100${fmt} rs2 rs1 010 rd 1010011`, "fd,fs1,fs2"],
    [`fmin.${s}`, `00101${fmt} rs2 rs1 000 rd 1010011`, "fd,fs1,fs2"],
    [`fmax.${s}`, `00101${fmt} rs2 rs1 001 rd 1010011`, "fd,fs1,fs2"],
    [`fle.${s}`, `10100${fmt} rs2 rs1 000 rd 1010011`, "rd,fs1,fs2"],
    [`flt.${s}`, `10100${fmt} rs2 rs1 001 rd 1010011`, "rd,fs1,fs2"],
    [`feq.${s}`, `10100${fmt} rs2 rs1 010 rd 1010011`, "rd,fs1,fs2"],
    [`fclass.${s}`, `11100${fmt} 00000 rs1 001 rd 1010011`, "rd,fs1"],
    ...integerWidths.flatMap(
      ([width, code]) =>
        [
          [`fcvt.${width}.${s}`, `11000${fmt} ${code} rs1 rm rd 1010011`, "rm,rd,fs1"],
          [`fcvt.${s}.${width}`, `11010${fmt} ${code} rs1 rm rd 1010011`, "rm,fd,rs1"]
        ] as const
    )
  ])

export const floatRows: ReadonlyArray<InsnRow> = [
  ...defineRows("F", "load", [["flw", "i[11:0] rs1 010 rd 0000111", "fd,imm(rs1)"]]),
  ...defineRows("F", "store", [["fsw", "i[11:5] rs2 rs1 010 i[4:0] 0100111", "fs2,imm(rs1)"]]),
  ...formatRows("F", "s", "00"),
  ...defineRows("F", "float", [
    ["fmv.x.s", "1110000 00000 rs1 000 rd 1010011", "rd,fs1"],
    ["fmv.s.x", "1111000 00000 rs1 000 rd 1010011", "fd,rs1"]
  ]),
  ...defineRows("D", "load", [["fld", "i[11:0] rs1 011 rd 0000111", "fd,imm(rs1)"]]),
  ...defineRows("D", "store", [["fsd", "i[11:5] rs2 rs1 011 i[4:0] 0100111", "fs2,imm(rs1)"]]),
  ...formatRows("D", "d", "01"),
  ...defineRows("D", "float", [
    ["fcvt.s.d", "0100000 00001 rs1 rm rd 1010011", "rm,fd,fs1"],
    ["fcvt.d.s", "0100001 00000 rs1 rm rd 1010011", "rm,fd,fs1"],
    ["fmv.x.d", "1110001 00000 rs1 000 rd 1010011", "rd,fs1"],
    ["fmv.d.x", "1111001 00000 rs1 000 rd 1010011", "fd,rs1"]
  ])
]
