/** Random single instructions, from the instruction tables: everything without control flow. */
import { type CompressedRow, compressedRows } from "@emu/guest/riscv64/isa/compressed"
import { findCompressedRow } from "@emu/guest/riscv64/isa/decode"
import { encode } from "@emu/guest/riscv64/isa/encode"
import type { Field } from "@emu/guest/riscv64/isa/pattern"
import type { InsnRow } from "@emu/guest/riscv64/isa/Row"
import { insnRow, insnTable } from "@emu/guest/riscv64/isa/table"
import type { Random } from "../Random.ts"
import { behindConstants, constantCount, constants, data, fixedConstants, usualConstants } from "./layout.ts"
import type { Word } from "./Program.ts"

/** Registers that any instruction may write. */
export const free = [5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29, 30, 31]
/** Registers that edge cases set: only they become wide by that where others are narrow. */
const wide = [30, 31]

const narrowFree = free.filter((register) => !wide.includes(register))
const compressedFree = [10, 11, 12, 13, 14, 15]
/** Pointers, those that stay inside the data more often. */
const bases = [3, 3, 3, 8, 8, 8, 9, 9, 4, 27]
const csrs = { fflags: 1, frm: 2, fcsr: 3, cycle: 0xc00, time: 0xc01, instret: 0xc02, vlenb: 0xc22 }

const plainClasses = new Set(["arithmetic", "multiply"])
const isPlain = (row: InsnRow) => plainClasses.has(row.insnClass)
const plainRows = insnTable.filter(isPlain)
const accessRows = insnTable.filter((row) => row.insnClass === "load" || row.insnClass === "store")
const floatRows = insnTable.filter((row) => row.insnClass === "float")
const atomicRows = insnTable.filter((row) => row.insnClass === "atomic")
/** Rows whose results are sign-extended from 32 bits, and those that the JIT's rules for such values know. */
const narrowRows = plainRows.filter(({ name }) => /w$|^andi$|^slt|^clz|^ctz|^cpop|^sext|^(and|or|xor)$/.test(name))
const narrowAccessRows = accessRows.filter(({ name }) => name !== "ld" && name !== "lwu")
const dividing = plainRows.filter(({ name }) => /^(mul|div|rem)/.test(name))
const edgeRows = plainRows.filter(({ name }) =>
  /^(and|or|xor|srl|sra|srli|srai|add|sub|mul|addw|min|max|sext\.b|zext\.h)$/.test(name)
)
const narrowAtomicRows = atomicRows.filter(({ name }) => name.endsWith(".w"))
const compressedPlain = compressedRows.filter((row) => isPlain(insnRow(row.base)) && row.name !== "c.addi16sp")
const compressedAccess = compressedRows.filter(
  (row) => insnRow(row.base).insnClass === "load" || insnRow(row.base).insnClass === "store"
)

const word = (raw: number): Word => ({ raw: raw >>> 0, size: 4 })

/** An instruction by name. */
export const insn = (name: string, operands: Record<string, number>): Word => word(encode(insnRow(name).pattern, operands))

const writesFloat = (row: InsnRow) => /\bfd\b/.test(row.operands)
const readsFloat = (row: InsnRow) => /\bfs1\b/.test(row.operands)

const destination = (random: Random, row: InsnRow) =>
  writesFloat(row) ? random.below(32) : random.oneIn(30) ? 0 : random.pick(free)

/** A register to read: those with a role too. */
const source = (random: Random) => (random.oneIn(4) ? random.below(32) : random.pick(free))

/** Near registers, so that values flow from one instruction to the next. */
const floatSource = (random: Random) => (random.oneIn(3) ? random.below(32) : random.below(8))

const immediate = (random: Random, field: Field): number => {
  const lowest = Math.min(...field.segments.map((segment) => segment.valueLow))
  const count = 2 ** (field.width - lowest)
  const raw = random.pick([0, 1, 2, count / 2 - 1, count / 2, count - 1, random.below(count), random.below(count)])
  const value = (raw % count) * 2 ** lowest
  return field.isSigned && value >= 2 ** (field.width - 1) ? value - 2 ** field.width : value
}

/** An offset that mostly keeps an access off a pointer inside the data. */
const displacement = (random: Random, base: number): number => {
  const scale = random.pick([8, 8, 8, 4, 2, 1])
  const near = scale * random.below(Math.floor(256 / scale))
  if (base === 4) return random.oneIn(8) ? near - 8 : random.oneIn(3) ? -random.between(1, 7) : -256 + near - random.below(8)
  if (base === 27) return near
  return random.oneIn(3) ? near - 128 : near
}

const roundings = [7, 7, 7, 7, 0, 0, 1, 2, 3, 4]

const fields = (random: Random, row: InsnRow): Record<string, number> => {
  const result: Record<string, number> = {}
  for (const field of row.pattern.fields.values()) {
    switch (field.name) {
      case "rd":
        result["rd"] = destination(random, row)
        break
      case "rs1":
        result["rs1"] = readsFloat(row) ? floatSource(random) : source(random)
        break
      case "rs2":
      case "rs3":
        result[field.name] = readsFloat(row) || /\bfs2\b/.test(row.operands) ? floatSource(random) : source(random)
        break
      case "rm":
        result["rm"] = random.oneIn(200) ? random.pick([5, 6]) : random.pick(roundings)
        break
      case "imm":
        result["imm"] = immediate(random, field)
        break
      default:
        result[field.name] = random.below(2 ** field.width)
    }
  }
  return result
}

/** An arithmetic instruction on any registers. */
export const plain = (random: Random): Word => {
  const row = random.pick(plainRows)
  return word(encode(row.pattern, fields(random, row)))
}

/** A plain instruction that keeps registers narrow that are. */
const narrow = (random: Random): Word => {
  const row = random.pick(narrowRows)
  const operands = fields(random, row)
  for (const name of ["rd", "rs1", "rs2"]) if (name in operands) operands[name] = random.pick(narrowFree)
  return word(encode(row.pattern, operands))
}

/** Makes registers narrow: regions that are entered with others keep none in 32 bits. */
export const narrowRegisters = (): Array<Word> =>
  narrowFree.map((register) => insn("addiw", { rd: register, rs1: register, imm: 0 }))

const access = (random: Random, rows: ReadonlyArray<InsnRow>): Word => {
  const row = random.pick(rows)
  const rs1 = random.oneIn(150) ? source(random) : random.pick(bases)
  // Stores through the pointer to constants always fault: not too often.
  const base = rs1 === 27 && row.insnClass === "store" && !random.oneIn(4) ? 3 : rs1
  const operands = { ...fields(random, row), rs1: base, imm: displacement(random, base) }
  return word(encode(row.pattern, operands))
}

/** An access at an address that is known when it is compiled: near where what may be read or written begins or ends, or in between. */
const accessAtConstant = (random: Random, rows: ReadonlyArray<InsnRow>): Array<Word> => {
  const row = random.pick(rows)
  const edge = random.pick([data.start, data.start + 0x2000, data.end, constants.start, constants.end, behindConstants.end])
  const base = random.pick(narrowFree)
  const imm = random.oneIn(3) ? random.between(-8, 8) : 8 * random.between(-8, 8)
  return [insn("lui", { rd: base, imm: edge }), word(encode(row.pattern, { ...fields(random, row), rs1: base, imm }))]
}

/** A floating-point operation, sometimes of operands that give a result that must be rounded. */
const float = (random: Random): Array<Word> => {
  const row = random.pick(floatRows)
  const operands = fields(random, row)
  const operation = word(encode(row.pattern, operands))
  if (!random.oneIn(3) || !readsFloat(row)) return [operation]
  const isDouble = row.name.endsWith(".d")
  const fresh = (rd: number) =>
    insn("fld", {
      rd,
      rs1: 27,
      imm: 8 * (usualConstants + 2 * random.below((constantCount - usualConstants) / 2) + (isDouble ? 0 : 1))
    })
  return [fresh(operands["rs1"]!), ...("rs2" in operands ? [fresh(operands["rs2"])] : []), operation]
}

const atomicBase = (random: Random) => (random.oneIn(40) ? random.pick([4, 27, 5]) : random.pick([3, 8, 9]))

const atomic = (random: Random, isNarrow: boolean): Array<Word> => {
  const row = random.pick(isNarrow ? narrowAtomicRows : atomicRows)
  const rs1 = atomicBase(random)
  const first = word(encode(row.pattern, { ...fields(random, row), rs1 }))
  if (!row.name.startsWith("lr.")) return [first]
  const between = Array.from({ length: random.below(3) }, () => plain(random))
  const sc = insnRow(random.oneIn(6) ? random.pick(["sc.w", "sc.d"]) : row.name.replace("lr", "sc"))
  return [first, ...between, word(encode(sc.pattern, { ...fields(random, sc), rs1 }))]
}

const csr = (random: Random): Word => {
  const kind = random.below(12)
  const rd = random.oneIn(3) ? 0 : random.pick(free)
  if (kind < 4) return insn("csrrwi", { rd, rs1: random.pick([0, 0, 1, 1, random.below(32)]), imm: csrs.fflags })
  if (kind < 7)
    return insn("csrrwi", {
      rd,
      rs1: random.oneIn(30) ? random.below(32) : random.pick([0, 0, 0, random.below(5)]),
      imm: csrs.frm
    })
  if (kind < 8) return insn("csrrs", { rd, rs1: 0, imm: random.pick([csrs.cycle, csrs.time, csrs.instret]) })
  const name = random.pick(["csrrw", "csrrs", "csrrc", "csrrsi", "csrrci", "csrrs"])
  const number = random.pick([csrs.fflags, csrs.fflags, csrs.fcsr, csrs.vlenb])
  const rs1 = number === csrs.fcsr || random.oneIn(2) ? 0 : random.pick(free)
  return insn(name, { rd, rs1, imm: number })
}

const compressed = (random: Random, rows: ReadonlyArray<CompressedRow>): Word => {
  for (;;) {
    const row = random.pick(rows)
    const base = insnRow(row.base)
    const isAccess = base.insnClass === "load" || base.insnClass === "store"
    const operands: Record<string, number> = {}
    for (const field of row.pattern.fields.values()) {
      const short = field.width === 3
      switch (field.name) {
        case "rd":
          operands["rd"] = writesFloat(base)
            ? short
              ? random.between(8, 15)
              : random.below(32)
            : short
              ? random.pick(compressedFree)
              : random.pick(free)
          break
        case "rs1":
          operands["rs1"] = isAccess && short ? random.pick([8, 9]) : random.between(8, 15)
          break
        case "rs2":
          operands["rs2"] = short ? random.between(8, 15) : random.below(32)
          break
        default:
          operands["imm"] = immediate(random, field)
      }
    }
    const raw = encode(row.pattern, operands) & 0xffff
    if (findCompressedRow(raw) === row) return { raw, size: 2 }
  }
}

/** Loads a constant, or a pointer into the data. */
const load = (random: Random, isNarrow: boolean): Array<Word> => {
  const imm = 8 * random.below(constantCount)
  switch (random.below(6)) {
    case 0:
      return [insn("addi", { rd: random.pick([8, 9]), rs1: 3, imm: 8 * random.between(-200, 200) })]
    case 1:
      return [insn("addi", { rd: random.pick([8, 9]), rs1: 4, imm: -8 * random.between(1, 40) })]
    case 2: {
      const rd = random.pick([8, 9])
      return [insn("addi", { rd, rs1: rd, imm: random.pick([1, 2, 4, 8, 8, 16, -8, -1, 64]) })]
    }
    case 3:
      return indexed(random)
    case 4:
      return [insn("fld", { rd: random.below(32), rs1: 27, imm })]
    default:
      return [insn(isNarrow ? "lw" : "ld", { rd: random.pick(free), rs1: 27, imm })]
  }
}

/**
 * Lets a pointer be off another one by an index of which the compiler knows the range, mostly; by the end of the data it may be
 * behind it, by the start of the constants in front.
 */
const indexed = (random: Random): Array<Word> => {
  const rd = random.pick(free)
  const rs1 = source(random)
  const near = { rd, rs1: 3, imm: random.between(-64, 64) }
  const index = random.pick<() => Array<Word>>([
    () => [insn("andi", { rd, rs1, imm: 0x1f8 })],
    () => [insn("andi", { rd, rs1, imm: 0x1f8 }), insn("ori", { rd, rs1: rd, imm: random.below(8) })],
    () => [insn("lb", near)],
    () => [insn("lb", near), insn("slli", { rd, rs1: rd, imm: random.between(1, 3) })],
    () => [insn("lbu", near), insn("slli", { rd, rs1: rd, imm: random.below(3) })],
    () => [insn("srliw", { rd, rs1, imm: random.between(23, 26) })],
    () => [insn("srli", { rd, rs1, imm: random.between(55, 58) })]
  ])()
  const pointer = random.pick([8, 9])
  const back = insn("addi", { rd: pointer, rs1: pointer, imm: -random.between(128, 512) })
  const base = random.pick([3, 3, 4, 4, 27])
  const sum = [insn("add", { rd: pointer, rs1: base, rs2: rd }), ...(base === 4 ? [back] : [])]
  return [...index, ...sum, ...(random.oneIn(2) ? accessesOff(random, pointer) : [])]
}

/** Sets a register to a value at an edge of 32 or 64 bits. */
const setToEdge = (random: Random, rd: number): Array<Word> => {
  if (random.oneIn(2)) return [loadFixed(rd, random.below(fixedConstants.length))]
  const one = insn("addi", { rd, rs1: 0, imm: 1 })
  const minusOne = insn("addi", { rd, rs1: 0, imm: -1 })
  return random.pick<() => Array<Word>>([
    () => [minusOne],
    () => [minusOne, insn("srli", { rd, rs1: rd, imm: random.pick([1, 31, 32, 33]) })],
    () => [one, insn("slli", { rd, rs1: rd, imm: 63 })],
    () => [one, insn("slli", { rd, rs1: rd, imm: random.pick([31, 32, 33, 62]) })],
    () => [insn("lui", { rd, imm: -0x80000000 })],
    () => [insn("addi", { rd, rs1: 0, imm: random.between(-2, 2) })]
  ])()
}

/** Loads one of the constants that are the same in every program: what the optimiser does not know, it does not fold. */
const loadFixed = (rd: number, index: number): Word => insn("ld", { rd, rs1: 27, imm: 8 * index })

/** The one division that overflows, of 64 or 32 bits. */
const overflowing = (random: Random): Array<Word> => {
  const [a, b] = wide as [number, number]
  const row = random.pick(dividing.filter(({ name }) => /^(div|rem)w?$/.test(name)))
  const least = fixedConstants.indexOf(row.name.endsWith("w") ? -(2n ** 31n) : -(2n ** 63n))
  const operands = { ...fields(random, row), rs1: a, rs2: b }
  return [loadFixed(a, least), loadFixed(b, fixedConstants.indexOf(-1n)), word(encode(row.pattern, operands))]
}

/** Masks and shifts that leave 31, 32 or 33 bits: just narrow, or just not; and a shift to the right by nothing. */
const narrowing = (random: Random): Array<Word> => {
  const rd = random.pick(narrowFree)
  const [a, b] = wide as [number, number]
  const rs1 = random.pick([a, a, random.pick(free)])
  if (random.oneIn(4)) return [loadFixed(b, fixedConstants.indexOf(2n ** 32n)), insn("srlw", { rd, rs1, rs2: b })]
  if (random.oneIn(2)) {
    return [
      ...(random.oneIn(2) ? setToEdge(random, a) : []),
      insn(random.pick(["srli", "srai"]), { rd, rs1, imm: random.between(31, 33) })
    ]
  }
  const ones = [insn("addi", { rd: b, rs1: 0, imm: -1 }), insn("srli", { rd: b, rs1: b, imm: random.between(31, 33) })]
  const bits = random.oneIn(3)
    ? [insn("addi", { rd: b, rs1: 0, imm: 1 }), insn("slli", { rd: b, rs1: b, imm: random.between(30, 32) })]
    : [...ones, insn("andi", { rd: b, rs1: b, imm: random.pick([-1, -2, -16, -1024]) })]
  return [...bits, insn("and", { rd, rs1, rs2: b })]
}

/** Operations on values at the edges of 32 and 64 bits. */
const edge = (random: Random, isNarrow: boolean): Array<Word> => {
  if (isNarrow && !random.oneIn(3)) return narrowing(random)
  if (random.oneIn(4)) return overflowing(random)
  const row = random.pick(random.oneIn(2) ? dividing : edgeRows)
  const [a, b] = [random.pick(wide), random.pick(wide)]
  const operands = fields(random, row)
  if ("imm" in operands) operands["imm"] = random.pick([31, 32, 33])
  operands["rs1"] = random.oneIn(3) ? random.pick(free) : a
  if ("rs2" in operands) operands["rs2"] = b
  if (isNarrow) operands["rd"] = random.pick(wide)
  return [...(random.oneIn(3) ? [] : setToEdge(random, a)), ...setToEdge(random, b), word(encode(row.pattern, operands))]
}

/** An access at an offset from a pointer. */
export const accessAt = (random: Random, pointer: number, imm: number): Word => {
  const row = random.pick(accessRows)
  return word(encode(row.pattern, { ...fields(random, row), rs1: pointer, imm }))
}

/** One to three accesses off a pointer, near it. */
export const accessesOff = (random: Random, pointer: number): Array<Word> =>
  Array.from({ length: random.between(1, 3) }, () =>
    accessAt(random, pointer, random.pick([0, 0, 8, 16, -8, random.between(-64, 64)]))
  )

const rare = (random: Random): Word =>
  random.pick<() => Word>([
    () => insn("ecall", {}),
    () => insn("ebreak", {}),
    () => insn("fence.i", {}),
    () => insn("pause", {}),
    () => insn("fence", { pred: 15, succ: 15 }),
    () => ({ raw: 0x9002, size: 2 }),
    () => ({ raw: 0, size: 2 }),
    () => word(0xffffffff)
  ])()

/** What programs are made of; each has its own mixture. */
export interface Mixture {
  readonly float: number
  readonly memory: number
  readonly compressed: number
  readonly csr: number
  /** Of plain instructions, those with a result that is sign-extended from 32 bits. */
  readonly narrow: number
  readonly edge: number
}

/** One random operation: mostly one instruction, sometimes a few that belong together. */
export const operation = (random: Random, mixture: Mixture): Array<Word> => {
  const isNarrow = random.below(100) < mixture.narrow
  if (random.oneIn(8)) return load(random, isNarrow)
  if (random.oneIn(300)) return [rare(random)]
  if (random.below(100) < mixture.csr) return [csr(random)]
  if (random.below(100) < mixture.float) return float(random)
  if (random.below(100) < mixture.edge) return edge(random, isNarrow)
  const isCompressed = random.below(100) < mixture.compressed
  if (random.below(100) < mixture.memory) {
    if (random.oneIn(8)) return atomic(random, isNarrow)
    if (random.oneIn(12)) return accessAtConstant(random, isNarrow ? narrowAccessRows : accessRows)
    return [isCompressed ? compressed(random, compressedAccess) : access(random, isNarrow ? narrowAccessRows : accessRows)]
  }
  if (isNarrow) return [narrow(random)]
  return [isCompressed ? compressed(random, compressedPlain) : plain(random)]
}
