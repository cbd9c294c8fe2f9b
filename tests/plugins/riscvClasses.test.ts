/** howvec's classes of instructions, which know encodings only, against the guest's table of instructions. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { decode, type Insn } from "@emu/guest/riscv64/isa/decode"
import { insnTable } from "@emu/guest/riscv64/isa/table"
import { type RiscvClass, riscvClassOf } from "../../packages/plugins/src/kit/riscvClasses.ts"

const isLink = (register: number) => register === 1 || register === 5

/** The class of an instruction by what the table says of it. */
const expectedClass = ({ rd, row, rs1 }: Insn): RiscvClass => {
  const { extension, insnClass, name } = row
  const isFloat = extension === "F" || extension === "D"
  switch (insnClass) {
    case "arithmetic":
      return extension.startsWith("Zb") ? "bit" : "alu"
    case "multiply":
      return "mul"
    case "load":
      return isFloat ? "fload" : "load"
    case "store":
      return isFloat ? "fstore" : "store"
    case "float":
      return /^f(cvt|mv)\./.test(name) ? "fcvt" : "fp"
    case "jump":
      if (isLink(rd)) return "call"
      return name === "jalr" && rd === 0 && isLink(rs1) ? "ret" : "jump"
    case "atomic":
      return "amo"
    case "system":
      return "sys"
    default:
      return insnClass
  }
}

const Word = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 0xffffffff }))

describe("classes of instructions", () => {
  it.prop("are those of the guest's table", [Word], ([random]) => {
    for (const { name, pattern } of insnTable) {
      const word = (random & ~pattern.mask) | pattern.match
      const insn = decode(word, 4)
      if (insn === undefined) continue
      assert.strictEqual(riscvClassOf(word, 4), expectedClass(insn), `${name} ${(word >>> 0).toString(16)}`)
    }
  })

  it("are those of what compressed instructions stand for", () => {
    for (let raw = 0; raw < 0x10000; raw++) {
      const insn = decode(raw, 2)
      if (insn === undefined) continue
      assert.strictEqual(riscvClassOf(raw, 2), expectedClass(insn), raw.toString(16))
    }
  })

  it("leave out what is no instruction", () => {
    assert.isUndefined(riscvClassOf(0, 2))
    assert.isUndefined(riscvClassOf(0xffffffff, 4))
  })
})
