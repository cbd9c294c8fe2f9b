/** I and M: unprivileged ISA manual, chapters 2, 4 and 12. */
import { defineRows } from "./Row.ts"

const arithmetic = defineRows("I", "arithmetic", [
  ["lui", "i[31:12] rd 0110111", "rd,upper"],
  ["auipc", "i[31:12] rd 0010111", "rd,upper"],
  ["addi", "i[11:0] rs1 000 rd 0010011", "rd,rs1,imm"],
  ["slti", "i[11:0] rs1 010 rd 0010011", "rd,rs1,imm"],
  ["sltiu", "i[11:0] rs1 011 rd 0010011", "rd,rs1,imm"],
  ["xori", "i[11:0] rs1 100 rd 0010011", "rd,rs1,imm"],
  ["ori", "i[11:0] rs1 110 rd 0010011", "rd,rs1,imm"],
  ["andi", "i[11:0] rs1 111 rd 0010011", "rd,rs1,imm"],
  ["slli", "000000 u[5:0] rs1 001 rd 0010011", "rd,rs1,imm"],
  ["srli", "000000 u[5:0] rs1 101 rd 0010011", "rd,rs1,imm"],
  ["srai", "010000 u[5:0] rs1 101 rd 0010011", "rd,rs1,imm"],
  ["add", "0000000 rs2 rs1 000 rd 0110011", "rd,rs1,rs2"],
  ["sub", "0100000 rs2 rs1 000 rd 0110011", "rd,rs1,rs2"],
  ["sll", "0000000 rs2 rs1 001 rd 0110011", "rd,rs1,rs2"],
  ["slt", "0000000 rs2 rs1 010 rd 0110011", "rd,rs1,rs2"],
  ["sltu", "0000000 rs2 rs1 011 rd 0110011", "rd,rs1,rs2"],
  ["xor", "0000000 rs2 rs1 100 rd 0110011", "rd,rs1,rs2"],
  ["srl", "0000000 rs2 rs1 101 rd 0110011", "rd,rs1,rs2"],
  ["sra", "0100000 rs2 rs1 101 rd 0110011", "rd,rs1,rs2"],
  ["or", "0000000 rs2 rs1 110 rd 0110011", "rd,rs1,rs2"],
  ["and", "0000000 rs2 rs1 111 rd 0110011", "rd,rs1,rs2"],
  ["addiw", "i[11:0] rs1 000 rd 0011011", "rd,rs1,imm"],
  ["slliw", "0000000 u[4:0] rs1 001 rd 0011011", "rd,rs1,imm"],
  ["srliw", "0000000 u[4:0] rs1 101 rd 0011011", "rd,rs1,imm"],
  ["sraiw", "0100000 u[4:0] rs1 101 rd 0011011", "rd,rs1,imm"],
  ["addw", "0000000 rs2 rs1 000 rd 0111011", "rd,rs1,rs2"],
  ["subw", "0100000 rs2 rs1 000 rd 0111011", "rd,rs1,rs2"],
  ["sllw", "0000000 rs2 rs1 001 rd 0111011", "rd,rs1,rs2"],
  ["srlw", "0000000 rs2 rs1 101 rd 0111011", "rd,rs1,rs2"],
  ["sraw", "0100000 rs2 rs1 101 rd 0111011", "rd,rs1,rs2"]
])

const control = [
  ...defineRows("I", "jump", [
    ["jal", "i[20|10:1|11|19:12] rd 1101111", "rd,target"],
    ["jalr", "i[11:0] rs1 000 rd 1100111", "rd,rs1,imm"]
  ]),
  ...defineRows("I", "branch", [
    ["beq", "i[12|10:5] rs2 rs1 000 i[4:1|11] 1100011", "rs1,rs2,target"],
    ["bne", "i[12|10:5] rs2 rs1 001 i[4:1|11] 1100011", "rs1,rs2,target"],
    ["blt", "i[12|10:5] rs2 rs1 100 i[4:1|11] 1100011", "rs1,rs2,target"],
    ["bge", "i[12|10:5] rs2 rs1 101 i[4:1|11] 1100011", "rs1,rs2,target"],
    ["bltu", "i[12|10:5] rs2 rs1 110 i[4:1|11] 1100011", "rs1,rs2,target"],
    ["bgeu", "i[12|10:5] rs2 rs1 111 i[4:1|11] 1100011", "rs1,rs2,target"]
  ])
]

const memory = [
  ...defineRows("I", "load", [
    ["lb", "i[11:0] rs1 000 rd 0000011", "rd,imm(rs1)"],
    ["lh", "i[11:0] rs1 001 rd 0000011", "rd,imm(rs1)"],
    ["lw", "i[11:0] rs1 010 rd 0000011", "rd,imm(rs1)"],
    ["ld", "i[11:0] rs1 011 rd 0000011", "rd,imm(rs1)"],
    ["lbu", "i[11:0] rs1 100 rd 0000011", "rd,imm(rs1)"],
    ["lhu", "i[11:0] rs1 101 rd 0000011", "rd,imm(rs1)"],
    ["lwu", "i[11:0] rs1 110 rd 0000011", "rd,imm(rs1)"]
  ]),
  ...defineRows("I", "store", [
    ["sb", "i[11:5] rs2 rs1 000 i[4:0] 0100011", "rs2,imm(rs1)"],
    ["sh", "i[11:5] rs2 rs1 001 i[4:0] 0100011", "rs2,imm(rs1)"],
    ["sw", "i[11:5] rs2 rs1 010 i[4:0] 0100011", "rs2,imm(rs1)"],
    ["sd", "i[11:5] rs2 rs1 011 i[4:0] 0100011", "rs2,imm(rs1)"]
  ])
]

const multiply = defineRows("M", "multiply", [
  ["mul", "0000001 rs2 rs1 000 rd 0110011", "rd,rs1,rs2"],
  ["mulh", "0000001 rs2 rs1 001 rd 0110011", "rd,rs1,rs2"],
  ["mulhsu", "0000001 rs2 rs1 010 rd 0110011", "rd,rs1,rs2"],
  ["mulhu", "0000001 rs2 rs1 011 rd 0110011", "rd,rs1,rs2"],
  ["div", "0000001 rs2 rs1 100 rd 0110011", "rd,rs1,rs2"],
  ["divu", "0000001 rs2 rs1 101 rd 0110011", "rd,rs1,rs2"],
  ["rem", "0000001 rs2 rs1 110 rd 0110011", "rd,rs1,rs2"],
  ["remu", "0000001 rs2 rs1 111 rd 0110011", "rd,rs1,rs2"],
  ["mulw", "0000001 rs2 rs1 000 rd 0111011", "rd,rs1,rs2"],
  ["divw", "0000001 rs2 rs1 100 rd 0111011", "rd,rs1,rs2"],
  ["divuw", "0000001 rs2 rs1 101 rd 0111011", "rd,rs1,rs2"],
  ["remw", "0000001 rs2 rs1 110 rd 0111011", "rd,rs1,rs2"],
  ["remuw", "0000001 rs2 rs1 111 rd 0111011", "rd,rs1,rs2"]
])

export const integerRows = [...arithmetic, ...control, ...memory, ...multiply]
