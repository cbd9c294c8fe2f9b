/** A: unprivileged ISA manual, chapter 13. */
import { defineRows, type InsnRow } from "./Row.ts"

const widths = [
  ["w", "010"],
  ["d", "011"]
] as const

const operations = [
  ["amoadd", "00000"],
  ["amoswap", "00001"],
  ["amoxor", "00100"],
  ["amoor", "01000"],
  ["amoand", "01100"],
  ["amomin", "10000"],
  ["amomax", "10100"],
  ["amominu", "11000"],
  ["amomaxu", "11100"]
] as const

export const atomicRows: ReadonlyArray<InsnRow> = widths.flatMap(([suffix, funct3]) => [
  ...defineRows("A", "atomic", [
    [`lr.${suffix}`, `00010 aq rl 00000 rs1 ${funct3} rd 0101111`, "rd,(rs1)"],
    [`sc.${suffix}`, `00011 aq rl rs2 rs1 ${funct3} rd 0101111`, "rd,rs2,(rs1)"]
  ]),
  ...defineRows(
    "A",
    "atomic",
    operations.map(
      ([name, funct5]) => [`${name}.${suffix}`, `${funct5} aq rl rs2 rs1 ${funct3} rd 0101111`, "rd,rs2,(rs1)"] as const
    )
  )
])
