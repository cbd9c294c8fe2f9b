/** Programs that live in high memory: every kind of access, on every tier, and what is refused. */
import { assert, describe, it } from "@effect/vitest"
import { MemRw } from "@emu/core/Instrumentation"
import { slabSize } from "@emu/tcg/Layout"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { insn, li, reg } from "../support/assemble.ts"
import { exitWith, fork, Sys, wait } from "../support/processPrograms.ts"
import { engines, plugin, run } from "../support/run.ts"

const { a0, a1, a2, a3, a4, a5, a7, s0, s1, s2, t0, t1, zero } = reg
const syscall = { mmap: 222, munmap: 215, mprotect: 226, pipe2: 59, read: 63, write: 64 }
const readWrite = 3
const privateFixed = 0x32
const size = 2 * slabSize
const rounds = 200

/** Loads 2^shift + offset. */
const high = (rd: number, shift: number, offset = 0) => [
  insn("addi", { rd, rs1: zero, imm: 1 }),
  insn("slli", { rd, rs1: rd, imm: shift }),
  ...li(t0, offset),
  insn("add", { rd, rs1: rd, rs2: t0 })
]
const ecall = (number: number) => [...li(a7, number), 0x73]
const map = (shift: number, offset = 0) => [
  ...high(a0, shift, offset),
  ...li(a1, size),
  ...li(a2, readWrite),
  ...li(a3, privateFixed),
  ...li(a4, -1),
  ...li(a5, 0),
  ...ecall(syscall.mmap)
]
const exitWithRegister = (rs: number) => [insn("andi", { rd: a0, rs1: rs, imm: 255 }), ...ecall(Sys.exitGroup)]
const exitWithByte = (imm: number) => [insn("lbu", { rd: t1, rs1: s1, imm }), ...exitWithRegister(t1)]
const loop = (count: number, body: ReadonlyArray<number>) => [
  ...li(s0, count),
  ...body,
  insn("addi", { rd: s0, rs1: s0, imm: -1 }),
  insn("bne", { rs1: s0, rs2: zero, imm: -4 * (body.length + 1) })
]
/** Adds 1 to what is at s1 + imm. */
const increment = (width: string, imm = 0) => [
  insn(`l${width}`, { rd: t1, rs1: s1, imm }),
  insn("addi", { rd: t1, rs1: t1, imm: 1 }),
  insn(`s${width}`, { rs1: s1, rs2: t1, imm })
]

const counts = ["b", "h", "w", "d"].map((width) => ({
  what: `loads and stores of ${width}`,
  program: [...map(40), ...high(s1, 40), ...loop(rounds, increment(width)), ...exitWithByte(0)],
  status: rounds
}))

const cases: ReadonlyArray<{ readonly what: string; readonly program: ReadonlyArray<number>; readonly status: number }> = [
  ...counts,
  {
    what: "accesses from one slab into the next",
    program: [...map(46), ...high(s1, 46, slabSize - 3), ...loop(rounds, increment("d")), ...exitWithByte(0)],
    status: rounds
  },
  {
    what: "accesses across 4 GiB",
    program: [...map(32, -slabSize), ...high(s1, 32, -4), ...loop(rounds, increment("d")), ...exitWithByte(0)],
    status: rounds
  },
  {
    what: "atomic operations",
    program: [
      ...map(40),
      ...high(s1, 40),
      ...li(t1, 1),
      ...loop(rounds, [insn("amoadd.d", { rd: zero, rs1: s1, rs2: t1 })]),
      ...exitWithByte(0)
    ],
    status: rounds
  },
  {
    what: "walks through slabs",
    program: [
      ...map(40),
      ...high(s1, 40),
      ...li(s2, 7),
      ...loop(size / 8, [insn("sd", { rs1: s1, rs2: s2, imm: 0 }), insn("addi", { rd: s1, rs1: s1, imm: 8 })]),
      ...exitWithByte(-8)
    ],
    status: 7
  },
  {
    what: "system calls' buffers, from one slab into the next",
    program: [
      ...map(40),
      ...high(s1, 40, slabSize - 2),
      ...li(t1, 55),
      insn("sb", { rs1: s1, rs2: t1, imm: 3 }),
      ...high(a0, 40),
      ...li(a1, 0),
      ...ecall(syscall.pipe2),
      ...high(s2, 40),
      insn("lw", { rd: a0, rs1: s2, imm: 4 }),
      ...high(a1, 40, slabSize - 2),
      ...li(a2, 8),
      ...ecall(syscall.write),
      insn("lw", { rd: a0, rs1: s2, imm: 0 }),
      ...high(a1, 40, slabSize + 100),
      ...li(a2, 8),
      ...ecall(syscall.read),
      ...exitWithByte(2 + 100 + 3)
    ],
    status: 55
  },
  {
    what: "a page of a forked process's own",
    program: [
      ...map(40),
      ...high(s1, 40),
      ...increment("w"),
      ...fork([...increment("w"), ...exitWithByte(0)]),
      ...wait,
      ...increment("w"),
      ...exitWithByte(0)
    ],
    status: 2
  }
]

const refused: ReadonlyArray<{ readonly what: string; readonly program: ReadonlyArray<number> }> = [
  { what: "what is not mapped", program: [...high(s1, 40), ...increment("w")] },
  { what: "addresses beyond 47 bits", program: [...high(s1, 47), ...increment("w")] },
  { what: "the last addresses of all", program: [...li(s1, -8), ...increment("w")] },
  {
    what: "what has lost its protection",
    program: [
      ...map(40),
      ...high(s1, 40),
      ...loop(rounds, increment("w")),
      ...high(a0, 40),
      ...li(a1, 4096),
      ...li(a2, 1),
      ...ecall(syscall.mprotect),
      ...increment("w")
    ]
  },
  {
    what: "what is mapped no more",
    program: [
      ...map(40),
      ...high(s1, 40),
      ...loop(rounds, increment("w")),
      ...high(a0, 40),
      ...li(a1, size),
      ...ecall(syscall.munmap),
      ...increment("w")
    ]
  },
  { what: "code", program: [...map(40), ...high(s1, 40), insn("jalr", { rd: zero, rs1: s1, imm: 0 })] }
]

const all = [...engines, { name: "two side by side", engine: { lockstep: {} } }]

describe.each(all)("high memory on $name", ({ engine }) => {
  it.live.each(cases)("$what", ({ program, status }) =>
    Effect.gen(function* () {
      const { exit, warnings } = yield* run({ program, engine })
      assert.deepStrictEqual(warnings, [])
      assert.strictEqual(Result.getOrThrow(exit).status, status)
    })
  )

  it.live.each(refused)("refuses $what", ({ program }) =>
    Effect.gen(function* () {
      const { exit } = yield* run({ program: [...program, ...exitWith(0)], engine })
      assert.strictEqual(Result.getOrThrow(exit).status, 128 + 11)
    })
  )

  it.live("tells plugins whole addresses", () =>
    Effect.gen(function* () {
      const seen = new Set<number>()
      const addresses = plugin((api) =>
        api.onTbTrans((tb) => {
          for (const one of tb.insns) one.onMem((_, __, address) => void seen.add(address), MemRw.readWrite)
        })
      )
      const program = [...map(40), ...high(s1, 40, 8), ...loop(rounds, increment("w")), ...exitWithByte(0)]
      const { failures } = yield* run({ program, engine, plugins: [addresses] })
      assert.deepStrictEqual(failures, [])
      assert.deepStrictEqual([...seen], [2 ** 40 + 8])
    })
  )
})
