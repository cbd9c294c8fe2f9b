/** Programs whose processes and mappings share memory: what each stores all see, and plugins see each access once. */
import { assert, describe, it } from "@effect/vitest"
import { MemRw } from "@emu/core/Instrumentation"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { call, insn, li, reg } from "../support/assemble.ts"
import { exitWith, fork, Sys, wait } from "../support/processPrograms.ts"
import { engines, plugin, run } from "../support/run.ts"

const { a0, s0, s1, s2, t0, t1, zero } = reg
const mmap = 222
const mremap = 216
const first = 0x40000000
const second = 0x40100000
const rounds = 200
const readWrite = 3
const sharedFixed = 0x31
const fixedMayMove = 3

const map = call(mmap, first, 8192, readWrite, sharedFixed, -1, 0)
/** Maps the same pages once more. */
const mapAgain = call(mremap, first, 0, 8192, fixedMayMove, second)
const end = (status: number) => call(Sys.exitGroup, status)
const exitWithWord = (at: number) => [
  ...li(t0, at),
  insn("lw", { rd: a0, rs1: t0, imm: 0 }),
  ...li(reg.a7, Sys.exitGroup),
  0x73
]
const loop = (count: number, body: ReadonlyArray<number>) => [
  ...li(s0, count),
  ...body,
  insn("addi", { rd: s0, rs1: s0, imm: -1 }),
  insn("bne", { rs1: s0, rs2: zero, imm: -4 * (body.length + 1) })
]
const pointers = [...li(s1, first), ...li(s2, second), ...li(t1, 1)]
const add = (at: number) => insn("amoadd.w", { rd: zero, rs1: at, rs2: t1 })
const addSlowly = (from: number, to: number) => [
  insn("lw", { rd: t0, rs1: from, imm: 4 }),
  insn("addi", { rd: t0, rs1: t0, imm: 1 }),
  insn("sw", { rs1: to, rs2: t0, imm: 4 })
]

const cases: ReadonlyArray<{ readonly what: string; readonly program: ReadonlyArray<number>; readonly status: number }> = [
  {
    what: "processes that take turns",
    program: [
      ...map,
      ...pointers,
      ...fork([...loop(rounds / 2, [add(s1), ...call(Sys.yield)]), ...end(0)]),
      ...loop(rounds / 2, [add(s1), ...call(Sys.yield)]),
      ...wait,
      ...exitWithWord(first)
    ],
    status: rounds
  },
  {
    what: "two mappings in one process",
    program: [...map, ...mapAgain, ...pointers, ...loop(rounds / 2, [add(s1), add(s2)]), ...exitWithWord(second)],
    status: rounds
  },
  {
    what: "loads from one mapping and stores to another",
    program: [...map, ...mapAgain, ...pointers, ...loop(rounds, addSlowly(s1, s2)), ...exitWithWord(first + 4)],
    status: rounds
  },
  {
    what: "a page that is first stored to behind a fork",
    program: [
      ...map,
      ...pointers,
      ...fork([...loop(rounds, addSlowly(s1, s1)), ...end(0)]),
      ...wait,
      ...exitWithWord(first + 4)
    ],
    status: rounds
  },
  {
    what: "code stored through one mapping runs through another",
    program: [
      ...map,
      ...mapAgain,
      ...call(226, second, 8192, 5),
      ...pointers,
      ...li(reg.s3, 0),
      // li a0, n; ret, with n = 1, 2, ...
      ...loop(20, [
        insn("addi", { rd: reg.s3, rs1: reg.s3, imm: 1 }),
        insn("slli", { rd: t0, rs1: reg.s3, imm: 20 }),
        insn("addi", { rd: t0, rs1: t0, imm: 0x513 }),
        insn("sw", { rs1: s1, rs2: t0, imm: 0 }),
        ...li(t0, 0x8067),
        insn("sw", { rs1: s1, rs2: t0, imm: 4 }),
        insn("fence.i"),
        insn("jalr", { rd: reg.ra, rs1: s2, imm: 0 })
      ]),
      ...li(reg.a7, Sys.exitGroup),
      0x73
    ],
    status: 20
  },
  {
    what: "what a process stored before it was killed",
    program: [...map, ...pointers, ...fork([add(s1), ...end(3)]), ...wait, ...exitWith(0)],
    status: 3
  }
]

const all = [...engines, { name: "two side by side", engine: { lockstep: {} } }]

describe.each(all)("shared memory on $name", ({ engine }) => {
  it.live.each(cases)("$what", ({ program, status }) =>
    Effect.gen(function* () {
      const { exit, warnings } = yield* run({ program, engine })
      assert.deepStrictEqual(warnings, [])
      assert.strictEqual(Result.getOrThrow(exit).status, status)
    })
  )

  it.live("tells plugins of each instruction and access once", () =>
    Effect.gen(function* () {
      let executed = 0
      let accessed = 0
      const counts = plugin((api) =>
        api.onTbTrans((tb) => {
          for (const one of tb.insns) {
            if (!one.disas().startsWith("amoadd")) continue
            one.onExec(() => void executed++)
            one.onMem(() => void accessed++, MemRw.readWrite)
          }
        })
      )
      const program = [...map, ...mapAgain, ...pointers, ...loop(rounds / 2, [add(s1), add(s2)]), ...exitWithWord(second)]
      const { exit, failures } = yield* run({ program, engine, plugins: [counts] })
      assert.deepStrictEqual(failures, [])
      assert.strictEqual(Result.getOrThrow(exit).status, rounds)
      assert.strictEqual(executed, rounds)
      assert.strictEqual(accessed, 2 * rounds)
    })
  )
})
