/** The registers that plugins and debuggers see. */
import { assert, describe, it } from "@effect/vitest"
import { cpuStateSlots, CpuSlot } from "@emu/tcg/Layout"
import { registers } from "@emu/guest/riscv64/registers"
import { makeRiscv64 } from "@emu/guest/riscv64/Riscv64"

const byName = (name: string) => registers.find((register) => register.name === name)!

describe("registers", () => {
  it("stand in gdb's order under QEMU's names", () => {
    const names = registers.map((register) => register.name)
    assert.deepStrictEqual(names.slice(0, 11), ["zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "fp", "s1", "a0"])
    assert.deepStrictEqual(names.slice(31, 34), ["t6", "pc", "ft0"])
    assert.deepStrictEqual(names.slice(64), ["ft11", "fflags", "frm", "fcsr"])
    assert.strictEqual(new Set(names).size, names.length)
  })

  it("keep what is written, each its own", () => {
    const slots = new BigUint64Array(cpuStateSlots)
    const plain = registers.filter((register) => !register.isReadOnly && !register.feature.endsWith("csr"))
    plain.forEach((register, index) => register.write(slots, BigInt(index) + (1n << 63n)))
    plain.forEach((register, index) => assert.strictEqual(register.read(slots), BigInt(index) + (1n << 63n), register.name))
    byName("zero").write(slots, 5n)
    assert.strictEqual(byName("zero").read(slots), 0n)
    assert.strictEqual(slots[0], 0n)
  })

  it("fcsr is frm above fflags, and drops other bits", () => {
    const slots = new BigUint64Array(cpuStateSlots)
    byName("fcsr").write(slots, 0xfffn)
    assert.deepStrictEqual([slots[CpuSlot.fpFlags], slots[CpuSlot.fpRound]], [0x1fn, 7n])
    byName("frm").write(slots, 0xan)
    byName("fflags").write(slots, 0x21n)
    assert.strictEqual(byName("fcsr").read(slots), 0x41n)
  })

  it("names of the front end's globals are those of the slots", () => {
    const { globals } = makeRiscv64({ time: () => 0n })
    assert.deepStrictEqual(
      [globals.length, globals[0], globals[8], globals[31], globals[32], globals[63]],
      [64, "zero", "s0", "t6", "ft0", "ft11"]
    )
  })
})
