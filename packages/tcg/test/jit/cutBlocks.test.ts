/** Where blocks that overlap are cut: loops must keep one entry, and plugins must hear of what runs and of nothing else. */
import { assert, describe, it } from "@effect/vitest"
import { type DynCallback, InlineOp } from "@emu/core/Instrumentation"
import { cutOf, type KnownBlock } from "@emu/tcg/engine/jit/plan/Blocks"

const entry = { scoreboard: 1, offset: 0 }
const inline = (op: InlineOp) => ({ kind: "inline", plugin: 1n, op, entry, imm: 1n }) satisfies DynCallback

/** A block of halfwords from `pc` to 0x1010 that goes on at `exits`. */
const block = (pc: number, exits: ReadonlyArray<number>, ...tb: ReadonlyArray<DynCallback>): KnownBlock => ({
  pc,
  end: 0x1010,
  ops: 10,
  insnPcs: Uint32Array.from({ length: (0x1010 - pc) / 2 }, (_, i) => pc + 2 * i),
  exits: exits.map((exit) => ({ pc: exit, call: false })),
  jumps: false,
  instrumentation: { tb, insns: [] }
})

const outer = block(0x1000, [0x1008, 0x1010])
const cutAt = (inner: KnownBlock) => cutOf(outer, new Map([[inner.pc, inner]]))

describe("cutOf", () => {
  it("cuts a block where another covers the rest", () => {
    assert.strictEqual(cutAt(block(0x1008, [0x1004, 0x1010])), 4)
    assert.strictEqual(cutAt(block(0x1008, [0x1004, 0x1010], inline(InlineOp.markU64))), 4)
  })

  it("cuts it at a loop whose additions can be undone on the way into its middle", () => {
    assert.strictEqual(cutAt(block(0x1008, [0x1008, 0x1010], inline(InlineOp.addU64))), 4)
  })

  it("leaves it whole where the loop does at its front what cannot be undone: the way into its middle would be a second entry", () => {
    assert.isUndefined(cutAt(block(0x1008, [0x1008, 0x1010], inline(InlineOp.markU64))))
    assert.isUndefined(cutAt(block(0x1008, [0x1008, 0x1010], inline(InlineOp.addU64), inline(InlineOp.markU64))))
  })

  it("cuts it further on where it cannot at a loop", () => {
    const loop = block(0x1008, [0x1008, 0x1010], inline(InlineOp.markU64))
    const behind = block(0x100c, [0x1008, 0x1010])
    assert.strictEqual(cutOf(outer, new Map([loop, behind].map((each) => [each.pc, each]))), 6)
  })
})
