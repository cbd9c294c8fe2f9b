/** What howvec counts where the golden files of tests/golden don't show it: classes, its options, exceptions. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import howvec from "@emu/plugins/howvec"
import { FakeGuest, type FakeInsn } from "./support/FakeGuest.ts"

const insn = (disas: string, opcode: number, size = 4): FakeInsn => ({ disas, opcode, size })

const add = insn("add a5,a5,a0", 0x97aa, 2)
const addi = insn("addi a0,a0,1", 0x00150513)
const ld = insn("ld a0,0(a0)", 0x00053503)
const mul = insn("mul a5,a0,a0", 0x02a507b3)
const illegal = insn("illegal", 0xffffffff)
const ret = insn("ret", 0x8082, 2)

const run = (args: Record<string, string>) => {
  const guest = FakeGuest.install(howvec, args)
  const loop = guest.translate(0x1000n, [add, ld, mul, addi])
  const end = guest.translate(0x2000n, [ret])
  for (const block of [loop, loop, loop, end, end]) block()
  guest.translate(0x3000n, [illegal])()
  return guest.exit().split("\n").slice(0, -1)
}

const unclassified = "Class: Unclassified            \tcounted individually"

describe("howvec", () => {
  it("counts every instruction individually, and leaves out the last, as QEMU does", () => {
    assert.deepStrictEqual(run({}), [
      "Instruction Classes:",
      unclassified,
      "Individual Instructions:",
      "Instr: add a5,a5,a0            \t(3 hits)\t(op=0x000097aa/Unclassified)",
      "Instr: ld a0,0(a0)             \t(3 hits)\t(op=0x00053503/Unclassified)",
      "Instr: addi a0,a0,1            \t(3 hits)\t(op=0x00150513/Unclassified)",
      "Instr: mul a5,a0,a0            \t(3 hits)\t(op=0x02a507b3/Unclassified)",
      "Instr: ret                     \t(2 hits)\t(op=0x00008082/Unclassified)"
    ])
  })

  it("prints as many rows as it is told to", () => {
    assert.include(run({ limit: "0" }), "Instr: illegal                 \t(1 hits)\t(op=0xffffffff/Unclassified)")
    assert.lengthOf(run({ limit: "2" }), 5)
  })

  it("sorts into classes", () => {
    assert.deepStrictEqual(run({ classes: "on" }), [
      "Instruction Classes:",
      "Class: Integer arithmetic      \t(6 hits)",
      "Class: Multiply and divide     \t(3 hits)",
      "Class: Loads                   \t(3 hits)",
      "Class: Returns                 \t(2 hits)",
      unclassified,
      "Individual Instructions:",
      "Instr: illegal                 \t(1 hits)\t(op=0xffffffff/Unclassified)"
    ])
    assert.include(run({ classes: "on", verbose: "on" }), "Class: Atomics                 \t(0 hits)")
  })

  it("counts classes individually or not at all, on request", () => {
    const guest = FakeGuest.install(howvec, { count: "mul" })
    guest.translate(0x1000n, [mul, add])()
    assert.match(
      guest.exit(),
      /Multiply and divide {5}\tcounted individually\n[^]*mul a5[^]*\(op=0x02a507b3\/Multiply and divide\)\n$/
    )
    const without = run({ count: "!unclas", limit: "0" })
    assert.deepStrictEqual(without, ["Instruction Classes:", "Class: Unclassified            \tnot counted"])
  })

  it("names a class that there is not", () => {
    assert.throws(() => run({ count: "!simd" }), /^count=!simd: there is no such class; there are alu, .*, unclas$/)
  })

  const Runs = Schema.Array(
    Schema.Struct({
      block: Schema.Literals([0, 1, 2, 3, 4]),
      vcpu: Schema.Literals([0, 1]),
      faultAt: Schema.Literals([-1, 0, 1, 2, 3])
    })
  )

  it.prop("inline and by callback are the same, whatever faults", [Runs], ([runs]) => {
    const report = (args: Record<string, string>) => {
      const guest = FakeGuest.install(howvec, { limit: "0", ...args })
      let faultAt = -1
      const faulty = (list: ReadonlyArray<FakeInsn>) => list.map((one, i) => ({ ...one, faults: () => faultAt === i }))
      // The second block of each pair is the rest of the first one. The first pair ends as if it had been cut off.
      const cutOff = faulty([add, ld, mul, ld])
      const whole = faulty([add, ld, mul, ret])
      const blocks = [
        guest.translate(0x1000n, cutOff),
        guest.translate(0x1002n, cutOff.slice(1)),
        guest.translate(0x2000n, whole),
        guest.translate(0x2002n, whole.slice(1)),
        guest.translate(0x1002n, faulty([ld, ld, ret]))
      ]
      for (const { block, faultAt: at, vcpu } of runs) {
        faultAt = at
        blocks[block]!(vcpu)
      }
      return guest.exit()
    }
    for (const args of [{}, { classes: "on" }] as ReadonlyArray<Record<string, string>>) {
      assert.strictEqual(report({ ...args, inline: "on" }), report(args))
    }
  })
})
