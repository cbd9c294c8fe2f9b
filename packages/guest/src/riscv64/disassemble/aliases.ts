/** Aliases that QEMU's disassembler prefers to the base instruction, in the order in which they are tried. */
import type { Insn } from "../isa/decode.ts"
import { Csr } from "../names.ts"

/** An alias: when it applies, its name and its operands (a template like those of the table). */
export interface Alias {
  readonly name: string
  readonly operands: string
  readonly applies: (insn: Insn) => boolean
}

const alias = (name: string, operands: string, applies: (insn: Insn) => boolean): Alias => ({ name, operands, applies })
const always = () => true
const rs1IsZero = (insn: Insn) => insn.rs1 === 0
const rs2IsZero = (insn: Insn) => insn.rs2 === 0
const sameSources = (insn: Insn) => insn.rs1 === insn.rs2
const readsCsr = (csr: number) => (insn: Insn) => insn.imm === csr && insn.rs1 === 0
const accessesCsr = (csr: number) => (insn: Insn) => insn.imm === csr

/** Aliases by the name of the instruction they stand for. */
export const aliases: ReadonlyMap<string, ReadonlyArray<Alias>> = new Map([
  [
    "addi",
    [
      alias("nop", "", (insn) => insn.rd === 0 && insn.rs1 === 0 && insn.imm === 0),
      alias("mv", "rd,rs1", (insn) => insn.imm === 0)
    ]
  ],
  ["addiw", [alias("sext.w", "rd,rs1", (insn) => insn.imm === 0)]],
  ["xori", [alias("not", "rd,rs1", (insn) => insn.imm === -1)]],
  ["sltiu", [alias("seqz", "rd,rs1", (insn) => insn.imm === 1)]],
  ["sub", [alias("neg", "rd,rs2", rs1IsZero)]],
  ["subw", [alias("negw", "rd,rs2", rs1IsZero)]],
  ["sltu", [alias("snez", "rd,rs2", rs1IsZero)]],
  ["slt", [alias("sltz", "rd,rs1", rs2IsZero), alias("sgtz", "rd,rs2", rs1IsZero)]],
  ["beq", [alias("beqz", "rs1,target", rs2IsZero)]],
  ["bne", [alias("bnez", "rs1,target", rs2IsZero)]],
  // QEMU prints every comparison that is left over with its operands the other way round.
  [
    "bge",
    [alias("blez", "rs2,target", rs1IsZero), alias("bgez", "rs1,target", rs2IsZero), alias("ble", "rs2,rs1,target", always)]
  ],
  [
    "blt",
    [alias("bltz", "rs1,target", rs2IsZero), alias("bgtz", "rs2,target", rs1IsZero), alias("bgt", "rs2,rs1,target", always)]
  ],
  ["bgeu", [alias("bleu", "rs2,rs1,target", always)]],
  ["bltu", [alias("bgtu", "rs2,rs1,target", always)]],
  ["jal", [alias("j", "target", (insn) => insn.rd === 0)]],
  [
    "jalr",
    [
      alias("ret", "", (insn) => insn.rd === 0 && insn.rs1 === 1 && insn.imm === 0),
      alias("jr", "rs1", (insn) => insn.rd === 0 && insn.imm === 0)
    ]
  ],
  ["pause", [alias("fence", "pred,succ", always)]],
  ["fsgnj.s", [alias("fmv.s", "fd,fs1", sameSources)]],
  ["fsgnjn.s", [alias("fneg.s", "fd,fs1", sameSources)]],
  ["fsgnjx.s", [alias("fabs.s", "fd,fs1", sameSources)]],
  ["fsgnj.d", [alias("fmv.d", "fd,fs1", sameSources)]],
  ["fsgnjn.d", [alias("fneg.d", "fd,fs1", sameSources)]],
  ["fsgnjx.d", [alias("fabs.d", "fd,fs1", sameSources)]],
  [
    "csrrw",
    [
      alias("fscsr", "rd,rs1", accessesCsr(Csr.fcsr)),
      alias("fsrm", "rd,rs1", accessesCsr(Csr.frm)),
      alias("fsflags", "rd,rs1", accessesCsr(Csr.fflags))
    ]
  ],
  [
    "csrrs",
    [
      alias("frcsr", "rd", readsCsr(Csr.fcsr)),
      alias("frrm", "rd", readsCsr(Csr.frm)),
      alias("frflags", "rd", readsCsr(Csr.fflags)),
      alias("rdcycle", "rd", readsCsr(Csr.cycle)),
      alias("rdtime", "rd", readsCsr(Csr.time)),
      alias("rdinstret", "rd", readsCsr(Csr.instret)),
      alias("rdcycleh", "rd", readsCsr(0xc80)),
      alias("rdtimeh", "rd", readsCsr(0xc81)),
      alias("rdinstreth", "rd", readsCsr(0xc82))
    ]
  ],
  ["csrrwi", [alias("fsrmi", "rd,zimm", accessesCsr(Csr.frm)), alias("fsflagsi", "rd,zimm", accessesCsr(Csr.fflags))]]
])
