/** Random blocks: the interpreters against the model, optimised and not; the text form; the verifier. */
import { assert, describe, it } from "@effect/vitest"
import type { IrBlock } from "@emu/tcg/ir/Block"
import { parse } from "@emu/tcg/ir/Parse"
import { print } from "@emu/tcg/ir/Print"
import { verify } from "@emu/tcg/ir/Verify"
import { optimize } from "@emu/tcg/optimize/optimize"
import { codeBase, dataBase, globals, Guest, loops } from "./support/Guest.ts"
import { block, dataBytes, initial, model, type Outcome } from "./support/randomBlock.ts"

const copy = (ir: IrBlock): IrBlock => parse(print(ir, globals), globals)

/** Runs a block as a guest's only code. */
const run = (guest: Guest, ir: IrBlock, start: ReadonlyArray<bigint>): Outcome => {
  guest.code[codeBase] = print(ir, globals)
  guest.engine.flush()
  guest.state.u8.fill(0, dataBase, dataBase + dataBytes)
  start.forEach((value, i) => guest.setReg(i, value))
  guest.pc = BigInt(codeBase)
  const before = guest.instructions
  guest.engine.run(10_000)
  return {
    registers: start.map((_, i) => guest.reg(i)),
    bytes: [...guest.state.u8.subarray(dataBase, dataBase + dataBytes)],
    pc: guest.pc,
    instructions: guest.instructions - before
  }
}

describe("random blocks", () => {
  const guests = loops.flatMap(({ cold, name }) => [
    { label: `${name}, not optimised`, guest: new Guest({ cold, optimize: false }) },
    { label: `${name}, optimised`, guest: new Guest({ cold }) }
  ])

  it.prop(
    "run as the model says, optimised or not",
    [block],
    ([ir]) => {
      for (const seed of [0, 5, 11]) {
        const start = initial(seed)
        const wanted = model(ir, start)
        for (const { guest, label } of guests) assert.deepStrictEqual(run(guest, ir, start), wanted, label)
      }
    },
    { arbitrary: { runs: 400, size: 400 } }
  )

  it.prop(
    "are well formed, and stay so when optimised",
    [block],
    ([ir]) => {
      assert.deepStrictEqual(verify(ir), [])
      const better = copy(ir)
      optimize(better)
      assert.deepStrictEqual(verify(better), [])
      assert.isAtMost(better.ops.length, ir.ops.length)
    },
    { arbitrary: { runs: 400, size: 400 } }
  )

  it.prop(
    "read back from their text",
    [block],
    ([ir]) => {
      const text = print(ir, globals)
      const back = parse(text, globals)
      assert.strictEqual(print(back, globals), text)
      assert.deepStrictEqual(back.insns, ir.insns)
      assert.strictEqual(back.pc, ir.pc)
      assert.deepStrictEqual(
        back.ops.map((op) => op.opcode),
        ir.ops.map((op) => op.opcode)
      )
    },
    { arbitrary: { runs: 200, size: 400 } }
  )
})
