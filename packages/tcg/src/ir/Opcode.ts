/**
 * The IR's operations, as one table: name, how many outputs, inputs and constants each takes, and what it may do.
 *
 * The builder, the optimiser, the text form, the interpreter and the JIT all follow this table. Values are 64-bit;
 * an operation named `*_i32` reads the low 32 bits of its inputs and gives its result sign-extended to 64. Names are
 * TCG's where TCG has the operation.
 */

/** What an operation may do beside computing its outputs. */
export const OpFlag = {
  /** Ends the block or transfers control inside it: nothing moves across. */
  branch: 1,
  /** Has an effect other than its outputs: never removed as dead. */
  sideEffect: 2,
  /** Reads or writes guest memory, hence may leave the block with a fault at the current instruction. */
  memory: 4,
  /** May read or write globals that are not among its arguments (a helper, a callback). */
  globals: 8,
  /** Reads or updates the floating-point status word of the vCPU (`FpStatus`). */
  fpStatus: 16
} as const

/** A row of the table. Arguments are stored outputs first, then inputs, then constants, as TCG does. */
export interface OpInfo {
  readonly name: string
  readonly outputs: number
  readonly inputs: number
  readonly constants: number
  readonly flags: number
}

const table: Array<OpInfo> = []
const define = (name: string, outputs: number, inputs: number, constants: number, flags = 0): number => {
  table.push({ name, outputs, inputs, constants, flags })
  return table.length - 1
}

const B = OpFlag.branch
const S = OpFlag.sideEffect
const M = OpFlag.memory | OpFlag.sideEffect
const G = OpFlag.globals
const F = OpFlag.fpStatus

/** Operation numbers by name. */
export const Opcode = {
  // --- structure ---------------------------------------------------------------------------------------------------
  /** `insn_start pcLow, pcHigh, size`: a guest instruction begins here. */
  insn_start: define("insn_start", 0, 0, 3, S),
  /** `set_label label`. */
  set_label: define("set_label", 0, 0, 1, B | S),
  /** `br label`. */
  br: define("br", 0, 0, 1, B | S),
  /** `brcond a, b, cond, label`. */
  brcond: define("brcond", 0, 2, 2, B | S),
  /** `goto_tb target, slot, hint`: continue at the constant pc `target` (an input); slot 0 or 1 is the chain link. */
  goto_tb: define("goto_tb", 0, 1, 2, B | S),
  /** `goto_ptr target, hint`: continue at a computed pc; hint is a `JumpHint` (jump, call, return). */
  goto_ptr: define("goto_ptr", 0, 1, 1, B | S),
  /** `exit_tb nextPc, code`: return to the driver with an `ExitCode`; pc becomes nextPc. */
  exit_tb: define("exit_tb", 0, 1, 1, B | S),

  // --- moves and 64-bit arithmetic ---------------------------------------------------------------------------------
  mov: define("mov", 1, 1, 0),
  add: define("add", 1, 2, 0),
  sub: define("sub", 1, 2, 0),
  mul: define("mul", 1, 2, 0),
  mulh_s: define("mulh_s", 1, 2, 0),
  mulh_u: define("mulh_u", 1, 2, 0),
  mulh_su: define("mulh_su", 1, 2, 0),
  /** Division is total, as RISC-V defines it: x/0 = -1, x%0 = x, MIN/-1 = MIN, MIN%-1 = 0. */
  div_s: define("div_s", 1, 2, 0),
  div_u: define("div_u", 1, 2, 0),
  rem_s: define("rem_s", 1, 2, 0),
  rem_u: define("rem_u", 1, 2, 0),
  and: define("and", 1, 2, 0),
  or: define("or", 1, 2, 0),
  xor: define("xor", 1, 2, 0),
  /** Shift and rotate counts are taken modulo the width. */
  shl: define("shl", 1, 2, 0),
  shr: define("shr", 1, 2, 0),
  sar: define("sar", 1, 2, 0),
  rotl: define("rotl", 1, 2, 0),
  rotr: define("rotr", 1, 2, 0),
  clz: define("clz", 1, 1, 0),
  ctz: define("ctz", 1, 1, 0),
  popcnt: define("popcnt", 1, 1, 0),
  bswap: define("bswap", 1, 1, 0),
  ext8s: define("ext8s", 1, 1, 0),
  ext8u: define("ext8u", 1, 1, 0),
  ext16s: define("ext16s", 1, 1, 0),
  ext16u: define("ext16u", 1, 1, 0),
  ext32s: define("ext32s", 1, 1, 0),
  ext32u: define("ext32u", 1, 1, 0),
  /** `setcond d, a, b, cond`: 1 or 0. */
  setcond: define("setcond", 1, 2, 1),
  /** `movcond d, a, b, x, y, cond`: x where the condition holds, else y. */
  movcond: define("movcond", 1, 4, 1),

  // --- 32-bit arithmetic, results sign-extended --------------------------------------------------------------------
  add_i32: define("add_i32", 1, 2, 0),
  sub_i32: define("sub_i32", 1, 2, 0),
  mul_i32: define("mul_i32", 1, 2, 0),
  div_s_i32: define("div_s_i32", 1, 2, 0),
  div_u_i32: define("div_u_i32", 1, 2, 0),
  rem_s_i32: define("rem_s_i32", 1, 2, 0),
  rem_u_i32: define("rem_u_i32", 1, 2, 0),
  shl_i32: define("shl_i32", 1, 2, 0),
  shr_i32: define("shr_i32", 1, 2, 0),
  sar_i32: define("sar_i32", 1, 2, 0),
  rotl_i32: define("rotl_i32", 1, 2, 0),
  rotr_i32: define("rotr_i32", 1, 2, 0),
  clz_i32: define("clz_i32", 1, 1, 0),
  ctz_i32: define("ctz_i32", 1, 1, 0),
  popcnt_i32: define("popcnt_i32", 1, 1, 0),

  // --- memory ------------------------------------------------------------------------------------------------------
  /** `guest_ld d, base, disp, memop`: d = guest memory at base + disp (disp: signed 32-bit constant). */
  guest_ld: define("guest_ld", 1, 1, 2, M),
  /** `guest_st value, base, disp, memop`. */
  guest_st: define("guest_st", 0, 2, 2, M),
  /** `atomic_* d, addr, value, memop`: d = old value (extended as memop says), memory = old op value. */
  atomic_xchg: define("atomic_xchg", 1, 2, 1, M),
  atomic_fetch_add: define("atomic_fetch_add", 1, 2, 1, M),
  atomic_fetch_and: define("atomic_fetch_and", 1, 2, 1, M),
  atomic_fetch_or: define("atomic_fetch_or", 1, 2, 1, M),
  atomic_fetch_xor: define("atomic_fetch_xor", 1, 2, 1, M),
  atomic_fetch_smin: define("atomic_fetch_smin", 1, 2, 1, M),
  atomic_fetch_smax: define("atomic_fetch_smax", 1, 2, 1, M),
  atomic_fetch_umin: define("atomic_fetch_umin", 1, 2, 1, M),
  atomic_fetch_umax: define("atomic_fetch_umax", 1, 2, 1, M),
  /** `atomic_cmpxchg d, addr, expected, new, memop`: d = old value; stores new where old equals expected. Plugins hear of a store. */
  atomic_cmpxchg: define("atomic_cmpxchg", 1, 3, 1, M),
  /** Memory barrier; a no-op while vCPUs share one host thread. */
  mb: define("mb", 0, 0, 0, S),

  // --- helpers -----------------------------------------------------------------------------------------------------
  /** `call d, a, b, helper`: d = helper(a, b) by its index in the guest's helper table. */
  call: define("call", 1, 2, 1, S | G),

  // --- floating point: 64-bit values hold an f64, or an f32 in the low half; rm is a RoundingMode constant ------------
  /** `f32_unbox d, a`: the NaN-boxed f32 in a, or the canonical NaN where a is not boxed; upper half zero. */
  f32_unbox: define("f32_unbox", 1, 1, 0),
  /** `f32_box d, a`: low half of a with the upper half all ones. */
  f32_box: define("f32_box", 1, 1, 0),
  fadd_f32: define("fadd_f32", 1, 2, 1, F),
  fsub_f32: define("fsub_f32", 1, 2, 1, F),
  fmul_f32: define("fmul_f32", 1, 2, 1, F),
  fdiv_f32: define("fdiv_f32", 1, 2, 1, F),
  fsqrt_f32: define("fsqrt_f32", 1, 1, 1, F),
  /** `fma d, a, b, c, rm, negate`: (+-(a*b)) +- c; negate bit 0 negates the product, bit 1 the addend. */
  fma_f32: define("fma_f32", 1, 3, 2, F),
  /** IEEE 754-2019 minimumNumber and maximumNumber, as RISC-V F 2.2. */
  fmin_f32: define("fmin_f32", 1, 2, 0, F),
  fmax_f32: define("fmax_f32", 1, 2, 0, F),
  feq_f32: define("feq_f32", 1, 2, 0, F),
  flt_f32: define("flt_f32", 1, 2, 0, F),
  fle_f32: define("fle_f32", 1, 2, 0, F),
  /** RISC-V's ten-bit class mask. */
  fclass_f32: define("fclass_f32", 1, 1, 0),
  fadd_f64: define("fadd_f64", 1, 2, 1, F),
  fsub_f64: define("fsub_f64", 1, 2, 1, F),
  fmul_f64: define("fmul_f64", 1, 2, 1, F),
  fdiv_f64: define("fdiv_f64", 1, 2, 1, F),
  fsqrt_f64: define("fsqrt_f64", 1, 1, 1, F),
  fma_f64: define("fma_f64", 1, 3, 2, F),
  fmin_f64: define("fmin_f64", 1, 2, 0, F),
  fmax_f64: define("fmax_f64", 1, 2, 0, F),
  feq_f64: define("feq_f64", 1, 2, 0, F),
  flt_f64: define("flt_f64", 1, 2, 0, F),
  fle_f64: define("fle_f64", 1, 2, 0, F),
  fclass_f64: define("fclass_f64", 1, 1, 0),
  fcvt_f32_f64: define("fcvt_f32_f64", 1, 1, 1, F),
  fcvt_f64_f32: define("fcvt_f64_f32", 1, 1, 1, F),
  /** `fcvt_<int>_<float> d, a, rm`: saturating, i32 and u32 results sign-extended, NaN gives the maximum. */
  fcvt_i32_f32: define("fcvt_i32_f32", 1, 1, 1, F),
  fcvt_u32_f32: define("fcvt_u32_f32", 1, 1, 1, F),
  fcvt_i64_f32: define("fcvt_i64_f32", 1, 1, 1, F),
  fcvt_u64_f32: define("fcvt_u64_f32", 1, 1, 1, F),
  fcvt_i32_f64: define("fcvt_i32_f64", 1, 1, 1, F),
  fcvt_u32_f64: define("fcvt_u32_f64", 1, 1, 1, F),
  fcvt_i64_f64: define("fcvt_i64_f64", 1, 1, 1, F),
  fcvt_u64_f64: define("fcvt_u64_f64", 1, 1, 1, F),
  /** `fcvt_<float>_<int> d, a, rm`. */
  fcvt_f32_i32: define("fcvt_f32_i32", 1, 1, 1, F),
  fcvt_f32_u32: define("fcvt_f32_u32", 1, 1, 1, F),
  fcvt_f32_i64: define("fcvt_f32_i64", 1, 1, 1, F),
  fcvt_f32_u64: define("fcvt_f32_u64", 1, 1, 1, F),
  fcvt_f64_i32: define("fcvt_f64_i32", 1, 1, 1, F),
  fcvt_f64_u32: define("fcvt_f64_u32", 1, 1, 1, F),
  fcvt_f64_i64: define("fcvt_f64_i64", 1, 1, 1, F),
  fcvt_f64_u64: define("fcvt_f64_u64", 1, 1, 1, F),

  // --- instrumentation, woven in after the front end ---------------------------------------------------------------
  /** `plugin_exec callback`: call the block's callback number `callback`. */
  plugin_exec: define("plugin_exec", 0, 0, 1, S | G),
  /** `plugin_cond callback`: call it where its scoreboard condition holds (unsigned compare). */
  plugin_cond: define("plugin_cond", 0, 0, 1, S | G),
  /** `plugin_inline callback`: the scoreboard operation (add or store) of inline callback number `callback`. */
  plugin_inline: define("plugin_inline", 0, 0, 1, S),
  /** `plugin_mem base, value, disp, callback`: memory callback (plain or inline) for an access that just happened. */
  plugin_mem: define("plugin_mem", 0, 2, 2, S | G),
  /**
   * `trace_reserve at, records, callback`: makes sure that the trace's buffer has room for so many records, draining it if need be,
   * and gives its cursor.
   */
  trace_reserve: define("trace_reserve", 1, 0, 2, S | G),
  /** `trace_exec at, at, callback`: appends the record of callback number `callback` where room was reserved; the cursor behind it. */
  trace_exec: define("trace_exec", 1, 1, 1, S),
  /** `trace_mem at, at, base, value, disp, callback`: the same for an access that just happened. */
  trace_mem: define("trace_mem", 1, 3, 2, S)
} as const

/** The number of an operation. */
export type Opcode = (typeof Opcode)[keyof typeof Opcode]

/** The table, indexed by operation number. */
export const opTable: ReadonlyArray<OpInfo> = table

/** Conditions of `setcond`, `movcond` and `brcond`. */
export const Cond = { eq: 0, ne: 1, lt: 2, ge: 3, le: 4, gt: 5, ltu: 6, geu: 7, leu: 8, gtu: 9 } as const
export type Cond = (typeof Cond)[keyof typeof Cond]

/** Rounding modes as RISC-V numbers them (F extension, table 11.1). `dynamic` reads the vCPU's own mode. */
export const RoundingMode = { rne: 0, rtz: 1, rdn: 2, rup: 3, rmm: 4, dynamic: 7 } as const
export type RoundingMode = (typeof RoundingMode)[keyof typeof RoundingMode]

/** What kind of transfer a `goto_tb` or `goto_ptr` is, for engines that match calls with returns. */
export const JumpHint = { jump: 0, call: 1, return: 2 } as const

/** Why `exit_tb` leaves translated code. */
export const ExitCode = {
  /** A system call; nextPc is the instruction after it. */
  syscall: 0,
  /** A breakpoint instruction; nextPc is the instruction itself. */
  breakpoint: 1,
  /** An illegal instruction; nextPc is the instruction itself. */
  illegal: 2,
  /** Instruction memory may have changed (fence.i); nextPc is the instruction after it. */
  fenceI: 3,
  /** Give other vCPUs a turn (pause, yield). */
  yield: 4
} as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

/** Access descriptor of guest loads and stores: log2 of the size in bits 0-2, then flags. */
export const MemOp = {
  size8: 0,
  size16: 1,
  size32: 2,
  size64: 3,
  sizeMask: 7,
  /** The loaded value is sign-extended. */
  sign: 8,
  /** An address that is not naturally aligned is a fault (SIGBUS) instead of a slow access. */
  aligned: 16
} as const
