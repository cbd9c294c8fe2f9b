/**
 * The interpreter's code: what `lower` makes of an IR block and `loop` runs. An operation is one word with its number, then
 * its operands. Operands that name values are indices into the Int32 view of memory (twice the slot number); constants live
 * in the constant pool and are named the same way, unless an operation has them as immediate words.
 */

/** Operation numbers. */
export const Code = {
  // --- moves ---
  /** d, a */
  mov: 0,
  /** d, imm: sign-extended */
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
  /** d, a, n: 1 to 31 */
  shli_low: 24,
  /** d, a, n: 32 to 63 */
  shli_high: 25,
  /** d, a, n: 1 to 31 */
  shri_low: 26,
  /** d, a, n: 32 to 63 */
  shri_high: 27,
  /** d, a, n: 1 to 31 */
  sari_low: 28,
  /** d, a, n: 32 to 63 */
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
  /** d, a, b, x, y, cond */
  movcond: 46,
  // --- 32-bit arithmetic ---
  /** d, a, b */
  add_i32: 47,
  /** d, a, imm */
  addi_i32: 48,
  /** d, a, b */
  sub_i32: 49,
  /** d, a, b */
  mul_i32: 50,
  /** d, a, b */
  div_s_i32: 51,
  /** d, a, b */
  div_u_i32: 52,
  /** d, a, b */
  rem_s_i32: 53,
  /** d, a, b */
  rem_u_i32: 54,
  /** d, a, b */
  shl_i32: 55,
  /** d, a, n */
  shli_i32: 56,
  /** d, a, b */
  shr_i32: 57,
  /** d, a, n */
  shri_i32: 58,
  /** d, a, b */
  sar_i32: 59,
  /** d, a, n */
  sari_i32: 60,
  /** d, a, b */
  rotl_i32: 61,
  /** d, a, b */
  rotr_i32: 62,
  /** d, a */
  clz_i32: 63,
  /** d, a */
  ctz_i32: 64,
  /** d, a */
  popcnt_i32: 65,
  // --- guest memory ---
  /** d, base, disp, memop */
  ld8s: 66,
  /** d, base, disp, memop */
  ld8u: 67,
  /** d, base, disp, memop */
  ld16s: 68,
  /** d, base, disp, memop */
  ld16u: 69,
  /** d, base, disp, memop */
  ld32s: 70,
  /** d, base, disp, memop */
  ld32u: 71,
  /** d, base, disp, memop */
  ld64: 72,
  /** value, base, disp, memop */
  st8: 73,
  /** value, base, disp, memop */
  st16: 74,
  /** value, base, disp, memop */
  st32: 75,
  /** value, base, disp, memop */
  st64: 76,
  /** d, addr, value, memop, opcode */
  atomic: 77,
  /** d, addr, expected, new, memop */
  cmpxchg: 78,
  // --- control ---
  /** target */
  br: 79,
  /** a, b, target */
  breq: 80,
  /** a, b, target */
  brne: 81,
  /** a, b, target */
  brlt: 82,
  /** a, b, target */
  brge: 83,
  /** a, b, target */
  brltu: 84,
  /** a, b, target */
  brgeu: 85,
  /** n, link, pcLow, pcHigh */
  goto_tb: 86,
  /** a, b, n, link, pc, linkTaken, pcTaken: `brcond` and the two `goto_tb` that it chooses from */
  jeq: 87,
  /** a, b, n, link, pc, linkTaken, pcTaken: `brcond` and the two `goto_tb` that it chooses from */
  jne: 88,
  /** a, b, n, link, pc, linkTaken, pcTaken: `brcond` and the two `goto_tb` that it chooses from */
  jlt: 89,
  /** a, b, n, link, pc, linkTaken, pcTaken: `brcond` and the two `goto_tb` that it chooses from */
  jge: 90,
  /** a, b, n, link, pc, linkTaken, pcTaken: `brcond` and the two `goto_tb` that it chooses from */
  jltu: 91,
  /** a, b, n, link, pc, linkTaken, pcTaken: `brcond` and the two `goto_tb` that it chooses from */
  jgeu: 92,
  /** n, a */
  goto_ptr: 93,
  /** n, a, kind */
  exit_tb: 94,
  /** d, a, b, helper, n */
  call: 95,
  // --- floating point ---
  /** d, a */
  f32_unbox: 96,
  /** d, a */
  f32_box: 97,
  /** d, a, b, rm, opcode */
  fadd_f64: 98,
  /** d, a, b, rm, opcode */
  fsub_f64: 99,
  /** d, a, b, rm, opcode */
  fmul_f64: 100,
  /** d, a, b, rm, opcode */
  fdiv_f64: 101,
  /** d, a, b, rm, opcode */
  fadd_f32: 102,
  /** d, a, b, rm, opcode */
  fsub_f32: 103,
  /** d, a, b, rm, opcode */
  fmul_f32: 104,
  /** d, a, b, rm, opcode */
  fdiv_f32: 105,
  /** d, a, b, rm, opcode */
  float: 106,
  /** d, a, b, rm, opcode, c, negate */
  fma: 107,
  // --- instrumentation ---
  /** callback */
  plugin_exec: 108,
  /** callback */
  plugin_cond: 109,
  /** base, value, disp, callback */
  plugin_mem: 110,
  /** slot of vCPU 0, distance to the next vCPU's, imm */
  inline_add: 111,
  /** slot of vCPU 0, distance to the next vCPU's, imm */
  inline_store: 112,
  // --- the compiled tier ---
  /** countdown: at the head of a block, until it is hot */
  hot: 113,
  /** pc: at the head of a block that has been compiled */
  region: 114,
  /** a, target: in front of a computed jump, which led to this target the last time */
  jump_target: 118,
  // --- traces ---
  /** cursor, most, callback: drains the trace where its cursor is above `most` */
  trace_reserve: 115,
  /** cursor, sites, addresses, values, site, pc: places are indices into the Int32 view; values is 0 where there are none */
  trace_exec: 116,
  /** cursor, sites, addresses, values, site, base, disp, value, memop */
  trace_mem: 117
} as const
