/** Where blocks end, against the blocks that QEMU made of the golden programs (golden/blocks.txt.gz: program, pc, length). */
import { assert, describe, it } from "@effect/vitest"
import { makeRiscv64 } from "@emu/guest/riscv64/Riscv64"
import type { CodeReader } from "@emu/tcg/FrontEnd"
import { IrBuilder } from "@emu/tcg/ir/Block"
import { verify } from "@emu/tcg/ir/Verify"
import { decode } from "@emu/guest/riscv64/isa/decode"
import { encode } from "@emu/guest/riscv64/isa/encode"
import { RowWithOperands } from "./support/arbitrary.ts"
import { readText, type RecordedInsn, recordedPrograms } from "./support/golden.ts"

const frontEnd = makeRiscv64({ time: () => 0n })

const blocks = readText(new URL("golden/blocks.txt.gz", import.meta.url))
  .trim()
  .split("\n")
  .map((line) => {
    const [program, pc, length] = line.split(" ")
    return { program: program!, pc: Number(pc), length: Number(length) }
  })

/** Code made of the recorded instructions. */
const reader = (insns: ReadonlyArray<RecordedInsn>): CodeReader => {
  const halves = new Map<number, number>()
  for (const { pc, raw, size } of insns) {
    halves.set(pc, raw & 0xffff)
    if (size === 4) halves.set(pc + 2, raw >>> 16)
  }
  return { fetch16: (address) => halves.get(address) ?? -1 }
}

/** QEMU cut these shorter when its translator ran out of temporaries: the block or the rest of one. */
const isShortened = (program: string, length: number): boolean => program === "blocksplit" && length >= 100 && length < 512

const translate = (code: CodeReader, pc: number, maxInsns = 512): IrBuilder => {
  const builder = new IrBuilder(BigInt(pc))
  assert.isTrue(frontEnd.translate(code, builder, { maxInsns }))
  return builder
}

describe("blocks of the golden programs", () => {
  for (const [program, insns] of recordedPrograms()) {
    const expected = blocks.filter((block) => block.program === program && !isShortened(program, block.length))
    if (expected.length === 0) continue
    it(`${program}: ${expected.length} blocks`, () => {
      const code = reader(insns)
      for (const { pc, length } of expected) {
        const builder = translate(code, pc)
        assert.strictEqual(builder.insns.length, length, `block at 0x${pc.toString(16)}`)
        assert.deepStrictEqual(verify(builder.finish()), [], `block at 0x${pc.toString(16)}`)
      }
    })
  }
})

describe("IR", () => {
  it.prop(
    "is well formed for every instruction",
    [RowWithOperands],
    ([[row, operands]]) => {
      const raw = encode(row.pattern, operands) >>> 0
      const code = { fetch16: (address: number) => (address & 2 ? raw >>> 16 : raw & 0xffff) }
      const builder = translate(code, 0x10000, 3)
      assert.deepStrictEqual(verify(builder.finish()), [], row.name)
      assert.strictEqual(builder.insns.length, row.endsBlock || decode(raw, 4)!.row.endsBlock ? 1 : 3, row.name)
    },
    { arbitrary: { runs: 3000 } }
  )
})

describe("block ends", () => {
  const nop = 0x0001
  /** Code from an address on, as 16-bit halves; `end` is the first byte that can't be fetched. */
  const halves = (start: number, words: ReadonlyArray<number>, fill = nop, end = 0x20000): CodeReader => ({
    fetch16: (address) => (address < start || address >= end ? -1 : (words[(address - start) / 2] ?? fill))
  })

  it("stops at the page end", () => {
    assert.strictEqual(translate(halves(0x10ff0, []), 0x10ff0).insns.length, 8)
  })

  it("leaves an instruction across the page end to a block of its own", () => {
    const code = halves(0x10ffa, [nop, nop, 0x0513, 0x0015])
    assert.strictEqual(translate(code, 0x10ffa).insns.length, 2)
    assert.strictEqual(translate(code, 0x10ffe).insns.length, 1)
  })

  it("stops after 512 instructions, or the limit that is asked for", () => {
    assert.strictEqual(translate(halves(0x10000, []), 0x10000).insns.length, 512)
    assert.strictEqual(translate(halves(0x10000, []), 0x10000, 1000).insns.length, 512)
    assert.strictEqual(translate(halves(0x10000, []), 0x10000, 1).insns.length, 1)
  })

  it("makes nothing where the first instruction can't be fetched whole", () => {
    for (const pc of [0x30000, 0x1fffe]) {
      const builder = new IrBuilder(BigInt(pc))
      assert.isFalse(frontEnd.translate(halves(0x10000, [], 0x0513), builder, { maxInsns: 512 }))
      assert.deepStrictEqual([builder.insns.length, builder.ops.length], [0, 0])
    }
  })
})
