/**
 * Classes of RISC-V instructions, by their encoding (unprivileged ISA manual, chapter "RV32/64G Instruction Set Listings"), for
 * statistics.
 */

/** Keys of the classes, as options name them, with what tables print (at most 24 letters). */
export const riscvClasses = {
  alu: "Integer arithmetic",
  mul: "Multiply and divide",
  bit: "Bit manipulation",
  load: "Loads",
  store: "Stores",
  branch: "Conditional branches",
  jump: "Jumps",
  call: "Calls",
  ret: "Returns",
  fp: "FP arithmetic",
  fcvt: "FP conversions and moves",
  fload: "FP loads",
  fstore: "FP stores",
  vec: "Vector",
  amo: "Atomics",
  fence: "Fences",
  csr: "CSR accesses",
  sys: "Environment calls"
} as const

export type RiscvClass = keyof typeof riscvClasses

/** A class (undefined: none) and the encodings in it: a letter per bit, highest first, where `-` stands for any bit. */
type Row = readonly [insnClass: RiscvClass | undefined, encoding: string]

/** The first row that matches counts. */
const rows: ReadonlyArray<Row> = [
  ["alu", "------- ----- ----- --- ----- 0-10111"],
  ["alu", "000000- ----- ----- -01 ----- 001-011"],
  ["alu", "010000- ----- ----- 101 ----- 001-011"],
  ["bit", "------- ----- ----- -01 ----- 001-011"],
  ["alu", "------- ----- ----- --- ----- 001-011"],
  ["bit", "0100000 ----- ----- 1-0 ----- 0110011"],
  ["bit", "0100000 ----- ----- 111 ----- 0110011"],
  ["alu", "0-00000 ----- ----- --- ----- 011-011"],
  ["alu", "0000111 ----- ----- 1-1 ----- 0110011"],
  ["mul", "0000001 ----- ----- --- ----- 011-011"],
  ["bit", "------- ----- ----- --- ----- 011-011"],
  ["load", "------- ----- ----- --- ----- 0000011"],
  ["store", "------- ----- ----- --- ----- 0100011"],
  ["branch", "------- ----- ----- --- ----- 1100011"],
  ["call", "------- ----- ----- --- 00-01 1101111"],
  ["jump", "------- ----- ----- --- ----- 1101111"],
  ["ret", "------- ----- 00-01 --- 00000 1100111"],
  ["call", "------- ----- ----- --- 00-01 1100111"],
  ["jump", "------- ----- ----- --- ----- 1100111"],
  ["fload", "------- ----- ----- 01- ----- 0000111"],
  ["fload", "------- ----- ----- 001 ----- 0000111"],
  ["fload", "------- ----- ----- 100 ----- 0000111"],
  ["fstore", "------- ----- ----- 01- ----- 0100111"],
  ["fstore", "------- ----- ----- 001 ----- 0100111"],
  ["fstore", "------- ----- ----- 100 ----- 0100111"],
  ["vec", "------- ----- ----- --- ----- 0-00111"],
  ["vec", "------- ----- ----- --- ----- 1010111"],
  ["fp", "------- ----- ----- --- ----- 100--11"],
  ["fcvt", "01000-- ----- ----- --- ----- 1010011"],
  ["fcvt", "110-0-- ----- ----- --- ----- 1010011"],
  ["fcvt", "111-0-- ----- ----- 000 ----- 1010011"],
  ["fp", "------- ----- ----- --- ----- 1010011"],
  ["amo", "------- ----- ----- --- ----- 0101111"],
  ["fence", "------- ----- ----- --- ----- 0001111"],
  ["sys", "------- ----- ----- 000 ----- 1110011"],
  ["csr", "------- ----- ----- --- ----- 1110011"]
]

/** The same for those of 16 bits. */
const compressedRows: ReadonlyArray<Row> = [
  [undefined, "000 000 000 00 000 00"],
  ["alu", "000 --- --- -- --- 00"],
  ["fload", "001 --- --- -- --- 00"],
  ["load", "01- --- --- -- --- 00"],
  ["fstore", "101 --- --- -- --- 00"],
  ["store", "11- --- --- -- --- 00"],
  ["jump", "101 --- --- -- --- 01"],
  ["branch", "11- --- --- -- --- 01"],
  ["alu", "--- --- --- -- --- 01"],
  ["alu", "000 --- --- -- --- 10"],
  ["fload", "001 --- --- -- --- 10"],
  ["load", "01- --- --- -- --- 10"],
  ["ret", "100 0 00-01 00000 10"],
  ["jump", "100 0 ----- 00000 10"],
  ["sys", "100 1 00000 00000 10"],
  ["call", "100 1 ----- 00000 10"],
  ["alu", "100 - ----- ----- 10"],
  ["fstore", "101 --- --- -- --- 10"],
  ["store", "11- --- --- -- --- 10"]
]

const compile = (list: ReadonlyArray<Row>) =>
  list.map(([insnClass, encoding]) => {
    const bits = encoding.replaceAll(" ", "")
    return {
      insnClass,
      mask: Number.parseInt(bits.replaceAll("0", "1").replaceAll("-", "0"), 2) | 0,
      value: Number.parseInt(bits.replaceAll("-", "0"), 2) | 0
    }
  })

const compiled = compile(rows)
const compiledCompressed = compile(compressedRows)

/**
 * The class of an instruction, or undefined for what belongs to none.
 *
 * @param opcode the instruction as a little-endian number
 * @param size its bytes, 2 or 4
 */
export const riscvClassOf = (opcode: number, size: number): RiscvClass | undefined =>
  (size === 2 ? compiledCompressed : compiled).find(({ mask, value }) => (opcode & mask) === value)?.insnClass

const endings: ReadonlySet<RiscvClass | undefined> = new Set<RiscvClass | undefined>([
  "branch",
  "jump",
  "call",
  "ret",
  "csr",
  "sys",
  undefined
])

/** Whether a translation block always ends after an instruction: after jumps, system instructions, and what is no instruction. */
export const riscvEndsBlock = ({ opcode, size }: { readonly opcode: number; readonly size: number }): boolean =>
  endings.has(riscvClassOf(opcode, size))
