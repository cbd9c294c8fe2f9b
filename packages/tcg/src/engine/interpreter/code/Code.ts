/**
 * The interpreters' code: what `lower` makes of an IR block. `node scripts/interpreter-loop.ts` makes this file from the table in
 * `operations/`.
 *
 * An operation is one word with its number, then its operands; the first one is in the upper half of that word where the table says so. Operands that name values are addresses of eight bytes: the vCPU's state
 * and temps in page 0, constants in their pool. Links and targets are indices of words in memory.
 */

/** Numbers of the operations by name, with their operands. */
export const Code = {
  // --- moves ---
  /** d, a */
  mov: 0,
  /** d, imm */
  movi: 1,
  // --- 64-bit arithmetic ---
  /** d, a, b */
  add: 2,
  /** d, a, imm */
  addi: 3,
  /** d, a, b */
  sub: 4,
  /** d, a, b */
  and: 5,
  /** d, a, imm */
  andi: 6,
  /** d, a, b */
  or: 7,
  /** d, a, imm */
  ori: 8,
  /** d, a, b */
  xor: 9,
  /** d, a, imm */
  xori: 10,
  /** d, a, b */
  mul: 11,
  /** d, a, b */
  mulh_s: 12,
  /** d, a, b */
  mulh_u: 13,
  /** d, a, b */
  mulh_su: 14,
  /** d, a, b */
  div_s: 15,
  /** d, a, b */
  div_u: 16,
  /** d, a, b */
  rem_s: 17,
  /** d, a, b */
  rem_u: 18,
  /** d, a, b */
  shl: 19,
  /** d, a, b */
  shr: 20,
  /** d, a, b */
  sar: 21,
  /** d, a, b */
  rotl: 22,
  /** d, a, b */
  rotr: 23,
  /** d, a, n */
  shli_low: 24,
  /** d, a, n */
  shli_high: 25,
  /** d, a, n */
  shri_low: 26,
  /** d, a, n */
  shri_high: 27,
  /** d, a, n */
  sari_low: 28,
  /** d, a, n */
  sari_high: 29,
  // --- bits and extensions ---
  /** d, a */
  clz: 30,
  /** d, a */
  ctz: 31,
  /** d, a */
  popcnt: 32,
  /** d, a */
  bswap: 33,
  /** d, a */
  ext8s: 34,
  /** d, a */
  ext16s: 35,
  /** d, a */
  ext32s: 36,
  /** d, a */
  ext8u: 37,
  /** d, a */
  ext16u: 38,
  /** d, a */
  ext32u: 39,
  // --- conditions ---
  /** d, a, b */
  seteq: 40,
  /** d, a, b */
  setne: 41,
  /** d, a, b */
  setlt: 42,
  /** d, a, b */
  setge: 43,
  /** d, a, b */
  setltu: 44,
  /** d, a, b */
  setgeu: 45,
  /** d, a, b, x, y */
  moveq: 46,
  /** d, a, b, x, y */
  movne: 47,
  /** d, a, b, x, y */
  movlt: 48,
  /** d, a, b, x, y */
  movge: 49,
  /** d, a, b, x, y */
  movltu: 50,
  /** d, a, b, x, y */
  movgeu: 51,
  // --- 32-bit arithmetic ---
  /** d, a, b */
  add_i32: 52,
  /** d, a, imm */
  addi_i32: 53,
  /** d, a, b */
  sub_i32: 54,
  /** d, a, b */
  mul_i32: 55,
  /** d, a, b */
  div_s_i32: 56,
  /** d, a, b */
  div_u_i32: 57,
  /** d, a, b */
  rem_s_i32: 58,
  /** d, a, b */
  rem_u_i32: 59,
  /** d, a, b */
  shl_i32: 60,
  /** d, a, imm */
  shli_i32: 61,
  /** d, a, b */
  shr_i32: 62,
  /** d, a, imm */
  shri_i32: 63,
  /** d, a, b */
  sar_i32: 64,
  /** d, a, imm */
  sari_i32: 65,
  /** d, a, b */
  rotl_i32: 66,
  /** d, a, b */
  rotr_i32: 67,
  /** d, a */
  clz_i32: 68,
  /** d, a */
  ctz_i32: 69,
  /** d, a */
  popcnt_i32: 70,
  // --- guest memory ---
  /** d, base, disp */
  ld8s: 71,
  /** d, base, disp */
  ld8u: 72,
  /** d, base, disp */
  ld16s: 73,
  /** d, base, disp */
  ld16u: 74,
  /** d, base, disp */
  ld32s: 75,
  /** d, base, disp */
  ld32u: 76,
  /** d, base, disp */
  ld64: 77,
  /** value, base, disp */
  st8: 78,
  /** value, base, disp */
  st16: 79,
  /** value, base, disp */
  st32: 80,
  /** value, base, disp */
  st64: 81,
  /** d, base, disp, memop */
  ld_aligned: 82,
  /** value, base, disp, memop */
  st_aligned: 83,
  /** d, addr, value, memop, opcode */
  atomic: 84,
  /** d, addr, expected, value, memop */
  cmpxchg: 85,
  // --- control ---
  /** target */
  br: 86,
  /** a, b, target */
  breq: 87,
  /** a, b, target */
  brne: 88,
  /** a, b, target */
  brlt: 89,
  /** a, b, target */
  brge: 90,
  /** a, b, target */
  brltu: 91,
  /** a, b, target */
  brgeu: 92,
  /** n, link, pcLow, pcHigh */
  goto_tb: 93,
  /** n, a, b, linkElse, pcElse, linkTaken, pcTaken */
  jeq: 94,
  /** n, a, b, linkElse, pcElse, linkTaken, pcTaken */
  jne: 95,
  /** n, a, b, linkElse, pcElse, linkTaken, pcTaken */
  jlt: 96,
  /** n, a, b, linkElse, pcElse, linkTaken, pcTaken */
  jge: 97,
  /** n, a, b, linkElse, pcElse, linkTaken, pcTaken */
  jltu: 98,
  /** n, a, b, linkElse, pcElse, linkTaken, pcTaken */
  jgeu: 99,
  /** n, a */
  goto_ptr: 100,
  /** n, a, kind */
  exit_tb: 101,
  /** d, a, b, helper, n */
  call: 102,
  // --- floating point ---
  /** d, a */
  f32_unbox: 103,
  /** d, a */
  f32_box: 104,
  /** d, a, b, rm, opcode */
  fadd_f64: 105,
  /** d, a, b, rm, opcode */
  fsub_f64: 106,
  /** d, a, b, rm, opcode */
  fmul_f64: 107,
  /** d, a, b, rm, opcode */
  fdiv_f64: 108,
  /** d, a, b, rm, opcode */
  fadd_f32: 109,
  /** d, a, b, rm, opcode */
  fsub_f32: 110,
  /** d, a, b, rm, opcode */
  fmul_f32: 111,
  /** d, a, b, rm, opcode */
  fdiv_f32: 112,
  /** d, a, b, rm, opcode */
  float: 113,
  /** d, a, b, rm, opcode, c, negate */
  fma: 114,
  // --- instrumentation ---
  /** callback */
  plugin_exec: 115,
  /** callback */
  plugin_cond: 116,
  /** base, value, disp, callback */
  plugin_mem: 117,
  /** slot, stride, imm */
  inline_add: 118,
  /** slot, stride, imm */
  inline_store: 119,
  // --- the compiled tier ---
  /** countdown */
  hot: 120,
  /** entry */
  region: 121,
  /** a, last */
  jump_target: 122,
  // --- traces ---
  /** cursor, most, callback */
  trace_reserve: 123,
  /** cursor, sites, addresses, values, site, insn */
  trace_exec: 124,
  /** cursor, sites, addresses, values, site, base, disp, value, memop */
  trace_mem: 125
} as const

/**
 * The words behind each operation's own, by number: `v` the address of a value, `l` a link, `t` a target in the same block, `s` what was
 * seen last, `w` any other.
 */
export const codeShapes = [
  "v",
  "w",
  "vv",
  "vw",
  "vv",
  "vv",
  "vw",
  "vv",
  "vw",
  "vv",
  "vw",
  "vv",
  "vv",
  "vv",
  "vv",
  "vv",
  "vv",
  "vv",
  "vv",
  "vv",
  "vv",
  "vv",
  "vv",
  "vv",
  "vw",
  "vw",
  "vw",
  "vw",
  "vw",
  "vw",
  "v",
  "v",
  "v",
  "v",
  "v",
  "v",
  "v",
  "v",
  "v",
  "v",
  "vv",
  "vv",
  "vv",
  "vv",
  "vv",
  "vv",
  "vvvv",
  "vvvv",
  "vvvv",
  "vvvv",
  "vvvv",
  "vvvv",
  "vv",
  "vw",
  "vv",
  "vv",
  "vv",
  "vv",
  "vv",
  "vv",
  "vv",
  "vw",
  "vv",
  "vw",
  "vv",
  "vw",
  "vv",
  "vv",
  "v",
  "v",
  "v",
  "vw",
  "vw",
  "vw",
  "vw",
  "vw",
  "vw",
  "vw",
  "vvw",
  "vvw",
  "vvw",
  "vvw",
  "vww",
  "vvww",
  "vvww",
  "vvvw",
  "t",
  "vvt",
  "vvt",
  "vvt",
  "vvt",
  "vvt",
  "vvt",
  "lww",
  "vvlwlw",
  "vvlwlw",
  "vvlwlw",
  "vvlwlw",
  "vvlwlw",
  "vvlwlw",
  "v",
  "vw",
  "vvww",
  "v",
  "v",
  "vvww",
  "vvww",
  "vvww",
  "vvww",
  "vvww",
  "vvww",
  "vvww",
  "vvww",
  "vvww",
  "vvwwvw",
  "w",
  "w",
  "vvww",
  "vwv",
  "vwv",
  "w",
  "w",
  "vs",
  "vww",
  "vvvvww",
  "vvvvwvwvw"
] as const
