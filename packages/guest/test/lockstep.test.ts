/** Both engines side by side: nothing is found where they are right, and each kind of mistake is, with a report that names it. */
import { assert, describe, it } from "@effect/vitest"
import { CallbackFlags, MemRw } from "@emu/core/Instrumentation"
import { make, type EngineServices, type EngineOptions } from "@emu/tcg/engine/tiered/TieredEngine"
import { EnginesDiffer } from "@emu/tcg/engine/lockstep/Difference"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import { call, ecall, insn, li, reg } from "./linux/support/assemble.ts"
import { plugin, run, type RunRequest } from "./linux/support/run.ts"

const Sys = { write: 64, exitGroup: 94, clock: 113, mprotect: 226 }
const data = 0x11000
const codeStart = 0x10000
const jit = { hotThreshold: 2, synchronous: true }
const { a0, a1, a2, a3, a5, s0, s1, zero } = reg

/** Long enough to be compiled, and to run in compiled code for a while. */
const turns = 100

/** A loop; what stands in it is at `loopAt`. */
const loop = (...body: ReadonlyArray<number>): Array<number> => [
  ...li(s0, turns),
  ...li(s1, data),
  ...body,
  insn("addi", { rd: s0, rs1: s0, imm: -1 }),
  insn("bne", { rs1: s0, rs2: zero, imm: -4 * (body.length + 1) }),
  ...call(Sys.exitGroup, 5)
]
const loopAt = codeStart + 4 * (li(s0, turns).length + li(s1, data).length)

/** The JIT, which reads another instruction than the interpreter at the loop's first address. */
const misreading =
  (other: number) =>
  (options: EngineOptions): EngineServices => {
    const { frontEnd } = options
    return make({
      ...options,
      frontEnd: {
        ...frontEnd,
        translate: ({ fetch16 }, builder, how) =>
          frontEnd.translate(
            {
              fetch16: (address) =>
                address === loopAt ? other & 0xffff : address === loopAt + 2 ? other >>> 16 : fetch16(address)
            },
            builder,
            how
          )
      }
    })
  }

const differing = (request: RunRequest): Effect.Effect<string> =>
  Effect.map(Effect.exit(run(request)), (exit) => {
    const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
    return defect instanceof EnginesDiffer ? defect.message : `no difference: ${String(defect)}`
  })

const increment = insn("addi", { rd: a5, rs1: a5, imm: 1 })
const store = insn("sd", { rs1: s1, rs2: s0, imm: 8 })

describe("a mistake in the tested engine is found:", () => {
  it.effect.each([
    {
      what: "a wrong result",
      right: increment,
      wrong: insn("addi", { rd: a5, rs1: a5, imm: 2 }),
      says: /a5: JIT 0x2, interpreter 0x1; written last at 0x1000c: addi +a5,a5,1/
    },
    {
      what: "a result in the wrong register",
      right: increment,
      wrong: insn("addi", { rd: a3, rs1: a5, imm: 1 }),
      says: /a3: JIT 0x1, interpreter 0x0; not written since they agreed\n +a5: JIT 0x0, interpreter 0x1; written last at 0x1000c/
    },
    {
      what: "a wrong value stored",
      right: store,
      wrong: insn("sw", { rs1: s1, rs2: zero, imm: 8 }),
      says: /memory at 0x11008: JIT 0x0, interpreter 0x64; written last at 0x1000c: sd +s0,8\(s1\)/
    },
    {
      what: "a store where there is none",
      right: insn("addi", { rd: 0, rs1: 0, imm: 0 }),
      wrong: insn("sd", { rs1: s1, rs2: s0, imm: 0x700 }),
      says: /memory at 0x11700: JIT 0x[0-9a-f]+, interpreter 0x0; not written since they agreed/
    },
    {
      what: "a branch that is not taken",
      right: insn("bne", { rs1: s0, rs2: zero, imm: 8 }),
      wrong: insn("beq", { rs1: s0, rs2: zero, imm: 8 }),
      says: /a2: JIT 0x1, interpreter 0x0; not written since they agreed/
    },
    {
      what: "a fault that is missed",
      right: insn("ld", { rd: a3, rs1: zero, imm: 8 }),
      wrong: insn("addi", { rd: a3, rs1: zero, imm: 0 }),
      says: /why it was left: JIT \w+, interpreter memoryFault at 0x8 \(load, not mapped\)/
    },
    {
      what: "a fault at the wrong address",
      right: insn("ld", { rd: a3, rs1: zero, imm: 8 }),
      wrong: insn("ld", { rd: a3, rs1: zero, imm: 16 }),
      says: /why it was left: JIT memoryFault at 0x10 .*, interpreter memoryFault at 0x8 /
    },
    {
      what: "a system call that is not made",
      right: ecall,
      wrong: insn("addi", { rd: 0, rs1: 0, imm: 0 }),
      says: /why it was left: JIT budget, interpreter syscall/
    }
  ])("$what", ({ right, says, wrong }) =>
    Effect.gen(function* () {
      const report = yield* differing({
        program: loop(right, insn("addi", { rd: a2, rs1: a2, imm: 1 })),
        engine: { jit, lockstep: { makeTested: misreading(wrong) } }
      })
      assert.match(report, says)
      assert.match(
        report,
        /^the JIT and the interpreter differ after \d+ instructions of vCPU 0; they agreed \d+ instructions? earlier\n/
      )
      assert.match(report, /blocks since they agreed: 0x/)
    })
  )

  it.effect("a callback that is not made", () =>
    Effect.gen(function* () {
      const report = yield* differing({
        program: loop(increment),
        plugins: [plugin((api) => api.onTbTrans((tb) => tb.onExec(() => {})))],
        engine: {
          jit,
          lockstep: {
            makeTested: (options) => {
              const services = make(options)
              const { codeCache } = services
              return {
                ...services,
                codeCache: {
                  ...codeCache,
                  setInstrumenter: (instrument) =>
                    codeCache.setInstrumenter((vcpu, tb) => {
                      const all = instrument(vcpu, tb)
                      return Number(tb.pc) === loopAt && all !== undefined ? { ...all, tb: [] } : all
                    })
                }
              }
            }
          }
        }
      })
      assert.match(report, /exec callback at 0x1000c on vCPU 0/)
    })
  )
})

/** Adds one to the immediate of its own last instruction, in each turn. */
const changingItself = (() => {
  const before = [
    ...call(Sys.mprotect, codeStart, 4096, 7),
    ...li(a2, 1 << 20),
    ...li(a1, codeStart),
    insn("lw", { rd: a3, rs1: a1, imm: 0 }),
    insn("add", { rd: a3, rs1: a3, rs2: a2 }),
    insn("sw", { rs1: a1, rs2: a3, imm: 0 }),
    insn("fence.i")
  ]
  const target = loopAt - codeStart + 4 * before.length
  return [
    ...before.slice(0, -4),
    insn("lw", { rd: a3, rs1: a1, imm: target }),
    ...before.slice(-3, -2),
    insn("sw", { rs1: a1, rs2: a3, imm: target }),
    ...before.slice(-1),
    increment
  ]
})()

describe("no difference is found", () => {
  it.effect("when a deferred callback throws: the plugin has failed, not an engine", () =>
    Effect.gen(function* () {
      let calls = 0
      const broken = plugin(
        (api) =>
          api.onTbTrans((tb) =>
            tb.onExec(() => {
              if (++calls === turns / 2) throw new Error("oops")
            }, CallbackFlags.deferred)
          ),
        "broken"
      )
      const { exit } = yield* run({ program: loop(increment), plugins: [broken], engine: { jit, lockstep: {} } })
      assert.match(
        Result.getOrThrow(Result.flip(exit)).message,
        /^plugin broken failed in its exec callback at pc 0x1000c: oops$/
      )
    })
  )

  it.effect.each([
    {
      what: "between clocks",
      body: [insn("csrrs", { rd: a3, rs1: 0, imm: 0xc01 }), insn("sd", { rs1: s1, rs2: a3, imm: 0 })]
    },
    {
      what: "in what the kernel writes",
      body: [
        ...li(a0, 0),
        insn("addi", { rd: a1, rs1: s1, imm: 64 }),
        ...li(reg.a7, Sys.clock),
        ecall,
        insn("ld", { rd: a2, rs1: s1, imm: 72 })
      ]
    },
    {
      what: "in code that is changed by the program",
      body: changingItself
    }
  ])("$what", ({ body }) =>
    Effect.gen(function* () {
      const { exit } = yield* run({ program: loop(...body), engine: { jit, lockstep: {} } })
      assert.strictEqual(Result.getOrThrow(exit).status, 5)
    })
  )

  it.effect.each([undefined, 7])(
    "when plugins change registers and memory (seed %s), who see what they see elsewhere",
    (seed) =>
      Effect.gen(function* () {
        const seen: Record<string, Array<bigint | number>> = {}
        const changing = (name: string) =>
          plugin((api) =>
            api.onTbTrans((tb) => {
              const log = (seen[name] ??= [])
              for (const one of tb.insns) {
                one.onMem((_, info, address) => void log.push(address, info.value), MemRw.readWrite)
                if (one.pc !== BigInt(loopAt)) continue
                one.onExec(() => {
                  const register = api.getRegisters().find(({ name: known }) => known === "a5")!
                  log.push(api.readRegister(register))
                  api.writeRegister(register, api.readRegister(register) * 3n)
                  api.writeMemory(BigInt(data + 8), Uint8Array.of(log.length))
                }, CallbackFlags.readWriteRegs)
              }
            })
          )
        const body = [increment, insn("ld", { rd: a3, rs1: s1, imm: 8 }), insn("sd", { rs1: s1, rs2: a5, imm: 16 })]
        for (const [name, engine] of [
          ["interpreter", {}],
          ["lockstep", { jit, lockstep: seed === undefined ? {} : { seed } }]
        ] as const) {
          const { exit } = yield* run({ program: loop(...body), plugins: [changing(name)], engine })
          assert.strictEqual(Result.getOrThrow(exit).status, 5)
        }
        assert.deepStrictEqual(seen["lockstep"], seen["interpreter"])
        assert.isAbove(seen["lockstep"]!.length, 3 * turns)
      })
  )
})
