/** The support table of docs/support-riscv64.md: every instruction of the front end and how it is known to work. */
import { compressedRows } from "@emu/guest/riscv64/isa/compressed"
import { decode, findCompressedRow } from "@emu/guest/riscv64/isa/decode"
import { extensions, type InsnRow } from "@emu/guest/riscv64/isa/Row"
import { insnTable } from "@emu/guest/riscv64/isa/table"
import { type RecordedInsn, recordedPrograms } from "./golden.ts"
import { branchModels, immediateModels, loadModels, registerModels, storeModels } from "./model.ts"

const modelled = new Set(
  [branchModels, immediateModels, loadModels, registerModels, storeModels].flatMap((models) => Object.keys(models))
)

/** The test under packages/guest/test/riscv64 that runs an instruction, and against what. */
const testOf = (row: InsnRow): string => {
  if (row.insnClass === "load" || row.insnClass === "store") return "memory: model"
  if (row.insnClass === "atomic") return /^(lr|sc)\./.test(row.name) ? "memory: cases" : "memory: model"
  if (row.insnClass === "float") return "float: host arithmetic"
  if (modelled.has(row.name)) return "integer: model"
  if (row.insnClass === "jump" || row.insnClass === "arithmetic") return "integer: cases"
  return "system: cases"
}

/** How many golden programs have an instruction, by its name; compressed instructions count under their own names. */
const countPrograms = (nameOf: (insn: RecordedInsn) => string | undefined): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const insns of recordedPrograms().values()) {
    for (const name of new Set(insns.map(nameOf))) {
      if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1)
    }
  }
  return counts
}

const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n")

/** A cell with code in it; bars would end the cell. */
const code = (text: string): string => `\`${text.replaceAll("|", "\\|")}\``

/** The text of docs/support-riscv64.md. */
export const renderSupport = (): string => {
  const programs = countPrograms((insn) => decode(insn.raw, insn.size)?.row.name)
  const compressed = countPrograms((insn) => (insn.size === 2 ? findCompressedRow(insn.raw)?.name : undefined))
  const golden = (counts: ReadonlyMap<string, number>, name: string): string => String(counts.get(name) ?? "-")
  const sections = extensions
    .filter((extension) => insnTable.some((row) => row.extension === extension))
    .map((extension) => {
      const rows = insnTable
        .filter((row) => row.extension === extension)
        .map((row) => [code(row.name), code(row.operands), code(row.encoding), testOf(row), golden(programs, row.name)])
      const note = extension === "Privileged" ? "Printed by the disassembler; illegal instructions in user mode.\n\n" : ""
      return `## ${extension}\n\n${note}${table(["instruction", "operands", "encoding", "test", "golden"], rows)}\n`
    })
  const compressedSection = table(
    ["instruction", "encoding", "stands for", "golden"],
    compressedRows.map((row) => [code(row.name), code(row.encoding), code(row.base), golden(compressed, row.name)])
  )
  return `# riscv64: instructions

Made by \`scripts/support-riscv64.ts\` from the instruction table (packages/guest/src/riscv64/isa). ${insnTable.length} instructions
and ${compressedRows.length} compressed ones.

- test: the file under packages/guest/test/riscv64 that runs it, and what its result is compared with: a model written from the
  ISA manual with unbounded integers, the host's floating-point arithmetic, or single cases. Rounding modes and flags of
  floating-point operations are tested in packages/tcg against recorded results.
- golden: how many of the golden programs (tests/golden/programs), recorded from QEMU, contain it. Their text, blocks and output are compared.

User-mode CSRs: fflags, frm, fcsr; read-only cycle and instret (both count executed instructions), time, and
vlenb, which is 0. Other CSRs are illegal.

${sections.join("\n")}
## C

${compressedSection}
`
}
