/** Programs of several processes, for what plugins see of them. */
import { call, insn, li, reg } from "./assemble.ts"

export const Sys = {
  write: 64,
  exit: 93,
  exitGroup: 94,
  futex: 98,
  yield: 124,
  getpid: 172,
  clone: 220,
  execve: 221,
  wait4: 260
}
/** Writable memory behind the code: what `work` stores to, a status word, and strings. */
export const data = 0x11000
const status = data + 64
const SIGCHLD = 17
export const vforkFlags = 0x4100 | SIGCHLD
/** A thread, on its parent's stack: it must not use that. */
export const threadFlags = 0x50f00

const words = (parts: ReadonlyArray<ReadonlyArray<number>>): Array<number> => parts.flat()

/** A loop with one store in each round, and what else is `inside`: a system call, if nothing is said. */
export const work = (rounds: number, inside: ReadonlyArray<number> = call(Sys.getpid)): Array<number> => {
  const body = [insn("sw", { rs1: reg.s1, rs2: reg.s0, imm: 0 }), ...inside]
  return words([
    li(reg.s1, data),
    li(reg.s0, rounds),
    body,
    [insn("addi", { rd: reg.s0, rs1: reg.s0, imm: -1 }), insn("bne", { rs1: reg.s0, rs2: 0, imm: -4 * (body.length + 1) })]
  ])
}

/** Lets others run until one of them has stored by `work`. */
export const untilStored = (): Array<number> => {
  const body = [...call(Sys.yield), insn("lw", { rd: reg.t1, rs1: reg.t0, imm: 0 })]
  return [...li(reg.t0, data), ...body, insn("beq", { rs1: reg.t1, rs2: 0, imm: -4 * body.length })]
}

/** Stores a constant, a byte if nothing else is said. */
export const store = (at: number, value: number, name = "sb"): Array<number> => [
  ...li(reg.t0, at),
  ...li(reg.t1, value),
  insn(name, { rs1: reg.t0, rs2: reg.t1, imm: 0 })
]

/** Does something again and again. */
export const forever = (body: ReadonlyArray<number>): Array<number> => [
  ...body,
  insn("jal", { rd: 0, imm: -4 * body.length })
]

/** Makes a process (or a thread) that runs `child`, which has to end; its parent goes on behind. */
export const fork = (child: ReadonlyArray<number>, flags = SIGCHLD): Array<number> => [
  ...call(Sys.clone, flags, 0, 0, 0, 0),
  insn("bne", { rs1: reg.a0, rs2: 0, imm: 4 * (child.length + 1) }),
  ...child
]

export const wait = call(Sys.wait4, -1, status, 0, 0)

/** Ends with `own` plus the exit status of the child that was waited for last. */
export const exitWith = (own: number): Array<number> => [
  ...li(reg.t0, status),
  insn("lw", { rd: reg.a0, rs1: reg.t0, imm: 0 }),
  insn("srli", { rd: reg.a0, rs1: reg.a0, imm: 8 }),
  insn("addi", { rd: reg.a0, rs1: reg.a0, imm: own }),
  ...li(reg.a7, Sys.exitGroup),
  0x73
]

const pathAt = data + 128
const argvAt = data + 160

/** Executes a file (of at most seven characters) with its name as each of `count` arguments. */
export const exec = (count: number, path = "/prog"): Array<number> => {
  const bytes = new Uint8Array(8)
  new TextEncoder().encodeInto(path, bytes)
  const [low, high] = new Int32Array(bytes.buffer)
  return words([
    store(pathAt, low!, "sw"),
    store(pathAt + 4, high!, "sw"),
    ...Array.from({ length: count }, (_, i) => store(argvAt + 8 * i, pathAt, "sd")),
    store(argvAt + 8 * count, 0, "sd"),
    call(Sys.execve, pathAt, argvAt, 0)
  ])
}

/** Runs `second` where the program has two arguments (as `exec(2)` starts it), else `first`; both end the process. */
export const lives = (first: ReadonlyArray<number>, second: ReadonlyArray<number>): Array<number> => [
  insn("ld", { rd: reg.a0, rs1: reg.sp, imm: 0 }),
  ...li(reg.t0, 2),
  insn("bne", { rs1: reg.a0, rs2: reg.t0, imm: 4 * (second.length + 1) }),
  ...second,
  ...first
]
