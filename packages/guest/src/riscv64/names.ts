/** Names of registers, as the calling convention and QEMU's disassembler have them. */

/** x0 to x31. */
export const integerNames: ReadonlyArray<string> =
  "zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6".split(" ")

/** f0 to f31. */
export const floatNames: ReadonlyArray<string> = [
  ..."ft0 ft1 ft2 ft3 ft4 ft5 ft6 ft7 fs0 fs1 fa0 fa1 fa2 fa3 fa4 fa5".split(" "),
  ..."fa6 fa7 fs2 fs3 fs4 fs5 fs6 fs7 fs8 fs9 fs10 fs11 ft8 ft9 ft10 ft11".split(" ")
]

/** Numbers of the CSRs that a user program can reach. */
export const Csr = {
  fflags: 0x001,
  frm: 0x002,
  fcsr: 0x003,
  cycle: 0xc00,
  time: 0xc01,
  instret: 0xc02,
  vlenb: 0xc22
} as const
