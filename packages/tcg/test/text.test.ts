/** The text form: every operation and constant kind, and what it says about bad text; what the verifier finds. */
import { assert, describe, it } from "@effect/vitest"
import { type IrBlock, IrBuilder } from "@emu/tcg/ir/Block"
import { MemOp, opTable } from "@emu/tcg/ir/Opcode"
import { parse } from "@emu/tcg/ir/Parse"
import { print } from "@emu/tcg/ir/Print"
import { verify } from "@emu/tcg/ir/Verify"
import { globals } from "./support/Guest.ts"

describe("text form", () => {
  it("has every operation", () => {
    const builder = new IrBuilder(0x10000n)
    builder.insnStart({ pc: 0x10000n, size: 2, raw: 0x8082 })
    opTable.forEach((info, opcode) => {
      if (info.name === "insn_start") return
      const values = Array.from({ length: info.outputs + info.inputs }, (_, i) =>
        i < info.outputs ? builder.temp() : i % 2 === 0 ? builder.constant(-1n) : 239
      )
      builder.op(opcode, ...values, ...Array.from({ length: info.constants }, () => 1))
    })
    const block = builder.finish()
    const text = print(block, globals)
    const back = parse(text, globals)
    assert.deepStrictEqual(back.ops, block.ops)
    assert.deepStrictEqual(back.constants, block.constants)
    assert.strictEqual(back.temps, block.temps)
    assert.strictEqual(print(back, globals), text)
  })

  it("is readable", () => {
    const builder = new IrBuilder(0x10000n)
    builder.insnStart({ pc: 0x10000n, size: 4, raw: 0x13 })
    const label = builder.label()
    builder.op(
      opTable.findIndex(({ name }) => name === "guest_ld"),
      5,
      2,
      -8,
      MemOp.size32 | MemOp.sign | MemOp.aligned
    )
    builder.brcond(5, builder.constant(-1n), 6, label)
    builder.setLabel(label)
    assert.strictEqual(
      print(builder.finish(), globals),
      `tb 0000000000010000
 ---- 0000000000010000 4 13
guest_ld r5,r2,-8,sl+aligned
brcond r5,$0xffffffffffffffff,ltu,L0
set_label L0
`
    )
  })

  it.each([
    ["frob r1", "line 1: there is no operation frob"],
    ["\nadd r1,r2", "line 2: add takes 3 arguments"],
    ["add r1,r2,7", "7 is no global, temp (tmpN) or constant ($0xN)"],
    ["br 1x", "1x is no label"],
    ["guest_ld r1,r2,0,xx", "xx is no memop"]
  ])("says what is wrong with %j", (text, message) => {
    assert.throws(() => parse(text, globals), message)
  })
})

describe("verify", () => {
  const problems = (text: string): ReadonlyArray<string> => verify(parse(text, globals), globals)
  const exit = "exit_tb $0x0,syscall\n"

  it.each([
    ["a temp that is never assigned", `mov r1,tmp0\n${exit}`, "tmp0 may be used before"],
    [
      "a temp assigned on one path",
      `brcond r1,r2,eq,L0\nmov tmp0,r1\nset_label L0\nmov r1,tmp0\n${exit}`,
      "tmp0 may be used before"
    ],
    ["a label that is not placed", `brcond r1,r2,eq,L0\n${exit}`, "label L0 is not placed"],
    ["a label placed twice", `set_label L0\nset_label L0\n${exit}`, "placed twice"],
    ["a path without an end", `brcond r1,r2,eq,L0\n${exit}set_label L0\n`, "runs off the end"]
  ])("finds %s", (_, text, wanted) => {
    assert.include(problems(text).join("\n"), wanted)
  })

  it("accepts a temp that lives around a loop", () => {
    assert.deepStrictEqual(problems(`mov tmp0,r1\nset_label L0\nsub tmp0,tmp0,$0x1\nbrcond tmp0,$0x0,ne,L0\n${exit}`), [])
  })

  it("finds arguments out of range", () => {
    const block: IrBlock = {
      pc: 0n,
      insns: [],
      ops: [{ opcode: 7, args: [300, -9] }],
      constants: [],
      callbacks: [],
      temps: 1,
      labels: 0
    }
    assert.lengthOf(
      verify(block).filter((line) => line.includes("out of range")),
      2
    )
  })
})
