/** CSRs, rounding modes, environment calls and what is illegal. */
import { assert, describe, it } from "@effect/vitest"
import { ExitKind } from "@emu/tcg/Engine"
import { CpuSlot } from "@emu/tcg/Layout"
import { encode } from "@emu/guest/riscv64/isa/encode"
import { insnRow } from "@emu/guest/riscv64/isa/table"
import { Csr } from "@emu/guest/riscv64/names"
import { word } from "./support/arbitrary.ts"
import { codeBase, Machine, machineTime } from "./support/Machine.ts"

const machine = new Machine()
const insn = (name: string, operands: Record<string, number> = {}): number => encode(insnRow(name).pattern, operands)

/** The floating-point CSRs by number: bits that exist, and where fcsr has them. */
const floatCsrs = [
  [Csr.fflags, 0, 5],
  [Csr.frm, 5, 3],
  [Csr.fcsr, 0, 8]
] as const

const updates: Readonly<Record<string, (old: bigint, operand: bigint) => bigint>> = {
  csrrw: (_old, operand) => operand,
  csrrs: (old, operand) => old | operand,
  csrrc: (old, operand) => old & ~operand
}

const fcsr = (): bigint => (machine.x(CpuSlot.fpRound) << 5n) | machine.x(CpuSlot.fpFlags)

describe("floating-point CSRs", () => {
  for (const [name, update] of Object.entries(updates)) {
    for (const form of ["", "i"]) {
      it.prop(
        name + form,
        [word, word, word],
        ([before, random, choice]) => {
          const [csr, low, width] = floatCsrs[choice % 3]!
          const operand = form === "i" ? BigInt(random & 31) : BigInt(random)
          const start = BigInt(before & 0xff)
          const rd = choice & 8 ? 10 : 0
          machine.reset()
          machine.state.i64[CpuSlot.fpFlags] = start & 31n
          machine.state.i64[CpuSlot.fpRound] = start >> 5n
          machine.setX(11, operand)
          const exit = machine.run(insn(name + form, { rd, rs1: form === "i" ? Number(operand) : 11, imm: csr }))
          assert.strictEqual(exit.kind, ExitKind.syscall)
          const mask = (1n << BigInt(width)) - 1n
          const old = (start >> BigInt(low)) & mask
          const merged = (start & ~(mask << BigInt(low))) | ((update(old, operand) & mask) << BigInt(low))
          assert.strictEqual(fcsr(), merged)
          assert.strictEqual(machine.x(rd), rd === 0 ? 0n : old)
        },
        { arbitrary: { runs: 200 } }
      )
    }
  }

  it("csrrw may read and write the same register", () => {
    machine.reset()
    machine.state.i64[CpuSlot.fpFlags] = 3n
    machine.setX(10, 0x1cn)
    machine.run(insn("csrrw", { rd: 10, rs1: 10, imm: Csr.fflags }))
    assert.deepStrictEqual([machine.x(10), machine.x(CpuSlot.fpFlags)], [3n, 0x1cn])
  })
})

describe("counters", () => {
  it("time is the clock's, cycle and instret grow with instructions", () => {
    machine.reset()
    const read = (rd: number, imm: number) => insn("csrrs", { rd, imm })
    machine.run(read(10, Csr.time), read(11, Csr.cycle), read(12, Csr.instret), insn("csrrsi", { rd: 13, imm: Csr.cycle }))
    assert.strictEqual(machine.x(10), machineTime)
    assert.isTrue(machine.x(11) > 0n)
    assert.isTrue(machine.x(12) > machine.x(11))
    assert.isTrue(machine.x(13) > machine.x(12))
  })
})

describe("vlenb", () => {
  it("is 0: there is no vector unit, whatever programs that look for one believe", () => {
    machine.reset()
    machine.setX(10, 5n)
    assert.strictEqual(machine.run(insn("csrrs", { rd: 10, imm: Csr.vlenb })).kind, ExitKind.syscall)
    assert.strictEqual(machine.x(10), 0n)
  })
})

describe("exits", () => {
  const cases: ReadonlyArray<readonly [what: string, raw: number, kind: ExitKind, pcOffset: number]> = [
    ["ecall", insn("ecall"), ExitKind.syscall, 4],
    ["ebreak", insn("ebreak"), ExitKind.breakpoint, 0],
    ["fence.i", insn("fence.i"), ExitKind.fenceI, 4],
    ["pause", insn("pause"), ExitKind.yield, 4],
    ["an unknown instruction", 0xffffffff, ExitKind.illegal, 0],
    ["mret", insn("mret"), ExitKind.illegal, 0],
    ["wfi", insn("wfi"), ExitKind.illegal, 0],
    ["an unknown CSR", insn("csrrs", { rd: 10, imm: 0x300 }), ExitKind.illegal, 0],
    ["a write to a counter", insn("csrrw", { rd: 0, rs1: 0, imm: Csr.cycle }), ExitKind.illegal, 0],
    ["setting bits of a counter", insn("csrrs", { rd: 10, rs1: 1, imm: Csr.time }), ExitKind.illegal, 0],
    ["rounding mode 5", insn("fadd.d", { rm: 5 }), ExitKind.illegal, 0],
    ["rounding mode 6", insn("fcvt.w.s", { rm: 6 }), ExitKind.illegal, 0]
  ]
  for (const [what, raw, kind, offset] of cases) {
    it(what, () => {
      machine.reset()
      const exit = machine.run(raw)
      assert.deepStrictEqual([exit.kind, machine.pc], [kind, codeBase + offset])
    })
  }

  it("fence, and pause's neighbours among the hints, do nothing", () => {
    machine.reset()
    const exit = machine.run(
      insn("fence", { pred: 15, succ: 15 }),
      insn("fence", { fm: 8, pred: 3, succ: 3 }),
      insn("fence", { pred: 1, rd: 1 })
    )
    assert.deepStrictEqual([exit.kind, machine.pc], [ExitKind.syscall, codeBase + 16])
  })
})

describe("the dynamic rounding mode", () => {
  const quotient = (rm: number): bigint => {
    machine.state.f64[32 + 1] = 1
    machine.state.f64[32 + 2] = 3
    machine.run(insn("fdiv.d", { rd: 3, rs1: 1, rs2: 2, rm }))
    return machine.x(32 + 3)
  }

  it("rounds as the static modes do", () => {
    for (const rm of [0, 1, 2, 3, 4]) {
      machine.reset()
      const fixed = quotient(rm)
      machine.reset()
      machine.state.i64[CpuSlot.fpRound] = BigInt(rm)
      assert.strictEqual(quotient(7), fixed)
    }
  })

  it("is illegal where it does not exist, at every instruction that uses it", () => {
    for (const rm of [5n, 6n, 7n]) {
      machine.reset()
      machine.state.i64[CpuSlot.fpRound] = rm
      const dynamic = insn("fadd.s", { rd: 3, rs1: 1, rs2: 2, rm: 7 })
      const before = [insn("addi", { rd: 10, rs1: 10, imm: 1 }), insn("fadd.s", { rm: 0 })]
      const exit = machine.run(...before, dynamic, dynamic)
      assert.deepStrictEqual([exit.kind, machine.pc, machine.x(10)], [ExitKind.illegal, codeBase + 8, 1n])
      const counted = machine.x(CpuSlot.instructions)
      machine.reset()
      machine.run(...before, 0xffffffff)
      assert.strictEqual(counted, machine.x(CpuSlot.instructions), "counts as any illegal instruction")
    }
  })
})
