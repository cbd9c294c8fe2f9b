/** Every integer instruction, run on the interpreter, against the model of support/model.ts. */
import { assert, describe, it } from "@effect/vitest"
import { encode } from "@emu/guest/riscv64/isa/encode"
import { insnRow, insnTable } from "@emu/guest/riscv64/isa/table"
import { fieldValue, Value64, word } from "./support/arbitrary.ts"
import { codeBase, Machine } from "./support/Machine.ts"
import { branchModels, immediateModels, registerModels } from "./support/model.ts"

const machine = new Machine()
const runs = { arbitrary: { runs: 150 } }

/** Registers for an operation: all different, two the same, and x0 as destination or source. */
const choices: ReadonlyArray<readonly [rd: number, rs1: number, rs2: number]> = [
  [10, 11, 12],
  [10, 10, 12],
  [10, 11, 10],
  [10, 11, 11],
  [10, 10, 10],
  [0, 11, 12],
  [10, 0, 12],
  [10, 11, 0],
  [31, 1, 5]
]

const setUp = (rs1: number, a: bigint, rs2: number, b: bigint): readonly [a: bigint, b: bigint] => {
  machine.reset()
  machine.setX(rs1, a)
  machine.setX(rs2, b)
  return [machine.x(rs1), machine.x(rs2)]
}

const check = (name: string, rd: number, expected: bigint): void => {
  assert.strictEqual(machine.x(rd), rd === 0 ? 0n : BigInt.asIntN(64, expected), `${name} x${rd}`)
  assert.strictEqual(machine.x(0), 0n)
}

describe("operations on registers", () => {
  for (const [name, model] of Object.entries(registerModels)) {
    const { pattern } = insnRow(name)
    it.prop(
      name,
      [Value64, Value64, word],
      ([a, b, choice]) => {
        const [rd, rs1, rs2] = choices[choice % choices.length]!
        const isUnary = !pattern.fields.has("rs2")
        const [x, y] = setUp(rs1, a, rs2, b)
        machine.run(encode(pattern, isUnary ? { rd, rs1 } : { rd, rs1, rs2 }))
        check(name, rd, model(x, y))
      },
      runs
    )
  }
})

describe("operations on immediates", () => {
  for (const [name, model] of Object.entries(immediateModels)) {
    const { pattern } = insnRow(name)
    it.prop(
      name,
      [Value64, word, word],
      ([a, kind, choice]) => {
        const [rd, rs1] = choices[choice % choices.length]!
        const imm = fieldValue(pattern.fields.get("imm")!, kind, choice)
        const [x] = setUp(rs1, a, rs1, a)
        machine.run(encode(pattern, { rd, rs1, imm }))
        check(name, rd, model(x, BigInt(imm)))
      },
      runs
    )
  }

  it.prop(
    "lui and auipc",
    [word, word],
    ([kind, random]) => {
      for (const [name, base] of [
        ["lui", 0],
        ["auipc", codeBase]
      ] as const) {
        const { pattern } = insnRow(name)
        const imm = fieldValue(pattern.fields.get("imm")!, kind, random)
        machine.reset()
        machine.run(encode(pattern, { rd: 7, imm }))
        check(name, 7, BigInt(base + imm))
      }
    },
    runs
  )
})

describe("jumps", () => {
  const skipped = encode(insnRow("addi").pattern, { rd: 31, rs1: 31, imm: 1 })
  const nop = encode(insnRow("addi").pattern, {})

  for (const [name, model] of Object.entries(branchModels)) {
    it.prop(
      name,
      [Value64, Value64, word],
      ([a, b, choice]) => {
        const [, rs1, rs2] = choices[choice % choices.length]!
        const [x, y] = setUp(rs1, a, rs2, choice % 2 === 0 ? b : a)
        const before = machine.x(31)
        if (rs1 === 31 || rs2 === 31) return
        machine.run(encode(insnRow(name).pattern, { rs1, rs2, imm: 8 }), skipped, nop)
        assert.strictEqual(machine.x(31) - before, model(x, y) ? 0n : 1n, `${name} ${x} ${y}`)
      },
      runs
    )
  }

  it("jal and jalr leave the return address, clear bit 0 and read rs1 before they write rd", () => {
    for (const rd of [0, 1, 5, 10]) {
      machine.reset()
      machine.run(encode(insnRow("jal").pattern, { rd, imm: 8 }), skipped)
      check("jal", rd, BigInt(codeBase + 4))
      assert.strictEqual(machine.x(31), 0n)
      for (const rs1 of [1, 5, 10]) {
        machine.reset()
        machine.setX(rs1, BigInt(codeBase + 5))
        machine.run(encode(insnRow("jalr").pattern, { rd, rs1, imm: 4 }), skipped)
        if (rd !== rs1) assert.strictEqual(machine.x(rs1), BigInt(codeBase + 5))
        check("jalr", rd, BigInt(codeBase + 4))
        assert.strictEqual(machine.x(31), 0n)
        assert.strictEqual(machine.pc, codeBase + 12, "the ecall two instructions on")
      }
    }
  })

  it("branches reach backwards", () => {
    machine.reset()
    machine.setX(5, 100n)
    machine.run(
      encode(insnRow("addi").pattern, { rd: 5, rs1: 5, imm: -1 }),
      encode(insnRow("bne").pattern, { rs1: 5, imm: -4 })
    )
    assert.strictEqual(machine.x(5), 0n)
  })
})

describe("the models", () => {
  it("are there for every integer instruction of the table", () => {
    const covered = new Set([...Object.keys(registerModels), ...Object.keys(immediateModels), "lui", "auipc"])
    const missing = insnTable.filter(
      (row) => (row.insnClass === "arithmetic" || row.insnClass === "multiply") && !covered.has(row.name)
    )
    assert.deepStrictEqual(
      missing.map((row) => row.name),
      []
    )
  })
})
