/** Loads, stores and atomics on the interpreter against the models. */
import { assert, describe, it } from "@effect/vitest"
import { ExitKind } from "@emu/tcg/Engine"
import { CpuSlot } from "@emu/tcg/Layout"
import { encode } from "@emu/guest/riscv64/isa/encode"
import { insnRow, insnTable } from "@emu/guest/riscv64/isa/table"
import { Value64, word } from "./support/arbitrary.ts"
import { codeBase, dataBase, Machine } from "./support/Machine.ts"
import { atomicModels, loadModels, storeModels } from "./support/model.ts"

const machine = new Machine()
const runs = { arbitrary: { runs: 100 } }
const address = 10
const insn = (name: string, operands: Record<string, number>): number => encode(insnRow(name).pattern, operands)

/** Little-endian bytes of guest memory as an unsigned number. */
const peek = (at: number, bytes: number): bigint => {
  let value = 0n
  for (let i = bytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(machine.state.u8[at + i]!)
  return value
}

describe("loads and stores", () => {
  for (const [name, [bytes, isSigned]] of Object.entries(loadModels)) {
    it.prop(
      name,
      [Value64, word],
      ([value, random]) => {
        machine.reset()
        const at = dataBase + 64 + (random % 64)
        const imm = ((random >>> 8) % 4096) - 2048
        machine.state.view.setBigInt64(at, value, true)
        machine.setX(address, BigInt(at - imm))
        machine.run(insn(name, { rd: 11, rs1: address, imm }))
        const raw = peek(at, bytes)
        assert.strictEqual(machine.x(11), BigInt.asIntN(64, isSigned ? BigInt.asIntN(8 * bytes, raw) : raw))
      },
      runs
    )
  }

  for (const [name, bytes] of Object.entries(storeModels)) {
    it.prop(
      name,
      [Value64, word],
      ([value, random]) => {
        machine.reset()
        const at = dataBase + 64 + (random % 64)
        const imm = ((random >>> 8) % 4096) - 2048
        machine.setX(address, BigInt(at - imm))
        machine.setX(11, value)
        machine.run(insn(name, { rs2: 11, rs1: address, imm }))
        assert.strictEqual(peek(at, bytes), BigInt.asUintN(8 * bytes, value))
        assert.strictEqual(peek(at - 8, 8), 0n)
        assert.strictEqual(peek(at + bytes, 8), 0n)
      },
      runs
    )
  }

  it("a load into x0 still accesses memory", () => {
    for (const name of Object.keys(loadModels)) {
      machine.reset()
      machine.setX(address, 0x500000n)
      const exit = machine.run(insn(name, { rd: 0, rs1: address, imm: 8 }))
      assert.deepStrictEqual([exit.kind, exit.address, machine.pc], [ExitKind.memoryFault, 0x500008n, codeBase], name)
    }
  })

  it("a load may overwrite its own base", () => {
    machine.reset()
    machine.state.view.setBigInt64(dataBase, -5n, true)
    machine.setX(address, BigInt(dataBase))
    machine.run(insn("ld", { rd: address, rs1: address, imm: 0 }))
    assert.strictEqual(machine.x(address), -5n)
  })

  it("flw boxes and fsw stores the low half", () => {
    machine.reset()
    machine.state.view.setUint32(dataBase, 0x40490fdb, true)
    machine.setX(address, BigInt(dataBase))
    machine.run(
      insn("flw", { rd: 3, rs1: address, imm: 0 }),
      insn("fsd", { rs2: 3, rs1: address, imm: 8 }),
      insn("fsw", { rs2: 3, rs1: address, imm: 16 })
    )
    assert.strictEqual(peek(dataBase + 8, 8), 0xffffffff40490fdbn)
    assert.strictEqual(peek(dataBase + 16, 8), 0x40490fdbn)
  })
})

const widths = [
  ["w", 4],
  ["d", 8]
] as const

describe("atomics", () => {
  for (const [name, model] of Object.entries(atomicModels)) {
    for (const [suffix, bytes] of widths) {
      it.prop(
        `${name}.${suffix}`,
        [Value64, Value64, word],
        ([memory, operand, random]) => {
          machine.reset()
          const bits = 8 * bytes
          const rd = [0, 11, address, 12][random % 4]!
          machine.state.view.setBigInt64(dataBase + 8, memory, true)
          machine.setX(address, BigInt(dataBase + 8))
          machine.setX(11, operand)
          machine.run(insn(`${name}.${suffix}`, { rd, rs1: address, rs2: 11, aq: random & 1, rl: (random >> 1) & 1 }))
          const old = BigInt.asIntN(bits, memory)
          assert.strictEqual(machine.x(rd), rd === 0 ? 0n : old)
          const stored = BigInt.asUintN(bits, model(old, BigInt.asIntN(bits, operand), bits))
          assert.strictEqual(peek(dataBase + 8, bytes), stored)
          assert.strictEqual(peek(dataBase + 8 + bytes, 8 - bytes), BigInt.asUintN(64, memory) >> BigInt(bits))
        },
        runs
      )
    }
  }

  it("every atomic of the table has a model", () => {
    const names = insnTable.filter((row) => row.insnClass === "atomic").map((row) => row.name.replace(/\.[wd]$/, ""))
    assert.deepStrictEqual(new Set(names), new Set([...Object.keys(atomicModels), "lr", "sc"]))
  })
})

describe("load-reserved and store-conditional", () => {
  for (const [suffix, bytes] of widths) {
    const lr = insn(`lr.${suffix}`, { rd: 11, rs1: address })
    const sc = insn(`sc.${suffix}`, { rd: 12, rs1: address, rs2: 13 })
    const setUp = () => {
      machine.reset()
      machine.state.view.setBigInt64(dataBase, -2n, true)
      machine.setX(address, BigInt(dataBase))
      machine.setX(13, 77n)
      machine.setX(12, 9n)
    }

    it(`${suffix}: succeeds after LR, once`, () => {
      setUp()
      machine.run(lr, sc, insn(`sc.${suffix}`, { rd: 14, rs1: address, rs2: address }))
      assert.deepStrictEqual([machine.x(11), machine.x(12), machine.x(14)], [-2n, 0n, 1n])
      assert.strictEqual(peek(dataBase, bytes), 77n)
      assert.strictEqual(machine.x(CpuSlot.reserveAddress), -1n)
    })

    it(`${suffix}: fails without LR, at another address, and after the value changed`, () => {
      setUp()
      machine.run(sc)
      assert.strictEqual(machine.x(12), 1n)
      setUp()
      machine.run(lr, insn("addi", { rd: address, rs1: address, imm: 8 }), sc)
      assert.strictEqual(machine.x(12), 1n)
      setUp()
      machine.run(lr, insn("sb", { rs2: 13, rs1: address }), sc)
      assert.strictEqual(machine.x(12), 1n)
      assert.strictEqual(peek(dataBase, 1), 77n)
    })

    it(`${suffix}: faults where the address is not aligned`, () => {
      setUp()
      machine.setX(address, BigInt(dataBase + 2))
      assert.strictEqual(machine.run(lr).kind, ExitKind.alignmentFault)
      assert.strictEqual(machine.x(CpuSlot.reserveAddress), -1n)
    })

    it(`${suffix}: may share registers`, () => {
      setUp()
      machine.run(lr, insn(`sc.${suffix}`, { rd: 13, rs1: address, rs2: 13 }))
      assert.deepStrictEqual([machine.x(13), peek(dataBase, bytes)], [0n, 77n])
      setUp()
      machine.run(insn(`lr.${suffix}`, { rd: address, rs1: address }))
      assert.deepStrictEqual([machine.x(address), machine.x(CpuSlot.reserveAddress)], [-2n, BigInt(dataBase)])
    })
  }
})
