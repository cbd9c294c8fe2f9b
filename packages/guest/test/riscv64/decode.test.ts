/** The instruction table: encoding and decoding agree, rows do not overlap, compressed instructions stand for what they should. */
import { assert, describe, it } from "@effect/vitest"
import { compressedRows } from "@emu/guest/riscv64/isa/compressed"
import { decode, expandCompressed, findCompressedRow, findRow } from "@emu/guest/riscv64/isa/decode"
import { encode } from "@emu/guest/riscv64/isa/encode"
import { extractField, parsePattern } from "@emu/guest/riscv64/isa/pattern"
import { insnRow, insnTable } from "@emu/guest/riscv64/isa/table"
import { disassemble } from "@emu/guest/riscv64/disassemble/disassemble"
import { RowWithOperands } from "./support/arbitrary.ts"

describe("the table", () => {
  it.prop(
    "decodes what it encodes, operands included",
    [RowWithOperands],
    ([[row, operands]]) => {
      const word = encode(row.pattern, operands)
      const insn = decode(word >>> 0, 4)
      assert.isDefined(insn)
      assert.isTrue(insn.row === row || insn.row.specialises === row.name, `${row.name} decodes as ${insn.row.name}`)
      for (const [name, value] of Object.entries(operands)) {
        assert.strictEqual(extractField(row.pattern.fields.get(name)!, word), value, `${row.name} ${name}`)
      }
    },
    { arbitrary: { runs: 3000 } }
  )

  it("has rows that overlap only where one specialises the other", () => {
    for (const a of insnTable) {
      for (const b of insnTable) {
        if (a === b || a.specialises === b.name || b.specialises === a.name) continue
        const common = a.pattern.mask & b.pattern.mask
        assert.notStrictEqual(a.pattern.match & common, b.pattern.match & common, `${a.name} and ${b.name}`)
      }
    }
  })

  it("has each name once, and finds rows by name", () => {
    assert.strictEqual(new Set(insnTable.map((row) => row.name)).size, insnTable.length)
    for (const row of insnTable) assert.strictEqual(insnRow(row.name), row)
    assert.throws(() => insnRow("nosuch"), /nosuch/)
  })

  it("keeps the low bits of every row at 11, which is what makes it 32 bits long", () => {
    for (const row of insnTable) assert.strictEqual(row.pattern.match & row.pattern.mask & 3, 3, row.name)
  })

  it("prints every row as its own name or an alias, with all operands known", () => {
    for (const row of insnTable) {
      const text = disassemble(encode(row.pattern, {}) >>> 0, 4, 0n)
      assert.match(text, /^[a-z][a-z0-9.]* */, row.name)
      assert.notInclude(text, "undefined", row.name)
    }
  })
})

describe("patterns", () => {
  it("are refused where their widths don't add up or a field is unknown", () => {
    assert.throws(() => parsePattern("0000 rd", 16), /bits instead of 16/)
    assert.throws(() => parsePattern("00000000000 rx", 16), /unknown field "rx"/)
  })

  it("are encoded only with fields that they have", () => {
    assert.throws(() => encode(insnRow("ecall").pattern, { rd: 1 }), /no field "rd"/)
  })
})

describe("reserved encodings", () => {
  const reserved: ReadonlyArray<readonly [what: string, raw: number, size: number]> = [
    ["all zeros", 0, 2],
    ["all ones", 0xffffffff, 4],
    ["c.addi4spn with 0", 0x0004, 2],
    ["c.addi16sp with 0", 0x6101, 2],
    ["c.lui with 0", 0x6501, 2],
    ["c.addiw to x0", 0x2005, 2],
    ["c.lwsp to x0", 0x4002, 2],
    ["c.ldsp to x0", 0x6002, 2],
    ["c.jr x0", 0x8002, 2],
    ["quadrant 0, funct3 4", 0x8000, 2],
    ["slliw with 32", 0x0200151b, 4],
    ["lr with rs2", 0x1015252f, 4],
    ["jalr with funct3 1", 0x00009067, 4],
    ["load with funct3 7", 0x00007003, 4],
    ["fmadd.q", 0x06000043, 4]
  ]
  for (const [what, raw, size] of reserved) {
    it(what, () => assert.isUndefined(decode(raw, size)))
  }
})

describe("compressed instructions", () => {
  /** Pairs from the GNU assembler: `riscv64-linux-gnu-as -march=rv64gc`, and the same with `.option norvc`. */
  const pairs: ReadonlyArray<readonly [name: string, compressed: number, full: number]> = [
    ["c.addi4spn a5,sp,1020", 0x1ffc, 0x3fc10793],
    ["c.addi4spn s0,sp,4", 0x0040, 0x00410413],
    ["c.fld fs0,248(a5)", 0x3fe0, 0x0f87b407],
    ["c.lw a0,124(s1)", 0x5ce8, 0x07c4a503],
    ["c.lw a5,4(a0)", 0x415c, 0x00452783],
    ["c.ld a3,192(a4)", 0x6374, 0x0c073683],
    ["c.fsd fa5,64(s0)", 0xa03c, 0x04f43027],
    ["c.sw s1,68(a2)", 0xc264, 0x04962223],
    ["c.sd a0,248(a1)", 0xfde8, 0x0ea5bc23],
    ["c.nop", 0x0001, 0x00000013],
    ["c.addi t6,-32", 0x1f81, 0xfe0f8f93],
    ["c.addi a0,31", 0x057d, 0x01f50513],
    ["c.addiw s11,-1", 0x3dfd, 0xfffd8d9b],
    ["c.li t0,-32", 0x5281, 0xfe000293],
    ["c.addi16sp sp,-512", 0x7101, 0xe0010113],
    ["c.addi16sp sp,496", 0x617d, 0x1f010113],
    ["c.addi16sp sp,32", 0x6105, 0x02010113],
    ["c.lui ra,0xfffe0", 0x7081, 0xfffe00b7],
    ["c.lui t1,31", 0x637d, 0x0001f337],
    ["c.srli a0,63", 0x917d, 0x03f55513],
    ["c.srli s0,1", 0x8005, 0x00145413],
    ["c.srai a5,32", 0x9781, 0x4207d793],
    ["c.andi a4,-32", 0x9b01, 0xfe077713],
    ["c.sub s0,a5", 0x8c1d, 0x40f40433],
    ["c.xor a0,a1", 0x8d2d, 0x00b54533],
    ["c.or a2,a3", 0x8e55, 0x00d66633],
    ["c.and a4,s1", 0x8f65, 0x00977733],
    ["c.subw a5,a0", 0x9f89, 0x40a787bb],
    ["c.addw s1,s0", 0x9ca1, 0x008484bb],
    ["c.slli t5,63", 0x1f7e, 0x03ff1f13],
    ["c.fldsp ft11,504(sp)", 0x3ffe, 0x1f813f87],
    ["c.lwsp a7,252(sp)", 0x58fe, 0x0fc12883],
    ["c.ldsp s2,504(sp)", 0x797e, 0x1f813903],
    ["c.jr t0", 0x8282, 0x00028067],
    ["c.mv t3,t4", 0x8e76, 0x000e8e13],
    ["c.ebreak", 0x9002, 0x00100073],
    ["c.jalr a6", 0x9802, 0x000800e7],
    ["c.add s10,s11", 0x9d6e, 0x01bd0d33],
    ["c.fsdsp fa0,504(sp)", 0xbfaa, 0x1ea13c27],
    ["c.swsp zero,252(sp)", 0xdf82, 0x0e012e23],
    ["c.sdsp ra,264(sp)", 0xe606, 0x10113423]
  ]
  for (const [text, compressed, full] of pairs) {
    it(text, () => assert.strictEqual(expandCompressed(compressed) >>> 0, full))
  }

  it("are all reached, and expand to the instruction that their row names", () => {
    const seen = new Set<string>()
    for (let raw = 0; raw < 0x10000; raw++) {
      if ((raw & 3) === 3) continue
      const row = findCompressedRow(raw)
      const word = expandCompressed(raw)
      if (row === undefined) {
        assert.strictEqual(word, 0)
        continue
      }
      seen.add(row.name)
      const base = findRow(word)
      assert.strictEqual(base?.name, row.base, row.name)
      const immediate = row.pattern.fields.get("imm")
      if (immediate !== undefined) {
        assert.strictEqual(extractField(base!.pattern.fields.get("imm")!, word), extractField(immediate, raw), row.name)
      }
    }
    assert.strictEqual(seen.size, compressedRows.length)
  })
})
