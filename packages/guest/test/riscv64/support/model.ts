/**
 * What integer instructions compute, written from the ISA manual with unbounded integers: nothing here is shared with the
 * front end or the engines. `a` and `b` are rs1 and rs2 (or the immediate), signed 64-bit; results are taken modulo 2^64.
 */
const u = (value: bigint): bigint => BigInt.asUintN(64, value)
const s32 = (value: bigint): bigint => BigInt.asIntN(32, value)
const u32 = (value: bigint): bigint => BigInt.asUintN(32, value)
const flag = (condition: boolean): bigint => (condition ? 1n : 0n)

const quotient = (a: bigint, b: bigint): bigint => (b === 0n ? -1n : a / b)
const remainder = (a: bigint, b: bigint): bigint => (b === 0n ? a : a % b)

const bits = (value: bigint, width: number): string => BigInt.asUintN(width, value).toString(2).padStart(width, "0")
const leadingZeros = (value: bigint, width: number): bigint => BigInt((bits(value, width) + "1").indexOf("1"))
const trailingZeros = (value: bigint, width: number): bigint =>
  BigInt(width) - 1n - BigInt(("1" + bits(value, width)).lastIndexOf("1") - 1)
const ones = (value: bigint, width: number): bigint => BigInt(bits(value, width).replaceAll("0", "").length)
const rotateLeft = (value: bigint, by: bigint, width: bigint): bigint => {
  const low = BigInt.asUintN(Number(width), value)
  const n = by % width
  return (low << n) | (low >> ((width - n) % width))
}
const bytes = (value: bigint): Array<bigint> => Array.from({ length: 8 }, (_, i) => (u(value) >> BigInt(8 * i)) & 0xffn)
const fromBytes = (list: ReadonlyArray<bigint>): bigint => list.reduce((sum, byte, i) => sum | (byte << BigInt(8 * i)), 0n)

/** A binary operation. */
export type Model = (a: bigint, b: bigint) => bigint

const sixBits = (b: bigint): bigint => b & 63n
const fiveBits = (b: bigint): bigint => b & 31n

const shifts: Record<string, Model> = {
  sll: (a, b) => a << sixBits(b),
  srl: (a, b) => u(a) >> sixBits(b),
  sra: (a, b) => a >> sixBits(b),
  sllw: (a, b) => s32(a << fiveBits(b)),
  srlw: (a, b) => s32(u32(a) >> fiveBits(b)),
  sraw: (a, b) => s32(a) >> fiveBits(b)
}

/** Models by mnemonic, of instructions with operands rd, rs1, rs2 (unary ones ignore `b`). */
export const registerModels: Readonly<Record<string, Model>> = {
  ...shifts,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  slt: (a, b) => flag(a < b),
  sltu: (a, b) => flag(u(a) < u(b)),
  xor: (a, b) => a ^ b,
  or: (a, b) => a | b,
  and: (a, b) => a & b,
  addw: (a, b) => s32(a + b),
  subw: (a, b) => s32(a - b),
  mul: (a, b) => a * b,
  mulh: (a, b) => (a * b) >> 64n,
  mulhsu: (a, b) => (a * u(b)) >> 64n,
  mulhu: (a, b) => (u(a) * u(b)) >> 64n,
  div: quotient,
  divu: (a, b) => quotient(u(a), u(b)),
  rem: remainder,
  remu: (a, b) => remainder(u(a), u(b)),
  mulw: (a, b) => s32(a * b),
  divw: (a, b) => s32(quotient(s32(a), s32(b))),
  divuw: (a, b) => s32(quotient(u32(a), u32(b))),
  remw: (a, b) => s32(remainder(s32(a), s32(b))),
  remuw: (a, b) => s32(remainder(u32(a), u32(b))),
  "add.uw": (a, b) => u32(a) + b,
  sh1add: (a, b) => a * 2n + b,
  sh2add: (a, b) => a * 4n + b,
  sh3add: (a, b) => a * 8n + b,
  "sh1add.uw": (a, b) => u32(a) * 2n + b,
  "sh2add.uw": (a, b) => u32(a) * 4n + b,
  "sh3add.uw": (a, b) => u32(a) * 8n + b,
  andn: (a, b) => a & ~b,
  orn: (a, b) => a | ~b,
  xnor: (a, b) => ~(a ^ b),
  clz: (a) => leadingZeros(a, 64),
  ctz: (a) => trailingZeros(a, 64),
  cpop: (a) => ones(a, 64),
  clzw: (a) => leadingZeros(a, 32),
  ctzw: (a) => trailingZeros(a, 32),
  cpopw: (a) => ones(a, 32),
  max: (a, b) => (a > b ? a : b),
  maxu: (a, b) => (u(a) > u(b) ? a : b),
  min: (a, b) => (a < b ? a : b),
  minu: (a, b) => (u(a) < u(b) ? a : b),
  "sext.b": (a) => BigInt.asIntN(8, a),
  "sext.h": (a) => BigInt.asIntN(16, a),
  "zext.h": (a) => BigInt.asUintN(16, a),
  rol: (a, b) => rotateLeft(a, sixBits(b), 64n),
  ror: (a, b) => rotateLeft(a, 64n - sixBits(b), 64n),
  rolw: (a, b) => s32(rotateLeft(a, fiveBits(b), 32n)),
  rorw: (a, b) => s32(rotateLeft(a, 32n - fiveBits(b), 32n)),
  "orc.b": (a) => fromBytes(bytes(a).map((byte) => (byte === 0n ? 0n : 0xffn))),
  rev8: (a) => fromBytes(bytes(a).reverse()),
  bclr: (a, b) => a & ~(1n << sixBits(b)),
  bext: (a, b) => (u(a) >> sixBits(b)) & 1n,
  binv: (a, b) => a ^ (1n << sixBits(b)),
  bset: (a, b) => a | (1n << sixBits(b)),
  "czero.eqz": (a, b) => (b === 0n ? 0n : a),
  "czero.nez": (a, b) => (b === 0n ? a : 0n)
}

const of = (name: string): Model => registerModels[name]!

/** Models by mnemonic, of instructions with operands rd, rs1, immediate. */
export const immediateModels: Readonly<Record<string, Model>> = {
  addi: of("add"),
  slti: of("slt"),
  sltiu: of("sltu"),
  xori: of("xor"),
  ori: of("or"),
  andi: of("and"),
  slli: of("sll"),
  srli: of("srl"),
  srai: of("sra"),
  addiw: of("addw"),
  slliw: of("sllw"),
  srliw: of("srlw"),
  sraiw: of("sraw"),
  "slli.uw": (a, b) => u32(a) << b,
  rori: of("ror"),
  roriw: of("rorw"),
  bclri: of("bclr"),
  bexti: of("bext"),
  binvi: of("binv"),
  bseti: of("bset")
}

/** Whether a branch is taken. */
export const branchModels: Readonly<Record<string, (a: bigint, b: bigint) => boolean>> = {
  beq: (a, b) => a === b,
  bne: (a, b) => a !== b,
  blt: (a, b) => a < b,
  bge: (a, b) => a >= b,
  bltu: (a, b) => u(a) < u(b),
  bgeu: (a, b) => u(a) >= u(b)
}

/** What an atomic operation stores: `old` and `operand` are signed, of the operation's width. */
export const atomicModels: Readonly<Record<string, (old: bigint, operand: bigint, width: number) => bigint>> = {
  amoswap: (_old, operand) => operand,
  amoadd: (old, operand) => old + operand,
  amoxor: (old, operand) => old ^ operand,
  amoor: (old, operand) => old | operand,
  amoand: (old, operand) => old & operand,
  amomin: (old, operand) => (old < operand ? old : operand),
  amomax: (old, operand) => (old > operand ? old : operand),
  amominu: (old, operand, width) => (BigInt.asUintN(width, old) < BigInt.asUintN(width, operand) ? old : operand),
  amomaxu: (old, operand, width) => (BigInt.asUintN(width, old) > BigInt.asUintN(width, operand) ? old : operand)
}

/** Width in bytes and signedness of loads, width of stores. */
export const loadModels: Readonly<Record<string, readonly [bytes: number, isSigned: boolean]>> = {
  lb: [1, true],
  lh: [2, true],
  lw: [4, true],
  ld: [8, true],
  lbu: [1, false],
  lhu: [2, false],
  lwu: [4, false]
}

export const storeModels: Readonly<Record<string, number>> = { sb: 1, sh: 2, sw: 4, sd: 8 }
