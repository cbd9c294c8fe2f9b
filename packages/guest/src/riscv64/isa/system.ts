/** Fences, environment calls, CSR accesses and the privileged instructions that a disassembly may show. */
import { defineRows } from "./Row.ts"

export const systemRows = [
  ...defineRows("I", "fence", [["fence", "fm pred succ rs1 000 rd 0001111", "pred,succ"]]),
  ...defineRows("Zihintpause", "fence", [
    ["pause", "0000 0001 0000 00000 000 00000 0001111", "pred,succ", { specialises: "fence" }]
  ]),
  ...defineRows("Zifencei", "fence", [["fence.i", "i[11:0] rs1 001 rd 0001111", ""]]),
  ...defineRows("I", "system", [
    ["ecall", "000000000000 00000 000 00000 1110011", ""],
    ["ebreak", "000000000001 00000 000 00000 1110011", ""]
  ]),
  ...defineRows("Zicsr", "csr", [
    ["csrrw", "u[11:0] rs1 001 rd 1110011", "rd,csr,rs1"],
    ["csrrs", "u[11:0] rs1 010 rd 1110011", "rd,csr,rs1"],
    ["csrrc", "u[11:0] rs1 011 rd 1110011", "rd,csr,rs1"],
    ["csrrwi", "u[11:0] rs1 101 rd 1110011", "rd,csr,zimm"],
    ["csrrsi", "u[11:0] rs1 110 rd 1110011", "rd,csr,zimm"],
    ["csrrci", "u[11:0] rs1 111 rd 1110011", "rd,csr,zimm"]
  ]),
  ...defineRows("Privileged", "system", [
    ["sret", "000100000010 00000 000 00000 1110011", ""],
    ["mret", "001100000010 00000 000 00000 1110011", ""],
    ["wfi", "000100000101 00000 000 00000 1110011", ""],
    ["sfence.vma", "0001001 rs2 rs1 000 00000 1110011", "rs1,rs2"]
  ])
]
