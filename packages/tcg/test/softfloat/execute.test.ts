/** `execute`: the quick paths on Numbers against the integer path, rounding mode resolution, flag accrual, slots. */
import { assert, describe, it } from "@effect/vitest"
import { CpuState } from "@emu/tcg/CpuState"
import { Opcode, opTable, RoundingMode } from "@emu/tcg/ir/Opcode"
import * as Layout from "@emu/tcg/Layout"
import { evaluate, execute } from "@emu/tcg/softfloat/index"
import { operations } from "@emu/tcg/softfloat/operations"
import { integer, triple } from "./patterns.ts"

const state = new CpuState(new WebAssembly.Memory({ initial: Layout.wasmPages, maximum: Layout.wasmPages, shared: true }))
const { fpFlags, fpRound } = Layout.CpuSlot
const [d, a, b, c] = [20, 21, 22, 23] as const
const set = (x: bigint, y: bigint, z: bigint) => {
  state.u64[a] = x
  state.u64[b] = y
  state.u64[c] = z
}

describe("quick paths", () => {
  operations.forEach((operation, opcode) => {
    if (operation === undefined) return
    const name = opTable[opcode]!.name
    const check = (x: bigint, y: bigint, z: bigint) => {
      for (const round of operation.rounds ? [0, 1, 2, 3, 4] : [0]) {
        for (const negate of opTable[opcode]!.inputs === 3 ? [0, 1, 2, 3] : [0]) {
          set(x, y, z)
          state.u64[d] = 0x1111111111111111n
          state.u64[fpFlags] = 0n
          execute(state, opcode, d, a, b, c, round, negate)
          const status = { round, flags: 0 }
          const wanted = evaluate(opcode, status, x, y, z, negate)
          const label = `${name} mode ${round} negate ${negate} ${[x, y, z].map((n) => n.toString(16)).join(" ")}`
          assert.strictEqual(state.i64[d], wanted, label)
          assert.strictEqual(state.u32[2 * fpFlags], status.flags, label)
        }
      }
    }
    const options = { arbitrary: { runs: 1500 } }
    if (/_f(32|64)_[iu]/.test(name)) {
      it.prop(`${name} agrees with the integer path`, [integer], ([x]) => check(x, 0n, 0n), options)
    } else {
      it.prop(`${name} agrees with the integer path`, [triple(operation.operandWidth)], ([t]) => check(...t), options)
    }
  })

  it("decline rarely: a run of ordinary numbers stays on them", () => {
    const names = [
      "fadd_f64",
      "fmul_f64",
      "fdiv_f64",
      "fsqrt_f64",
      "fma_f64",
      "fadd_f32",
      "fmul_f32",
      "fdiv_f32",
      "fma_f32"
    ] as const
    for (const name of names) {
      for (let i = 1; i < 200; i++) {
        if (name.endsWith("f64")) {
          state.f64[a] = i * 1.1
          state.f64[b] = 7 / i
          state.f64[c] = i - 100.5
        } else {
          state.f32[2 * a] = i * 1.1
          state.f32[2 * b] = 7 / i
          state.f32[2 * c] = i - 100.5
        }
        assert.isTrue(operations[Opcode[name]]!.quick(state, d, a, b, c, RoundingMode.rne, 0), `${name} ${i}`)
      }
    }
  })
})

describe("rounding mode", () => {
  // 1 + 2^-60 lies between 1 and the double above it.
  const run = (rm: number) => {
    set(0x3ff0000000000000n, 0x3c30000000000000n, 0n)
    return execute(state, Opcode.fadd_f64, d, a, b, c, rm, 0)
  }
  it("dynamic reads the vCPU's mode", () => {
    state.u64[fpRound] = BigInt(RoundingMode.rup)
    assert.isTrue(run(RoundingMode.dynamic))
    assert.strictEqual(state.u64[d], 0x3ff0000000000001n)
    state.u64[fpRound] = BigInt(RoundingMode.rdn)
    assert.isTrue(run(RoundingMode.dynamic))
    assert.strictEqual(state.u64[d], 0x3ff0000000000000n)
  })
  it.each([5, 6])("static %i is refused", (rm) => assert.isFalse(run(rm)))
  it.each([5, 6, 7])("dynamic with frm %i is refused and changes nothing", (frm) => {
    state.u64[fpRound] = BigInt(frm)
    state.u64[d] = 5n
    state.u64[fpFlags] = 0n
    assert.isFalse(run(RoundingMode.dynamic))
    assert.strictEqual(state.u64[d], 5n)
    assert.strictEqual(state.u64[fpFlags], 0n)
  })
  it("does not matter to operations that don't round", () => {
    state.u64[fpRound] = 7n
    set(1n, 2n, 0n)
    assert.isTrue(execute(state, Opcode.fmin_f64, d, a, b, c, 7, 0))
    assert.strictEqual(state.u64[d], 1n)
  })
})

describe("flags", () => {
  it("accrue", () => {
    state.u64[fpFlags] = 0n
    set(0x3ff0000000000000n, 0n, 0n)
    execute(state, Opcode.fdiv_f64, d, a, b, c, 0, 0)
    set(0x3ff0000000000000n, 0x4008000000000000n, 0n)
    execute(state, Opcode.fdiv_f64, d, a, b, c, 0, 0)
    assert.strictEqual(state.u32[2 * fpFlags], Layout.FpFlag.divideByZero | Layout.FpFlag.inexact)
  })
  it("infinity times zero plus a quiet NaN is invalid", () => {
    state.u64[fpFlags] = 0n
    set(0x7ff0000000000000n, 0n, 0x7ff8000000000000n)
    execute(state, Opcode.fma_f64, d, a, b, c, 0, 0)
    assert.strictEqual(state.u64[d], 0x7ff8000000000000n)
    assert.strictEqual(state.u32[2 * fpFlags], Layout.FpFlag.invalid)
  })
})

describe("slots", () => {
  it("the result may overwrite an operand", () => {
    set(0x3ff0000000000000n, 0x7ff0000000000001n, 0n)
    execute(state, Opcode.fadd_f64, b, a, b, c, 0, 0)
    assert.strictEqual(state.u64[b], 0x7ff8000000000000n)
  })
  it("the upper half of a single's slot is ignored in operands and zero in results", () => {
    state.u64[d] = 0xffffffffffffffffn
    set(0xabcdabcd3f800000n, 0x1234123440000000n, 0n)
    execute(state, Opcode.fadd_f32, d, a, b, c, 0, 0)
    assert.strictEqual(state.u64[d], 0x40400000n)
  })
})
