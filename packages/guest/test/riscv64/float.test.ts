/**
 * Floating-point instructions, run on the interpreter, against the host's arithmetic (which rounds to nearest): that each
 * instruction reaches the right operation with its operands in the right order, boxed and unboxed. Rounding modes and flags of the
 * operations themselves are tested in tcg, against the recorded results of the golden program `floats`.
 */
import { assert, describe, it } from "@effect/vitest"
import { encode } from "@emu/guest/riscv64/isa/encode"
import { insnRow, insnTable } from "@emu/guest/riscv64/isa/table"
import { Machine } from "./support/Machine.ts"

const machine = new Machine()
const f = (register: number): number => 32 + register

/** How a format lies in a register. */
interface Format {
  readonly suffix: "s" | "d"
  readonly signBit: bigint
  readonly round: (value: number) => number
  readonly put: (register: number, value: number) => void
  readonly get: (register: number) => number
}

const single: Format = {
  suffix: "s",
  signBit: 1n << 31n,
  round: Math.fround,
  put: (register, value) => {
    machine.state.f32[2 * f(register)] = value
    machine.state.i32[2 * f(register) + 1] = -1
  },
  get: (register) => {
    assert.strictEqual(machine.state.i32[2 * f(register) + 1], -1, "the result is boxed")
    return machine.state.f32[2 * f(register)]!
  }
}

const double: Format = {
  suffix: "d",
  signBit: 1n << 63n,
  round: (value) => value,
  put: (register, value) => {
    machine.state.f64[f(register)] = value
  },
  get: (register) => machine.state.f64[f(register)]!
}

const values = [0, -0, 1, -1, 1.5, -2.25, 3, 7, 1e10, -1e10, 0.1, -0.3, Infinity, -Infinity, Number.NaN, 255, -128]

/** f3 = op(f1, f2, f4), exact enough that one rounding at the end is right for the values above. */
const computations: Readonly<Record<string, (a: number, b: number, c: number) => number>> = {
  fadd: (a, b) => a + b,
  fsub: (a, b) => a - b,
  fmul: (a, b) => a * b,
  fdiv: (a, b) => a / b,
  fsqrt: (a) => Math.sqrt(a),
  fmin: (a, b) => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.min(a, b)),
  fmax: (a, b) => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.max(a, b))
}

/** Products and sums of these are exact, so that the host needs no fma. */
const exactValues = [0, 1, -1, 1.5, -2.25, 3, -7, 255, Infinity, Number.NaN]
const fused: Readonly<Record<string, (a: number, b: number, c: number) => number>> = {
  fmadd: (a, b, c) => a * b + c,
  fmsub: (a, b, c) => a * b - c,
  fnmsub: (a, b, c) => -(a * b) + c,
  fnmadd: (a, b, c) => -(a * b) - c
}

const comparisons: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  feq: (a, b) => a === b,
  flt: (a, b) => a < b,
  fle: (a, b) => a <= b
}

const run = (name: string, operands: Record<string, number>): void => {
  const { pattern } = insnRow(name)
  const known = Object.fromEntries(Object.entries(operands).filter(([field]) => pattern.fields.has(field)))
  machine.run(encode(pattern, known))
}

const operands = { rd: 3, rs1: 1, rs2: 2, rs3: 4, rm: 0 }

for (const format of [single, double]) {
  const s = format.suffix
  describe(`format ${s}`, () => {
    for (const [name, model] of [...Object.entries(computations), ...Object.entries(fused)]) {
      it(`${name}.${s}`, () => {
        const list = name in fused ? exactValues : values
        for (const a of list) {
          for (const b of list) {
            const c = list[(list.indexOf(a) * 3 + list.indexOf(b)) % list.length]!
            machine.reset()
            format.put(1, a)
            format.put(2, b)
            format.put(4, c)
            run(`${name}.${s}`, operands)
            const expected = format.round(model(format.round(a), format.round(b), format.round(c)))
            assert.isTrue(Object.is(format.get(3), expected), `${name} ${a} ${b} ${c}: ${format.get(3)}, not ${expected}`)
          }
        }
      })
    }

    for (const [name, model] of Object.entries(comparisons)) {
      it(`${name}.${s}`, () => {
        for (const a of values) {
          for (const b of values) {
            machine.reset()
            format.put(1, a)
            format.put(2, b)
            run(`${name}.${s}`, operands)
            assert.strictEqual(machine.x(3), model(format.round(a), format.round(b)) ? 1n : 0n, `${name} ${a} ${b}`)
          }
        }
      })
    }

    it(`sign injection`, () => {
      const mask = format.signBit - 1n
      const rules: Record<string, (a: bigint, b: bigint) => bigint> = {
        fsgnj: (a, b) => (a & mask) | (b & format.signBit),
        fsgnjn: (a, b) => (a & mask) | (~b & format.signBit),
        fsgnjx: (a, b) => a ^ (b & format.signBit)
      }
      const width = s === "s" ? 32 : 64
      for (const [name, rule] of Object.entries(rules)) {
        for (const a of values) {
          for (const b of values) {
            for (const rs2 of [1, 2]) {
              machine.reset()
              format.put(1, a)
              format.put(2, b)
              const [x, y] = [machine.x(f(1)), machine.x(f(rs2))].map((bits) => BigInt.asUintN(width, bits)) as [
                bigint,
                bigint
              ]
              run(`${name}.${s}`, { rd: 3, rs1: 1, rs2 })
              const box = s === "s" ? 0xffffffff00000000n : 0n
              assert.strictEqual(BigInt.asUintN(64, machine.x(f(3))), rule(x, y) | box, `${name} ${a} ${b}`)
            }
          }
        }
      }
    })

    it("conversions to integers truncate and saturate", () => {
      const ranges = {
        w: [-(2n ** 31n), 2n ** 31n - 1n],
        wu: [0n, 2n ** 32n - 1n],
        l: [-(2n ** 63n), 2n ** 63n - 1n],
        lu: [0n, 2n ** 64n - 1n]
      }
      for (const [width, [least, most]] of Object.entries(ranges)) {
        for (const value of [...values, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 63, -(2 ** 63), 2 ** 64]) {
          machine.reset()
          format.put(1, value)
          run(`fcvt.${width}.${s}`, { rd: 3, rs1: 1, rm: 1 })
          const rounded = format.round(value)
          const exact =
            Number.isNaN(rounded) || rounded === Infinity
              ? most!
              : rounded === -Infinity
                ? least!
                : BigInt(Math.trunc(rounded))
          const clamped = exact < least! ? least! : exact > most! ? most! : exact
          const result = width.startsWith("w") ? BigInt.asIntN(32, clamped) : BigInt.asIntN(64, clamped)
          assert.strictEqual(machine.x(3), result, `fcvt.${width}.${s} ${value}`)
        }
      }
    })

    it("conversions from integers", () => {
      const cuts: Record<string, (value: bigint) => bigint> = {
        w: (value) => BigInt.asIntN(32, value),
        wu: (value) => BigInt.asUintN(32, value),
        l: (value) => value,
        lu: (value) => BigInt.asUintN(64, value)
      }
      for (const [width, cut] of Object.entries(cuts)) {
        for (const value of [0n, 1n, -1n, 1000n, -0x80000000n, 0xffffffffn, 2n ** 62n, -(2n ** 63n)]) {
          machine.reset()
          machine.setX(5, value)
          run(`fcvt.${s}.${width}`, { rd: 3, rs1: 5, rm: 0 })
          assert.strictEqual(format.get(3), format.round(Number(cut(value))), `fcvt.${s}.${width} ${value}`)
        }
      }
    })

    it(`fclass.${s}`, () => {
      const classes: ReadonlyArray<readonly [number, bigint]> = [
        [-Infinity, 0],
        [-1, 1],
        [-0, 3],
        [0, 4],
        [1, 6],
        [Infinity, 7],
        [Number.NaN, 9]
      ].map(([value, bit]) => [value!, 1n << BigInt(bit!)] as const)
      for (const [value, bit] of classes) {
        machine.reset()
        format.put(1, value)
        run(`fclass.${s}`, operands)
        assert.strictEqual(machine.x(3), bit, `${value}`)
      }
    })
  })
}

describe("moves and conversions between formats", () => {
  it("fmv moves bits, and fmv.s.x boxes them", () => {
    machine.reset()
    machine.setX(5, 0x1234567889abcdefn)
    run("fmv.d.x", { rd: 1, rs1: 5 })
    run("fmv.s.x", { rd: 2, rs1: 5 })
    run("fmv.x.d", { rd: 6, rs1: 1 })
    run("fmv.x.s", { rd: 7, rs1: 1 })
    assert.strictEqual(machine.x(6), 0x1234567889abcdefn)
    assert.strictEqual(BigInt.asUintN(64, machine.x(f(2))), 0xffffffff89abcdefn)
    assert.strictEqual(machine.x(7), BigInt.asIntN(32, 0x89abcdefn))
  })

  it("fcvt.s.d and fcvt.d.s", () => {
    for (const value of values) {
      machine.reset()
      double.put(1, value)
      run("fcvt.s.d", { rd: 2, rs1: 1, rm: 0 })
      run("fcvt.d.s", { rd: 3, rs1: 2, rm: 0 })
      assert.isTrue(Object.is(single.get(2), Math.fround(value)))
      assert.isTrue(Object.is(double.get(3), Math.fround(value)))
    }
  })

  it("a single that is not boxed counts as NaN", () => {
    machine.reset()
    single.put(1, 1)
    machine.state.i32[2 * f(1) + 1] = 0
    single.put(2, 2)
    run("fadd.s", operands)
    assert.isNaN(single.get(3))
    run("fsgnj.s", { rd: 3, rs1: 1, rs2: 1 })
    assert.strictEqual(BigInt.asUintN(64, machine.x(f(3))), 0xffffffff7fc00000n)
  })
})

describe("the cases above", () => {
  it("name every floating-point computation of the table", () => {
    const named = new Set([
      ...Object.keys(computations),
      ...Object.keys(fused),
      ...Object.keys(comparisons),
      "fsgnj",
      "fsgnjn",
      "fsgnjx",
      "fclass",
      "fcvt",
      "fmv"
    ])
    const missing = insnTable.filter((row) => row.insnClass === "float" && !named.has(row.name.split(".")[0]!))
    assert.deepStrictEqual(
      missing.map((row) => row.name),
      []
    )
  })
})
