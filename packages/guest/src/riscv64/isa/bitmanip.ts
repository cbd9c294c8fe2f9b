/** Zba, Zbb, Zbs and Zicond: unprivileged ISA manual, chapters 28 and 12.3. */
import { defineRows } from "./Row.ts"

export const bitmanipRows = [
  ...defineRows("Zba", "arithmetic", [
    ["add.uw", "0000100 rs2 rs1 000 rd 0111011", "rd,rs1,rs2"],
    ["sh1add", "0010000 rs2 rs1 010 rd 0110011", "rd,rs1,rs2"],
    ["sh2add", "0010000 rs2 rs1 100 rd 0110011", "rd,rs1,rs2"],
    ["sh3add", "0010000 rs2 rs1 110 rd 0110011", "rd,rs1,rs2"],
    ["sh1add.uw", "0010000 rs2 rs1 010 rd 0111011", "rd,rs1,rs2"],
    ["sh2add.uw", "0010000 rs2 rs1 100 rd 0111011", "rd,rs1,rs2"],
    ["sh3add.uw", "0010000 rs2 rs1 110 rd 0111011", "rd,rs1,rs2"],
    ["slli.uw", "000010 u[5:0] rs1 001 rd 0011011", "rd,rs1,imm"]
  ]),
  ...defineRows("Zbb", "arithmetic", [
    ["andn", "0100000 rs2 rs1 111 rd 0110011", "rd,rs1,rs2"],
    ["orn", "0100000 rs2 rs1 110 rd 0110011", "rd,rs1,rs2"],
    ["xnor", "0100000 rs2 rs1 100 rd 0110011", "rd,rs1,rs2"],
    ["clz", "011000000000 rs1 001 rd 0010011", "rd,rs1"],
    ["ctz", "011000000001 rs1 001 rd 0010011", "rd,rs1"],
    ["cpop", "011000000010 rs1 001 rd 0010011", "rd,rs1"],
    ["clzw", "011000000000 rs1 001 rd 0011011", "rd,rs1"],
    ["ctzw", "011000000001 rs1 001 rd 0011011", "rd,rs1"],
    ["cpopw", "011000000010 rs1 001 rd 0011011", "rd,rs1"],
    ["max", "0000101 rs2 rs1 110 rd 0110011", "rd,rs1,rs2"],
    ["maxu", "0000101 rs2 rs1 111 rd 0110011", "rd,rs1,rs2"],
    ["min", "0000101 rs2 rs1 100 rd 0110011", "rd,rs1,rs2"],
    ["minu", "0000101 rs2 rs1 101 rd 0110011", "rd,rs1,rs2"],
    ["sext.b", "011000000100 rs1 001 rd 0010011", "rd,rs1"],
    ["sext.h", "011000000101 rs1 001 rd 0010011", "rd,rs1"],
    ["zext.h", "000010000000 rs1 100 rd 0111011", "rd,rs1"],
    ["rol", "0110000 rs2 rs1 001 rd 0110011", "rd,rs1,rs2"],
    ["ror", "0110000 rs2 rs1 101 rd 0110011", "rd,rs1,rs2"],
    ["rolw", "0110000 rs2 rs1 001 rd 0111011", "rd,rs1,rs2"],
    ["rorw", "0110000 rs2 rs1 101 rd 0111011", "rd,rs1,rs2"],
    ["rori", "011000 u[5:0] rs1 101 rd 0010011", "rd,rs1,imm"],
    ["roriw", "0110000 u[4:0] rs1 101 rd 0011011", "rd,rs1,imm"],
    ["orc.b", "001010000111 rs1 101 rd 0010011", "rd,rs1"],
    ["rev8", "011010111000 rs1 101 rd 0010011", "rd,rs1"]
  ]),
  ...defineRows("Zbs", "arithmetic", [
    ["bclr", "0100100 rs2 rs1 001 rd 0110011", "rd,rs1,rs2"],
    ["bext", "0100100 rs2 rs1 101 rd 0110011", "rd,rs1,rs2"],
    ["binv", "0110100 rs2 rs1 001 rd 0110011", "rd,rs1,rs2"],
    ["bset", "0010100 rs2 rs1 001 rd 0110011", "rd,rs1,rs2"],
    ["bclri", "010010 u[5:0] rs1 001 rd 0010011", "rd,rs1,imm"],
    ["bexti", "010010 u[5:0] rs1 101 rd 0010011", "rd,rs1,imm"],
    ["binvi", "011010 u[5:0] rs1 001 rd 0010011", "rd,rs1,imm"],
    ["bseti", "001010 u[5:0] rs1 001 rd 0010011", "rd,rs1,imm"]
  ]),
  ...defineRows("Zicond", "arithmetic", [
    ["czero.eqz", "0000111 rs2 rs1 101 rd 0110011", "rd,rs1,rs2"],
    ["czero.nez", "0000111 rs2 rs1 111 rd 0110011", "rd,rs1,rs2"]
  ])
]
