/**
 * How soon a guest that stays in compiled code hears of signals, timers and other threads. It should be within 10 ms on an idle
 * machine; what is asserted is far above that, since tests run on busy ones. The figures are shown beside the tests' names.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { call, insn, li, reg } from "../support/assemble.ts"
import { run } from "../support/run.ts"

const Sys = { exitGroup: 94, setitimer: 103, sigaction: 134, clone: 220, yield: 124 }
const codeStart = 0x10000
const data = 0x11000
const threadFlags = 0x50f00
const SIGTERM = 15
const SIGALRM = 14
/** Milliseconds; above any pause of a busy machine, below what a guest that is not interrupted takes. */
const generous = 2000

const { a0, ra, s0, s1, sp, t0, t1, zero } = reg
const jump = (distance: number) => insn("jal", { rd: zero, imm: distance })

/** Loops that never end, which begin by themselves where they are put. */
const loops = {
  "a tight loop": [insn("addi", { rd: s0, rs1: s0, imm: 1 }), jump(-4)],
  "loops in loops": [
    insn("addi", { rd: t0, rs1: zero, imm: 200 }),
    insn("addi", { rd: t1, rs1: zero, imm: 300 }),
    insn("addi", { rd: t1, rs1: t1, imm: -1 }),
    insn("bne", { rs1: t1, rs2: zero, imm: -4 }),
    insn("addi", { rd: t0, rs1: t0, imm: -1 }),
    insn("bne", { rs1: t0, rs2: zero, imm: -16 }),
    jump(-24)
  ],
  "a deep chain of calls": [
    insn("addi", { rd: a0, rs1: zero, imm: 900 }),
    insn("jal", { rd: ra, imm: 8 }),
    jump(-8),
    insn("addi", { rd: sp, rs1: sp, imm: -16 }),
    insn("sd", { rs1: sp, rs2: ra, imm: 0 }),
    insn("addi", { rd: a0, rs1: a0, imm: -1 }),
    insn("beq", { rs1: a0, rs2: zero, imm: 8 }),
    insn("jal", { rd: ra, imm: -16 }),
    insn("ld", { rd: ra, rs1: sp, imm: 0 }),
    insn("addi", { rd: sp, rs1: sp, imm: 16 }),
    insn("jalr", { rd: zero, rs1: ra, imm: 0 })
  ],
  "computed jumps": [
    insn("auipc", { rd: t1, imm: 0 }),
    insn("addi", { rd: t1, rs1: t1, imm: 8 }),
    insn("jalr", { rd: zero, rs1: t1, imm: 0 })
  ]
} as const satisfies Record<string, ReadonlyArray<number>>

const engine = { jit: { hotThreshold: 50 } }

/** Shows a figure beside the test's name. */
type Annotate = (message: string) => Promise<unknown>
const milliseconds = (value: number) => `${value.toFixed(1)} ms`

const started = (program: ReadonlyArray<number>, options = {}) =>
  Effect.runPromise(
    run({ program, engine, options }).pipe(Effect.map(({ exit, regions }) => ({ ...Result.getOrThrow(exit), regions })))
  )

describe.each(Object.entries(loops))("%s in compiled code", (_, loop) => {
  it("ends by a signal of the host", async ({ annotate }: { annotate: Annotate }) => {
    let due = 0
    const { regions, signal } = await started(loop, {
      hostSignals: (deliver: (signal: number) => void) => {
        due = performance.now() + 300
        const timer = setTimeout(() => deliver(SIGTERM), 300)
        return () => clearTimeout(timer)
      }
    })
    const took = performance.now() - due
    await annotate(`SIGTERM ended the guest after ${milliseconds(took)}`)
    assert.strictEqual(signal, SIGTERM)
    assert.isAbove(regions, 0)
    assert.isBelow(took, generous)
  })

  it("is interrupted by its own timer, again and again", async ({ annotate }: { annotate: Annotate }) => {
    const ticks = 20
    const interval = 10
    // The handler counts in s1, which signal frames restore: so it counts in memory, and ends the program.
    const handler = [
      ...li(t0, data),
      insn("lw", { rd: t1, rs1: t0, imm: 0 }),
      insn("addi", { rd: t1, rs1: t1, imm: 1 }),
      insn("sw", { rs1: t0, rs2: t1, imm: 0 }),
      insn("addi", { rd: s1, rs1: zero, imm: ticks }),
      insn("beq", { rs1: t1, rs2: s1, imm: 8 }),
      insn("jalr", { rd: zero, rs1: ra, imm: 0 }),
      ...call(Sys.exitGroup, 7)
    ]
    const store = (offset: number, value: number) => [...li(t1, value), insn("sd", { rs1: t0, rs2: t1, imm: offset })]
    const setUp = (handlerAt: number) => [
      ...li(t0, data),
      ...store(64, handlerAt),
      ...store(72, 0),
      ...store(80, 0),
      ...call(Sys.sigaction, SIGALRM, data + 64, 0, 8),
      ...li(t0, data),
      ...store(128, 0),
      ...store(136, 1000 * interval),
      ...store(144, 0),
      ...store(152, 1000 * interval),
      ...call(Sys.setitimer, 0, data + 128, 0),
      jump(4 * (handler.length + 1))
    ]
    const handlerAt = codeStart + 4 * setUp(codeStart + 0x100).length
    const begin = performance.now()
    const { regions, status } = await started([...setUp(handlerAt), ...handler, ...loop])
    const took = performance.now() - begin
    await annotate(`${ticks} ticks of ${interval} ms took ${milliseconds(took)}`)
    assert.strictEqual(status, 7)
    assert.isAbove(regions, 0)
    assert.isBelow(took, ticks * interval + generous)
  })

  it("gives another thread its turn", async ({ annotate }: { annotate: Annotate }) => {
    // The new thread ends the program; the old one stays in the loop.
    const program = [
      ...call(Sys.clone, threadFlags, 0x14000, 0, 0, 0),
      insn("bne", { rs1: a0, rs2: zero, imm: 4 * (call(Sys.yield).length * 50 + call(Sys.exitGroup, 9).length + 1) }),
      ...Array.from({ length: 50 }, () => call(Sys.yield)).flat(),
      ...call(Sys.exitGroup, 9),
      ...loop
    ]
    const begin = performance.now()
    const { status } = await started(program)
    const took = performance.now() - begin
    await annotate(`fifty turns of another thread took ${milliseconds(took)}`)
    assert.strictEqual(status, 9)
    assert.isBelow(took, 50 * 20 + generous)
  })
})
